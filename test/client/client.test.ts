import { readFileSync } from 'node:fs'
import { CombinedError } from '@urql/core'
import type { ResultOf } from 'gql.tada'
import { buildSchema, print, validate } from 'graphql'
import { expect, expectTypeOf, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { ROOT_KEY } from '../support/root-key.ts'
import { createProject, createRole, createUser } from '../support/seed.ts'
import { createClient, grantRoles, type ListedUser, pagesOfUsers } from './client.ts'
import * as documents from './documents.ts'
import { printedIntrospection } from './generate.ts'

const app = startApp()

test('the types of the client are those of schema.graphql', () => {
  const checkedIn = readFileSync(new URL('introspection.d.ts', import.meta.url), 'utf8')

  expect(checkedIn).toBe(printedIntrospection())
})

test('the documents of the client are valid, and their answers are typed', () => {
  const schema = buildSchema(readFileSync(new URL('../../schema.graphql', import.meta.url), 'utf8'))

  for (const document of Object.values(documents)) {
    expect(
      validate(schema, document as never).map(({ message }) => message),
      print(document as never),
    ).toEqual([])
  }
  expectTypeOf<ListedUser>().toEqualTypeOf<{ username: string; kind: 'HUMAN' | 'SERVICE'; isActive: boolean }>()
  expectTypeOf<NonNullable<ResultOf<typeof documents.GRANT_ROLES>['grantRoles']>['__typename']>().toEqualTypeOf<
    'GrantRolesPayload' | 'InvalidInputError' | 'MissingAuthorityError' | 'NotFoundError'
  >()
})

test('all users come in pages, each once and in order', async () => {
  for (const username of ['dave', 'alice', 'carol', 'bob']) await createUser(app, username)

  const pages = await Array.fromAsync(pagesOfUsers(createClient(app.url, ROOT_KEY), 2))

  expect(pages.map((page) => page.map(({ username }) => username))).toEqual([
    ['alice', 'bob'],
    ['carol', 'dave'],
    ['root'],
  ])
  expect(pages[0]?.[0]).toEqual({ username: 'alice', kind: 'HUMAN', isActive: true })
})

test('a role is granted, and again changes nothing', async () => {
  await createProject(app, 'apollo')
  await createUser(app, 'alice')
  const client = createClient(app.url, ROOT_KEY)
  const input = { user: 'alice', roles: [{ role: 'PROJECT_MANAGER', project: 'apollo' }] }

  const said = [await grantRoles(client, input), await grantRoles(client, input)]

  expect(said).toEqual(['alice holds it now', 'alice held it already'])
})

test('an error that one expects is told apart by its type', async () => {
  await createProject(app, 'apollo')
  await createRole(app, 'GRANTER', ['roles.grant'])
  const alice = await createUser(app, 'alice', { roles: [{ role: 'GRANTER', organization: 'default' }] })
  const root = createClient(app.url, ROOT_KEY)

  const roles = [{ role: 'PROJECT_MANAGER', project: 'apollo' }]
  expect(await grantRoles(root, { user: 'nobody', roles })).toBe('user is not there')
  expect(await grantRoles(root, { user: 'alice', roles: [{ role: 'PROJECT_MANAGER' }] })).toMatch(/^roles\.0/)
  expect(await grantRoles(createClient(app.url, alice.key), { user: 'alice', roles })).toMatch(/^you lack /)
})

test('a bad key is an error of the request', async () => {
  const pages = pagesOfUsers(createClient(app.url, 'wrong'), 2)

  const error = await pages.next().catch((thrown: unknown) => thrown)

  expect(error).toBeInstanceOf(CombinedError)
  expect((error as CombinedError).response?.status).toBe(401)
})
