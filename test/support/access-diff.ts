/** The difference in access: as a dry run tells it, and as two snapshots of everybody's access show it. */
import { SERVER } from '../access/check/oracle.ts'
import { type Access, accessOf } from './access.ts'
import type { Client, TestApp } from './app.ts'
import { change, changeDocument } from './change.ts'

const ITEM = 'kind username permission scope organization project controller model level expiresAt'
export const DIFF = `accessDiff { gained lost items { ${ITEM} } }`

export interface DiffItem {
  kind: 'GAINED' | 'LOST' | 'LONGER' | 'SHORTER'
  username: string
  permission: string | null
  scope: string | null
  organization: string | null
  project: string | null
  controller: string | null
  model: string | null
  level: string | null
  expiresAt: string | null
}

export interface Diff {
  gained: number
  lost: number
  items: DiffItem[]
}

/** What a dry run tells of the difference. */
export async function diffOf(client: Client, name: string, input: object): Promise<Diff> {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Payload`
  const { accessDiff } = await client.failed(type, changeDocument(name, DIFF), { input, dryRun: true })
  return accessDiff
}

/** What the change itself tells of it. */
export async function diffOfChange(client: Client, name: string, input: object): Promise<Diff | null> {
  return (await change(client, name, input, DIFF)).accessDiff
}

/** An item in words, like `LOST bob doc.edit in acme`. */
export function itemInWords({ kind, username, ...item }: DiffItem): string {
  const what = item.permission ?? item.level
  const on = item.model ? `on ${item.controller}/${item.model}` : `on ${item.controller}`
  const { scope, project, organization } = item
  const held = scope === 'PROJECT' ? `on ${project}` : scope === 'ORGANIZATION' ? `in ${organization}` : 'everywhere'
  return `${kind} ${username} ${what} ${scope ? held : on}`
}

/** The difference in words, in the order of the answer. */
export function diffInWords({ items }: Diff): string[] {
  return items.map(itemInWords)
}

/** Each thing that each user may do, with its last end, by what it is; and what everything is called. */
export interface Snapshot {
  things: Map<string, Omit<DiffItem, 'kind'>>
  names: Map<string, string>
}

/** What everybody may do, as root sees it. */
export async function readEverybodysAccess(app: TestApp): Promise<Snapshot> {
  const snapshot: Snapshot = { things: new Map(), names: new Map() }
  const { users } = await app.root.ok('{ users(first: 100) { nodes { id username } } }')
  for (const { id, username } of users.nodes) {
    snapshot.names.set(id, username)
    for (const item of await accessOf(app.root, username)) addTo(snapshot, id, item)
  }
  return snapshot
}

function addTo({ things, names }: Snapshot, userId: string, item: Access) {
  const { organization, project, controller, model, scope, level } = item
  for (const one of [organization, controller, model]) if (one) names.set(one.id, one.name)
  if (project) names.set(project.id, project.code)
  const permission = wordOf(item)
  const [o, p, c, m] = [organization, project, controller, model].map((one) => one?.id ?? null)
  const key = JSON.stringify([userId, permission, scope, o, p, c, m, level])
  const known = things.get(key)
  const expiresAt = known ? laterOf(known.expiresAt, item.expiresAt) : item.expiresAt
  const place = { organization: o ?? null, project: p ?? null, controller: c ?? null, model: m ?? null }
  things.set(key, { username: userId, permission, scope, ...place, level, expiresAt })
}

/** Words that stand for many are one thing: they stay the same whatever words there are. */
function wordOf({ permission, role }: Access): string | null {
  if (permission === null) return null
  if (role?.name === 'ADMINISTRATOR') return 'every permission'
  const isServers = SERVER.includes(permission.split('.')[0] ?? '')
  return role?.name === 'ORGANIZATION_ADMIN' && !isServers ? 'every permission of the applications' : permission
}

/** Of two ends the later; null is none. */
function laterOf(a: string | null, b: string | null): string | null {
  return a === null || b === null ? null : a > b ? a : b
}

/** What the second snapshot has more or less than the first, called as it is called after it. */
export function differenceOf(before: Snapshot, after: Snapshot): Diff {
  const items: DiffItem[] = []
  for (const key of new Set([...before.things.keys(), ...after.things.keys()])) {
    const [was, is] = [before.things.get(key), after.things.get(key)]
    const item = is ?? was
    if (item && was?.expiresAt !== is?.expiresAt) items.push({ kind: kindOf(was, is), ...item })
  }
  const names = new Map([...before.names, ...after.names])
  const called = (id: string | null) => (id === null ? null : (names.get(id) ?? id))
  const isGain = ({ kind }: DiffItem) => kind === 'GAINED' || kind === 'LONGER'
  const gained = items.filter(isGain).length
  const named = items.map((item) => ({
    ...item,
    username: called(item.username) ?? '',
    ...{ organization: called(item.organization), project: called(item.project) },
    ...{ controller: called(item.controller), model: called(item.model) },
  }))
  return { gained, lost: items.length - gained, items: named }
}

function kindOf(
  was: { expiresAt: string | null } | undefined,
  is: { expiresAt: string | null } | undefined,
): DiffItem['kind'] {
  if (!was) return 'GAINED'
  if (!is) return 'LOST'
  return laterOf(was.expiresAt, is.expiresAt) === is.expiresAt ? 'LONGER' : 'SHORTER'
}

/** The same in one fixed order, for comparing: that of the answer goes by username. */
export function sortedDiff({ items, ...counts }: Diff): object {
  return { ...counts, items: items.map((item) => JSON.stringify(Object.entries(item).sort())).sort() }
}
