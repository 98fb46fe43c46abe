/** Everything in the world that shows what its viewer can, and what that is, from the schema. */
import { type GraphQLObjectType, getNamedType, isObjectType } from 'graphql'
import { expect } from 'vitest'
import { schema } from '../../../src/graphql/schema.ts'
import type { Client } from '../../support/app.ts'

/** Something with buttons. `within` is the controller of a model, and whose a key or a credential is. */
export interface Thing {
  type: string
  id: string
  name: string
  within?: string
}

/** A field like `User.viewerCanUpdate`, and the mutation its description names. */
export interface Button {
  type: string
  field: string
  mutation: string
}

export const BUTTONS: Button[] = Object.values(schema.getTypeMap())
  .filter(isObjectType)
  .flatMap((type) =>
    Object.values(type.getFields())
      .filter(({ name }) => name.startsWith('viewerCan'))
      .map(({ name, description }) => ({ type: type.name, field: name, mutation: namedIn(description ?? '') })),
  )

function namedIn(description: string): string {
  return description.match(/^May the caller `(\w+)` here\?/)?.[1] ?? ''
}

export const TYPES = [...new Set(BUTTONS.map(({ type }) => type))]

/** What a thing of this type shows. */
function shownBy(type: string): string {
  const fields = BUTTONS.filter((button) => button.type === type).map(({ field }) => field)
  return ['__typename id', ...fields].join(' ')
}

const THINGS = `{ users(first: 100) { nodes { id name: username
    apiKeys(first: 10) { nodes { id name: label } } sshKeys(first: 10) { nodes { id name: fingerprint } }
    sessions(first: 10) { nodes { id name: address } } credentials(first: 10) { nodes { id name } } } }
  organizations(first: 100) { nodes { id name } } projects(first: 100) { nodes { id name: code } }
  roles(first: 100) { nodes { id name } } webhooks(first: 100) { nodes { id name: url } }
  controllers(first: 100) { nodes { id name models(first: 10) { nodes { id name } } } } }`

interface Named {
  id: string
  name: string
  [list: string]: unknown
}

/** All of them, as an administrator sees them. */
export async function readThings(root: Client): Promise<Thing[]> {
  const data = await root.ok(THINGS)
  const listed = (type: string, list: unknown, within?: string) =>
    (list as { nodes: Named[] }).nodes.map(({ id, name }): Thing => ({ type, id, name, ...(within ? { within } : {}) }))
  return [
    ...listed('User', data.users),
    ...data.users.nodes.flatMap(({ name, apiKeys, sessions, sshKeys, credentials }: Named) => [
      ...listed('ApiKey', apiKeys, name),
      ...listed('Session', sessions, name),
      ...listed('SshKey', sshKeys, name),
      ...listed('Credential', credentials, name),
    ]),
    ...listed('Organization', data.organizations),
    ...listed('Project', data.projects),
    ...listed('Role', data.roles),
    ...listed('Webhook', data.webhooks),
    ...listed('Controller', data.controllers),
    ...data.controllers.nodes.flatMap(({ name, models }: Named) => listed('Model', models, name)),
  ]
}

/** By the id of each thing that the client sees what it shows. */
export type Shown = Map<string, Record<string, boolean>>

const BY_ID = `query ($ids: [ID!]!) { nodes(ids: $ids) {
  ${TYPES.map((type) => `... on ${type} { ${shownBy(type)} }`).join(' ')} } }`

const AT_ONCE = 50

/** What the client is shown, by id; nothing where nobody knows who they are. */
export async function readShown(client: Client, things: Thing[]): Promise<Shown> {
  const shown: Shown = new Map()
  for (let from = 0; from < things.length; from += AT_ONCE) {
    const ids = things.slice(from, from + AT_ONCE).map(({ id }) => id)
    const { status, data } = await client.send(BY_ID, { ids })
    if (status === 401) return shown
    for (const node of data.nodes) if (node) shown.set(node.id, node)
  }
  return shown
}

/** The lists of things that begin at the root. */
const LISTS = Object.values(schema.getQueryType()?.getFields() ?? {}).flatMap(({ name, type }) => {
  const nodes = (getNamedType(type) as GraphQLObjectType).getFields?.().nodes
  const listed = nodes ? getNamedType(nodes.type).name : ''
  // It is refused to callers who manage webhooks nowhere.
  if (name === 'webhooks') return []
  return TYPES.includes(listed) ? [`${name}(first: 100) { nodes { ${shownBy(listed)} } }`] : []
})

const OWN = `${shownBy('User')} apiKeys { nodes { ${shownBy('ApiKey')} } } sessions { nodes { ${shownBy('Session')} } }
  sshKeys { nodes { ${shownBy('SshKey')} } } credentials { nodes { ${shownBy('Credential')} } }`

/** Every list shows of a thing what it shows by itself. */
export async function expectSameInLists(client: Client, shown: Shown) {
  const lists = await client.ok(`{ ${LISTS.join(' ')} }`)
  const { viewer } = await client.ok(`{ viewer { user { ${OWN} } } }`)
  const { apiKeys, sessions, sshKeys, credentials, ...self } = viewer.user
  const nodes = Object.values({ ...lists, apiKeys, sessions, sshKeys, credentials }).flatMap(
    (list) => (list as { nodes: [] }).nodes,
  )
  for (const node of [self, ...nodes]) expect(node).toEqual(shown.get(node.id))
}
