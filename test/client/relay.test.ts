import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { getOperationAST, parse } from 'graphql'
import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { createUser } from '../support/seed.ts'
import { createFrontend, runIn } from './frontend.ts'
import { SCHEMA_FILE } from './schema.ts'

const app = startApp()

/** A page of a frontend with a list of users, where one is added to and taken from. */
const PAGE = `
import { graphql } from 'relay-runtime'

graphql\`
  query pageQuery {
    ...page_users
  }
\`

graphql\`
  fragment page_users on Query
  @refetchable(queryName: "pageUsersQuery")
  @argumentDefinitions(
    first: { type: "Int", defaultValue: 20 }
    after: { type: "String" }
    filter: { type: "UserFilter" }
  ) {
    users(first: $first, after: $after, filter: $filter) @connection(key: "page_users") {
      edges { node { id username ...page_roles } }
    }
  }
\`

graphql\`
  fragment page_roles on User
  @refetchable(queryName: "pageRolesQuery")
  @argumentDefinitions(first: { type: "Int", defaultValue: 20 }, after: { type: "String" }) {
    roles(first: $first, after: $after) @connection(key: "page_roles") {
      edges { scope node { name } }
    }
  }
\`

graphql\`
  mutation pageCreateUserMutation($input: CreateUserInput!, $connections: [ID!]!) {
    createUser(input: $input) {
      __typename
      ... on CreateUserPayload { user @appendNode(connections: $connections, edgeTypeName: "UserEdge") { id username } }
      ... on MutationError { code message }
    }
  }
\`

graphql\`
  mutation pageDeleteUserMutation($input: DeleteUserInput!, $connections: [ID!]!) {
    deleteUser(input: $input) {
      __typename
      ... on DeleteUserPayload { deletedId @deleteRecord @deleteEdge(connections: $connections) }
      ... on MutationError { code message }
    }
  }
\`
`

/** Compiles the page; gives what the compiler says, and the operations that it wrote by their names. */
function compile(page: string) {
  const folder = createFrontend({
    'page.ts': page,
    'operations.json': '{}',
    'relay.config.json': JSON.stringify({
      src: '.',
      excludes: ['**/node_modules/**'],
      schema: SCHEMA_FILE,
      language: 'typescript',
      persistConfig: { file: 'operations.json' },
    }),
  })
  const { status, output } = runIn(folder, 'relay-compiler', ['relay.config.json'])
  const texts: string[] = Object.values(JSON.parse(readFileSync(join(folder, 'operations.json'), 'utf8')))
  const operations = new Map(texts.map((text) => [getOperationAST(parse(text))?.name?.value, text]))
  return { status, output, operations }
}

test('the Relay compiler accepts connections, refetchable fragments and edits of a list', () => {
  const { status, output, operations } = compile(PAGE)

  expect(status, output).toBe(0)
  expect([...operations.keys()].sort()).toEqual([
    'pageCreateUserMutation',
    'pageDeleteUserMutation',
    'pageQuery',
    'pageRolesQuery',
    'pageUsersQuery',
  ])
})

test('the Relay compiler refuses to delete by a field that is not an id', () => {
  const { status, output } = compile(PAGE.replace('deletedId @', 'endedGrants @'))

  expect(status).toBe(1)
  expect(output).toContain('deleteRecord')
})

test('the server answers the operations that the Relay compiler writes', async () => {
  const { id } = await createUser(app, 'alice')
  const { operations } = compile(PAGE)
  const send = (name: string, variables: object) => app.root.ok(operations.get(name) ?? '', variables)

  const { users } = await send('pageUsersQuery', { first: 1 })
  const { node } = await send('pageRolesQuery', { id, first: 1 })
  const { deleteUser } = await send('pageDeleteUserMutation', { input: { user: 'alice' } })

  expect(users).toMatchObject({ edges: [{ cursor: users.pageInfo.endCursor }], pageInfo: { hasNextPage: true } })
  expect(node).toMatchObject({ __typename: 'User', id })
  expect(deleteUser).toEqual({ __typename: 'DeleteUserPayload', deletedId: id })
})
