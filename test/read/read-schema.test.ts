/** The declarations of the real schema, against a real database. */
import { GraphQLObjectType, GraphQLSchema, getNamedType, isInterfaceType, isLeafType, isObjectType } from 'graphql'
import { expect, test } from 'vitest'
import { schema } from '../../src/graphql/schema.ts'
import { type Client, startApp } from '../support/app.ts'
import { change } from '../support/change.ts'
import { addCredential } from '../support/credentials.ts'
import { createController, createModel } from '../support/levels.ts'
import { createApiKey, createOrganization, createProject, createRole, createUser } from '../support/seed.ts'
import { PASSWORD, signIn } from '../support/sessions.ts'
import { ed25519Line } from '../support/ssh-wire.ts'
import { declaredFields, everyFieldDocuments } from './every-field.ts'
import { lintReads } from './lint.ts'

const app = startApp()

/** What the documents' arguments name, so that there is something to read. */
const SAMPLES: Record<string, string> = {
  'user.username': '"bob"',
  'organization.name': '"acme"',
  'role.name': '"EDITOR"',
  'project.code': '"apollo"',
  'controller.name': '"gce1"',
  'model.controller': '"gce1"',
  'model.name': '"web"',
  // Secrets are not spelled out.
  'verifyApiKey.secret': '$secret',
  'verifySession.token': '$token',
}

/** The document with the variables that it uses. */
function withVariables(source: string): string {
  const used = ['$secret', '$token'].filter((name) => source.includes(name))
  return used.length === 0 ? source : `query (${used.map((name) => `${name}: String!`).join(', ')}) ${source}`
}

/** The schema without `node` and `nodes`: they lead to every type, but never to rows of all of them. */
function withoutNodes(): GraphQLSchema {
  const config = schema.toConfig()
  const query = schema.getQueryType()?.toConfig()
  if (!query) throw new Error('No queries.')
  const { node, nodes, ...fields } = query.fields
  expect([node?.type, nodes?.type].map(String)).toEqual(['Node', '[Node]'])
  return new GraphQLSchema({
    ...config,
    query: new GraphQLObjectType({ ...query, fields }),
    types: config.types.filter(({ name }) => name !== query.name),
  })
}

interface World {
  callers: [string, Client][]
  /** A key and the token of a session of bob’s. */
  shown: { secret: string; token: string }
}

/**
 * Organizations, projects, roles, a controller with a model, levels on both, keys with limits, and three callers: root,
 * bob, a plain user with everything that a user can have, and carol, an organization admin.
 */
async function makeWorld(): Promise<World> {
  await createOrganization(app, 'acme', ['doc.read'])
  await createProject(app, 'apollo', 'acme')
  await createRole(app, 'EDITOR', ['doc.edit'], 'acme')
  const bob = await createUser(app, 'bob', {
    organization: 'acme',
    roles: [
      { role: 'EDITOR', organization: 'acme' },
      { role: 'VERSION_MANAGER', project: 'apollo' },
    ],
  })
  await createController(app, 'gce1', 'acme')
  await createModel(app.root, 'gce1', 'web')
  await change(app.root, 'grantControllerAccess', { user: 'bob', controller: 'gce1', access: 'ADD_MODEL' })
  await change(app.root, 'grantModelAccess', { user: 'bob', controller: 'gce1', model: 'web', access: 'ADMIN' })
  await createApiKey(bob.client, { limits: [{ role: 'EDITOR', organization: 'acme' }] })
  await change(app.root, 'setUserPassword', { user: 'bob', password: PASSWORD, mustChangePassword: false })
  await change(bob.client, 'addSshKey', { key: ed25519Line('bob@laptop') })
  await addCredential(bob.client, 'aws')
  await change(bob.client, 'updateModel', { controller: 'gce1', model: 'web', credential: 'aws' })
  const { token } = await signIn(app, 'bob')
  const carol = await createUser(app, 'carol', {
    organization: 'acme',
    roles: [{ role: 'ORGANIZATION_ADMIN', organization: 'acme' }],
  })
  return {
    callers: [
      ['root', app.root],
      ['bob', bob.client],
      ['carol', carol.client],
    ],
    shown: { secret: bob.key, token },
  }
}

