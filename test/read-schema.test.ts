/** The declarations of the real schema, against a real database. */
import { GraphQLObjectType, GraphQLSchema, isInterfaceType, isLeafType, isObjectType } from 'graphql'
import { expect, test } from 'vitest'
import { lintReads } from '../src/read/lint.ts'
import { schema } from '../src/schema.ts'
import { declaredFields, everyFieldDocuments } from './read/every-field.ts'
import { type Client, startApp } from './support/app.ts'
import { change } from './support/change.ts'
import { createController, createModel } from './support/levels.ts'
import { createApiKey, createOrganization, createProject, createRole, createUser } from './support/seed.ts'

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

/** Organizations, projects, roles, a controller with a model, levels on both, keys with limits, and three callers: root, a plain user, an organization admin. */
async function makeWorld(): Promise<[string, Client][]> {
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
  const carol = await createUser(app, 'carol', {
    organization: 'acme',
    roles: [{ role: 'ORGANIZATION_ADMIN', organization: 'acme' }],
  })
  return [
    ['root', app.root],
    ['bob', bob.client],
    ['carol', carol.client],
  ]
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
  const callers = await makeWorld()
  const documents = everyFieldDocuments(withoutNodes(), ({ name }, field) => SAMPLES[`${field.name}.${name}`])

  for (const { source } of documents) {
    for (const [name, client] of callers) await read(name, client, source)
  }

  expect(documents.map(({ field }) => field).sort()).toEqual(declaredFields(schema).sort())
})

test('every type that is a Node can be fetched again by its id, whole', async () => {
  const [[, root] = ['', app.root], ...others] = await makeWorld()
  const { user, organization, role, project, controller, model } =
    await root.ok(`{ user(username: "bob") { id apiKeys { nodes { id } } } organization(name: "acme") { id }
      role(name: "EDITOR") { id } project(code: "apollo") { id }
      controller(name: "gce1") { id } model(controller: "gce1", name: "web") { id } }`)
  const ids = [user, user.apiKeys.nodes[0], organization, role, project, controller, model].map(({ id }) => id)
  const types = schema.getPossibleTypes(nodeInterface())
  const parts = types.map((type) => `... on ${type.name} { ${leavesOf(type).join(' ')} }`)
  const document = `query ($ids: [ID!]!) { nodes(ids: $ids) { __typename ${parts.join(' ')} } }`

  const { nodes } = await root.ok(document, { ids })

  expect(nodes.map((node: { __typename: string }) => node.__typename)).toEqual([
    'User',
    'ApiKey',
    'Organization',
    'Role',
    'Project',
    'Controller',
    'Model',
  ])
  expect(types.map(({ name }) => name).sort()).toEqual(NODES)
  for (const [index, id] of ids.entries()) {
    const one = `query ($id: ID!) { node(id: $id) { __typename ${parts.join(' ')} } }`
    expect(await root.ok(one, { id })).toEqual({ node: nodes[index] })
    for (const [name, client] of others) await read(name, client, one, { id })
  }
})

const NODES = ['ApiKey', 'Controller', 'Model', 'Organization', 'Project', 'Role', 'User']

function nodeInterface() {
  const type = schema.getType('Node')
  if (!isInterfaceType(type)) throw new Error('Node is no interface.')
  return type
}

/** The type's fields without a selection of their own; a user's createdAt is nullable, the others' are not, so they differ in name. */
function leavesOf(type: GraphQLObjectType): string[] {
  expect(isObjectType(type)).toBe(true)
  return Object.values(type.getFields())
    .filter((field) => isLeafType('ofType' in field.type ? field.type.ofType : field.type))
    .map(({ name }) => (name === 'createdAt' ? `since${type.name}: createdAt` : name))
}
