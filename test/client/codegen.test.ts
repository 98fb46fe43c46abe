import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generate } from '@graphql-codegen/cli'
import { preset } from '@graphql-codegen/client-preset'
import { expect, test } from 'vitest'
import { createFrontend, runIn } from './frontend.ts'
import { SCHEMA_FILE } from './schema.ts'

const DOCUMENTS = `
fragment UserFields on User { id username displayName kind createdAt email }

query Users($first: Int!, $after: String, $filter: UserFilter, $orderBy: UserOrder) {
  users(first: $first, after: $after, filter: $filter, orderBy: $orderBy) {
    pageInfo { hasNextPage endCursor }
    edges { node { ...UserFields roles { edges { scope expiresAt node { id name } } } } }
  }
}

mutation GrantRoles($input: GrantRolesInput!) {
  grantRoles(input: $input) {
    __typename
    ... on GrantRolesPayload { changed user { ...UserFields } }
    ... on InvalidInputError { issues { path message } }
    ... on MutationError { code message }
  }
}
`

/** What a frontend does with the types. */
const PROGRAM = `
import { useFragment } from './generated/fragment-masking'
import { type GrantRolesMutation, UserFieldsFragmentDoc, type UsersQueryVariables } from './generated/graphql'

export const variables: UsersQueryVariables = { first: 20, orderBy: { field: 'USERNAME' } }

export function tell({ grantRoles: result }: GrantRolesMutation): string {
  if (!result) return 'no answer'
  switch (result.__typename) {
    case 'GrantRolesPayload': {
      const { username, email } = useFragment(UserFieldsFragmentDoc, result.user)
      return email?.toLowerCase() ?? username
    }
    case 'InvalidInputError':
      return result.issues.map(({ path }) => path.join('.')).join()
    default:
      return result.message
  }
}
`

function compile(folder: string) {
  const options = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'esnext', '--moduleResolution', 'bundler']
  return runIn(folder, 'tsc', [...options, 'program.ts'])
}

test('graphql-codegen generates types with which a frontend compiles', async () => {
  const folder = createFrontend({ 'documents.graphql': DOCUMENTS, 'program.ts': PROGRAM })

  await generate({
    cwd: folder,
    schema: SCHEMA_FILE,
    documents: 'documents.graphql',
    generates: {
      'generated/': { preset, config: { scalars: { DateTime: 'string', EmailAddress: 'string' } } },
    },
    silent: true,
  })

  expect(compile(folder)).toEqual({ status: 0, output: '' })
  writeFileSync(join(folder, 'program.ts'), PROGRAM.replace('USERNAME', 'EMAIL'))
  expect(compile(folder)).toMatchObject({ status: 1, output: expect.stringContaining(`'"EMAIL"' is not assignable`) })
})
