/** The API as a frontend uses it: a kept client library, and documents typed by the schema. */
import { Client, type Exchange, fetchExchange } from '@urql/core'
import type { ResultOf, VariablesOf } from 'gql.tada'
import { GRANT_ROLES, USERS } from './documents.ts'

export type ListedUser = NonNullable<ResultOf<typeof USERS>['users']>['nodes'][number]

export function createClient(url: string, key: string, exchanges: Exchange[] = []): Client {
  return new Client({
    url,
    exchanges: [...exchanges, fetchExchange],
    preferGetMethod: false,
    fetchOptions: { headers: { authorization: `Bearer ${key}` } },
  })
}

/** Every user the caller may read, a page at a time. */
export async function* pagesOfUsers(client: Client, first: number): AsyncGenerator<ListedUser[]> {
  let after: string | null = null
  do {
    const variables: VariablesOf<typeof USERS> = { first, after }
    const { data, error } = await client.query(USERS, variables)
    if (error) throw error
    if (!data?.users) return
    yield data.users.nodes
    after = data.users.pageInfo.hasNextPage ? data.users.pageInfo.endCursor : null
  } while (after !== null)
}

/** Grants, and says what happened in a sentence: each member of the result has fields of its own. */
export async function grantRoles(client: Client, input: VariablesOf<typeof GRANT_ROLES>['input']): Promise<string> {
  const { data, error } = await client.mutation(GRANT_ROLES, { input })
  if (error) throw error
  const result = data?.grantRoles
  switch (result?.__typename) {
    case 'GrantRolesPayload':
      return `${result.user.username} ${result.changed ? 'holds it now' : 'held it already'}`
    case 'InvalidInputError':
      return result.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('\n')
    case 'MissingAuthorityError':
      return `you lack ${result.missing.flatMap(({ allOf }) => allOf.map(({ text }) => text)).join(', ')}`
    case 'NotFoundError':
      return `${result.path.join('.')} is not there`
    case undefined:
      return 'no answer'
    default:
      // A member that the schema gains later does not compile here.
      return result satisfies never
  }
}
