/** Who may do what, as the API tells it of now and of a time in the past: everybody’s access and everything’s holders. */
import type { Client } from '../../support/app.ts'

/** An item of somebody’s access, or a holder of a controller or model; what it speaks of stands there by its id. */
export type Item = { since: string; expiresAt: string | null } & Record<string, string | null>

export interface Told {
  /** All that is there, by id: its name, of a model `gce1/web`. */
  names: Map<string, string>
  /** By the id of a user, controller or model. */
  lists: Map<string, Item[]>
}

const ACCESS = `effectiveAccess(first: 100, after: $after, at: $at) { totalCount pageInfo { hasNextPage endCursor } nodes {
  permission scope organization { id } project { id } controller { id } model { id } level via role { id } since expiresAt endedAt } }`
const HOLDERS =
  'holders(first: 100, at: $at) { totalCount edges { level via since expiresAt endedAt user: node { id } } }'

const WHOLE = `query ($at: DateTime, $after: String) {
  users(first: 8) { nodes { id name: username ${ACCESS} } }
  controllers(first: 3) { nodes { id name ${HOLDERS} models(first: 3) { nodes { id name ${HOLDERS} } } } }
  organizations(first: 5) { nodes { id name } } projects(first: 5) { nodes { id name: code } }
  roles(first: 20) { nodes { id name } } }`
const PAGE = `query ($id: ID!, $at: DateTime, $after: String) { node(id: $id) { ... on User { ${ACCESS} } } }`

type Raw = Record<string, string | null | { id: string }>
type Named = { id: string; name: string }

interface RawAccess {
  totalCount: number
  nodes: Raw[]
  pageInfo: { hasNextPage: boolean; endCursor: string | null }
}

interface Thing extends Named {
  holders: { totalCount: number; edges: Raw[] }
  models?: { nodes: Thing[] }
}

/** Reads all of it, in one statement as far as it fits a page. `shifted` ms are added to every time. */
export async function readTold(client: Client, at: string | null, shifted: number): Promise<Told> {
  const told: Told = { names: new Map(), lists: new Map() }
  const { users, controllers, organizations, projects, roles } = await client.ok(WHOLE, { at })
  for (const { id, name } of [...organizations.nodes, ...projects.nodes, ...roles.nodes] as Named[]) {
    told.names.set(id, name)
  }
  for (const { id, name, effectiveAccess } of users.nodes) {
    told.names.set(id, name)
    const items = await followPages(client, id, at, effectiveAccess)
    told.lists.set(id, items.map(flattenTo(shifted)))
  }
  for (const controller of controllers.nodes as Thing[]) {
    addThing(told, controller, controller.name, shifted)
    for (const model of controller.models?.nodes ?? []) {
      addThing(told, model, `${controller.name}/${model.name}`, shifted)
    }
  }
  return told
}

async function followPages(client: Client, id: string, at: string | null, first: RawAccess): Promise<Raw[]> {
  const items = [...first.nodes]
  for (let page = first; page.pageInfo.hasNextPage; ) {
    const { node } = await client.ok(PAGE, { id, at, after: page.pageInfo.endCursor })
    page = node.effectiveAccess
    items.push(...page.nodes)
  }
  if (items.length !== first.totalCount) throw new Error(`${items.length} of ${first.totalCount} items`)
  return items
}

function addThing({ names, lists }: Told, { id, holders }: Thing, name: string, shifted: number) {
  const { edges, totalCount } = holders
  if (edges.length !== totalCount) throw new Error(`${edges.length} of ${totalCount} holders`)
  names.set(id, name)
  lists.set(id, edges.map(flattenTo(shifted)))
}

const flattenTo = (shifted: number) => (raw: Raw) => {
  const flat = Object.entries(raw).map(([name, value]) => [name, typeof value === 'object' && value ? value.id : value])
  const { endedAt, ...item } = Object.fromEntries(flat) as Item & { endedAt: string | null }
  // Of the present every end is to come, and of the past it may have come.
  const end = item.expiresAt ?? endedAt
  return { ...item, since: later(item.since, shifted), expiresAt: end && later(end, shifted) }
}

export function later(time: string, ms: number): string {
  return new Date(Date.parse(time) + ms).toISOString()
}
