import { ApolloClient, HttpLink, InMemoryCache } from '@apollo/client'
import { relayStylePagination } from '@apollo/client/utilities'
import { filter, firstValueFrom } from 'rxjs'
import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { ROOT_KEY } from '../support/root-key.ts'
import { createUser } from '../support/seed.ts'
import { graphql } from './graphql.ts'
import { possibleTypes } from './schema.ts'

const app = startApp()

const USERS = graphql(`query ($first: Int!, $after: String, $filter: UserFilter, $orderBy: UserOrder) {
  users(first: $first, after: $after, filter: $filter, orderBy: $orderBy) {
    totalCount
    pageInfo { hasNextPage endCursor }
    edges { cursor node { id username } }
  }
}`)

const UPDATE_USER = graphql(`mutation ($input: UpdateUserInput!) {
  updateUser(input: $input) {
    __typename
    ... on UpdateUserPayload { user { id displayName } }
    ... on MutationError { code message }
  }
}`)

const USER = graphql('query ($id: ID!) { node(id: $id) { __typename id ... on User { displayName } } }')

function createClient(): ApolloClient {
  return new ApolloClient({
    link: new HttpLink({ uri: app.url, headers: { authorization: `Bearer ${ROOT_KEY}` } }),
    cache: new InMemoryCache({
      possibleTypes: possibleTypes(),
      typePolicies: { Query: { fields: { users: relayStylePagination(['filter', 'orderBy']) } } },
    }),
  })
}

async function createUsers() {
  for (const username of ['dave', 'alice', 'carol', 'bob']) await createUser(app, username)
}

test('Apollo Client merges three pages of users, each user once and in order', async () => {
  await createUsers()
  const users = createClient().watchQuery({ query: USERS, variables: { first: 2, orderBy: { field: 'USERNAME' } } })

  const loaded = () => firstValueFrom(users.pipe(filter(({ loading }) => !loading))).then(({ data }) => data?.users)

  let list = await loaded()
  const sizes = [list?.edges?.length]
  while (list?.pageInfo?.hasNextPage) {
    await users.fetchMore({ variables: { after: list.pageInfo.endCursor } })
    list = await loaded()
    sizes.push(list?.edges?.length)
  }

  expect(sizes).toEqual([2, 4, 5])
  expect(list?.edges?.map((edge) => edge?.node?.username)).toEqual(['alice', 'bob', 'carol', 'dave', 'root'])
})

test('Apollo Client keeps the lists of different filters apart', async () => {
  await createUsers()
  const client = createClient()
  const names = async (filter?: { username: { in: string[] } }) => {
    const { data } = await client.query({ query: USERS, variables: { first: 10, filter } })
    return data?.users?.edges.map(({ node }) => node.username)
  }

  expect(await names()).toHaveLength(5)
  expect(await names({ username: { in: ['bob'] } })).toEqual(['bob'])
})

test('Apollo Client tells the results of a mutation apart by their types', async () => {
  const { id } = await createUser(app, 'alice', { displayName: 'Alice' })
  const client = createClient()
  const update = async (user: string) => {
    const { data } = await client.mutate({
      mutation: UPDATE_USER,
      variables: { input: { user, displayName: 'Alice Liddell' } },
    })
    return data?.updateUser
  }
  await client.query({ query: USER, variables: { id } })

  const results = [await update('alice'), await update('nobody')]

  expect(results).toEqual([
    { __typename: 'UpdateUserPayload', user: { __typename: 'User', id, displayName: 'Alice Liddell' } },
    { __typename: 'NotFoundError', code: 'NOT_FOUND', message: expect.any(String) },
  ])
  expect(client.readQuery({ query: USER, variables: { id } })?.node).toMatchObject({ displayName: 'Alice Liddell' })
})