/** Sends a document that must be answered with data; only a refusal by name may stand beside it. */
async function read(name: string, client: Client, source: string, variables: object = {}) {
  const { status, data, errors } = await client.send(source, variables)
  const unexpected = errors.filter(({ extensions }) => name === 'root' || extensions.code !== 'FORBIDDEN')
  expect({ status, unexpected }, `as ${name}: ${source}`).toEqual({ status: 200, unexpected: [] })
  expect(data, source).not.toBeNull()
  return data
}

test('nothing is declared that the read path can’t do right', () => {
  expect(lintReads(schema)).toEqual([])
})

test('every declared field can be read, by an administrator, a plain user and an organization’s admin', async () => {
  const { callers, shown } = await makeWorld()
  const documents = everyFieldDocuments(withoutNodes(), ({ name }, field) => SAMPLES[`${field.name}.${name}`])

  for (const { source } of documents) {
    for (const [name, client] of callers) await read(name, client, withVariables(source), shown)
  }

  expect(documents.map(({ field }) => field).sort()).toEqual(declaredFields(schema).sort())
})

test('every type that is a Node can be fetched again by its id, whole', async () => {
  const [[, root] = ['', app.root], ...others] = (await makeWorld()).callers
  const hook = { url: 'https://hooks.example.test/', everywhere: true }
  const { webhook } = await change(root, 'createWebhook', hook, 'webhook { id }')
  const { delivery } = await change(root, 'testWebhook', { webhook: webhook.id }, 'delivery { id }')
  const { user, organization, role, project, controller, model, auditEvents, notifications } =
    await root.ok(`{ user(username: "bob") { id apiKeys { nodes { id } } sessions { nodes { id } } sshKeys { nodes { id } }
        credentials { nodes { id } } } auditEvents { nodes { id } } notifications { nodes { id } } organization(name: "acme") { id }
      role(name: "EDITOR") { id } project(code: "apollo") { id }
      controller(name: "gce1") { id } model(controller: "gce1", name: "web") { id } }`)
  const [own, all] = [
    ['apiKeys', 'sessions', 'sshKeys', 'credentials'],
    [auditEvents, notifications],
  ]
  const things = [
    webhook,
    delivery,
    user,
    ...own.map((name) => user[name].nodes[0]),
    organization,
    role,
    project,
    controller,
    model,
  ]
  const ids = [...things, ...all.map(({ nodes }) => nodes[0])].map(({ id }) => id)
  const types = schema.getPossibleTypes(nodeInterface())
  const parts = leavesOf(types.filter(isObjectType))
  const document = `query ($ids: [ID!]!) { nodes(ids: $ids) { __typename ${parts.join(' ')} } }`

  const { nodes } = await root.ok(document, { ids })

  expect(nodes.map((node: { __typename: string }) => node.__typename)).toEqual([
    'Webhook',
    'WebhookDelivery',
    'User',
    'ApiKey',
    'Session',
    'SshKey',
    'Credential',
    'Organization',
    'Role',
    'Project',
    'Controller',
    'Model',
    'AuditEvent',
    'Notification',
  ])
  expect(types.map(({ name }) => name).sort()).toEqual(
    nodes.map((node: { __typename: string }) => node.__typename).sort(),
  )
  for (const [index, id] of ids.entries()) {
    const one = `query ($id: ID!) { node(id: $id) { __typename ${parts.join(' ')} } }`
    expect(await root.ok(one, { id })).toEqual({ node: nodes[index] })
    for (const [name, client] of others) await read(name, client, one, { id })
  }
})

function nodeInterface() {
  const type = schema.getType('Node')
  if (!isInterfaceType(type)) throw new Error('Node is no interface.')
  return type
}

/** The types’ fields without a selection of their own; those of one name that are not of one type are named for their own. */
function leavesOf(types: readonly GraphQLObjectType[]): string[] {
  const leaves = (type: GraphQLObjectType) =>
    Object.values(type.getFields()).filter((field) => isLeafType(getNamedType(field.type)))
  const kinds = Map.groupBy(types.flatMap(leaves), ({ name }) => name)
  const differs = (name: string) => new Set(kinds.get(name)?.map((field) => String(field.type))).size > 1
  return types.map((type) => {
    const selection = leaves(type).map(({ name }) => (differs(name) ? `${name}Of${type.name}: ${name}` : name))
    return `... on ${type.name} { ${selection.join(' ')} }`
  })
}
