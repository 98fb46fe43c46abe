import type { Client } from '@urql/core'
import { type CacheExchangeOpts, cacheExchange } from '@urql/exchange-graphcache'
import { introspectionFromSchema } from 'graphql'
import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { ROOT_KEY } from '../support/root-key.ts'
import { createProject, createUser } from '../support/seed.ts'
import { createClient } from './client.ts'
import { graphql } from './graphql.ts'
import { schema, typesWithoutId } from './schema.ts'

const app = startApp()

const USERS = graphql(`query {
  viewer { user { id username } permissions { name scope } }
  users(orderBy: { field: USERNAME }) {
    totalCount
    pageInfo { hasNextPage endCursor }
    edges {
      cursor
      node {
        id
        username
        displayName
        roles { edges { scope expiresAt node { id name } project { id code } grantedBy { id username } } }
      }
    }
  }
}`)

const UPDATE_USER = graphql(`mutation ($input: UpdateUserInput!) {
  updateUser(input: $input) {
    __typename
    ... on UpdateUserPayload { accessDiff { gained } user { id displayName } }
    ... on InvalidInputError { issues { path message } }
    ... on MutationError { code message }
  }
}`)

const KEYS = Object.fromEntries(typesWithoutId().map((name) => [name, () => null]))

/** A client that keeps what it read, and everything that its cache complains about. */
function createCachingClient(keys: CacheExchangeOpts['keys']): { client: Client; warnings: string[] } {
  const warnings: string[] = []
  const exchange = cacheExchange({
    schema: introspectionFromSchema(schema),
    keys,
    logger: (severity, message) => severity !== 'debug' && warnings.push(message),
  })
  return { client: createClient(app.url, ROOT_KEY, [exchange]), warnings }
}

async function readNames(client: Client, requestPolicy: 'network-only' | 'cache-only') {
  const { data, error } = await client.query(USERS, {}, { requestPolicy })
  expect(error).toBeUndefined()
  return data?.users?.edges.map(({ node }) => [node.username, node.displayName])
}

async function update(client: Client, user: string, displayName: string) {
  const { data, error } = await client.mutation(UPDATE_USER, { input: { user, displayName } })
  expect(error).toBeUndefined()
  return data?.updateUser
}

async function createAlice() {
  await createProject(app, 'apollo')
  await createUser(app, 'alice', { displayName: 'Alice', roles: [{ role: 'PROJECT_MANAGER', project: 'apollo' }] })
}

test('graphcache keeps users, their roles and the results of mutations without a warning', async () => {
  await createAlice()
  const { client, warnings } = createCachingClient(KEYS)

  await readNames(client, 'network-only')
  const { data } = await client.query(USERS, {}, { requestPolicy: 'cache-only' })
  const results = [await update(client, 'alice', 'Alice Liddell'), await update(client, 'nobody', 'Nobody')]

  expect(data?.users?.edges[0]?.node.roles?.edges[0]).toMatchObject({
    scope: 'PROJECT',
    node: { name: 'PROJECT_MANAGER' },
    project: { code: 'apollo' },
  })
  expect(results.map((result) => result?.__typename)).toEqual(['UpdateUserPayload', 'NotFoundError'])
  expect(warnings).toEqual([])
})

test('graphcache warns of a type without an id that it is not told of', async () => {
  const { client, warnings } = createCachingClient({})

  await readNames(client, 'network-only')

  // It knows connections, edges and PageInfo by their names.
  const types = new Set(warnings.map((warning) => /`keys` config for `(\w+)`/.exec(warning)?.[1]))
  expect(types).toEqual(new Set(['HeldPermission', 'Viewer']))
})

test('a query that graphcache keeps shows what a mutation changed', async () => {
  await createAlice()
  const { client } = createCachingClient(KEYS)
  const names = [await readNames(client, 'network-only')]

  await update(client, 'alice', 'Alice Liddell')
  names.push(await readNames(client, 'cache-only'))

  expect(names.map((page) => page?.[0])).toEqual([
    ['alice', 'Alice'],
    ['alice', 'Alice Liddell'],
  ])
})
