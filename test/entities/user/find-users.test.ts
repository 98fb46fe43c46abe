/** Users that are found by a part of what is known of them. */
import { describe, expect, test } from 'vitest'
import { type Client, startApp } from '../../support/app.ts'
import { change } from '../../support/change.ts'
import { createOrganization, createProject, createRole, createUser } from '../../support/seed.ts'

const app = startApp()

/** bob and carol of acme, eva of globex; reader reads the users who hold something on the project of acme, as bob and eva do. */
const given = app.world(async () => {
  await createOrganization(app, 'acme')
  await createOrganization(app, 'globex')
  await createProject(app, 'apollo', 'acme')
  await createRole(app, 'GUEST', ['page.read'])
  await createRole(app, 'LISTER', ['users.read'])
  const roles = [{ role: 'GUEST', project: 'apollo' }]
  await createUser(app, 'bob', {
    organization: 'acme',
    roles,
    email: 'Bob.Brown@Example.test',
    displayName: 'Bob Brown',
  })
  await createUser(app, 'carol', { organization: 'acme', email: 'carol@example.test', displayName: 'Éva Carol' })
  await createUser(app, 'eva', { organization: 'globex', roles, email: 'eva@example.test', displayName: 'Éva Stone' })
  await change(app.root, 'createServiceUser', { username: 'ci', email: 'bob.brown@example.test', organization: 'acme' })
  const list = [{ role: 'LISTER', project: 'apollo' }]
  return { reader: await createUser(app, 'reader', { organization: 'acme', roles: list }) }
})

async function find(filter: string, client: Client = app.root): Promise<string[]> {
  const { users } = await client.ok(`{ users(filter: { ${filter} }) { totalCount nodes { username } } }`)
  expect(users.totalCount).toBe(users.nodes.length)
  return users.nodes.map(({ username }: { username: string }) => username)
}

describe('users are found', () => {
  test.each([
    ['by their whole e-mail address, in any case', 'email: { equals: "bob.brown@EXAMPLE.test" }', ['api-ci', 'bob']],
    ['by its beginning', 'email: { startsWith: "BOB." }', ['api-ci', 'bob']],
    ['by one of several', 'email: { in: ["eva@example.test", "nobody@example.test"] }', ['eva']],
    ['by the beginning of the display name', 'displayName: { startsWith: "bob b" }', ['bob']],
    ['by one that is not ASCII', 'displayName: { startsWith: "Éva" }', ['carol', 'eva']],
    ['as programs', 'kind: SERVICE', ['api-ci']],
    ['as people, by more than one filter', 'kind: HUMAN, email: { startsWith: "bob" }', ['bob']],
    ['as nobody, where nothing fits', 'email: { equals: "" }', []],
  ])('%s', async (_how, filter, expected) => {
    expect(await find(filter)).toEqual(expected)
  })

  test('as the characters are, not as patterns', async () => {
    expect(await find('email: { startsWith: "bob%" }')).toEqual([])
    expect(await find('email: { startsWith: "bob_brown" }')).toEqual([])
  })

  test('by what the caller may read alone: of those whom they only meet, nothing can be guessed', async () => {
    const { reader } = given()

    const { project } = await reader.client.ok('{ project(code: "apollo") { holders { nodes { username } } } }')

    expect(project.holders.nodes.map(({ username }: { username: string }) => username)).toEqual(
      expect.arrayContaining(['bob', 'eva']),
    )
    expect(await find('email: { startsWith: "" }', reader.client)).toEqual(['reader'])
    expect(await find('displayName: { startsWith: "Bob" }', reader.client)).toEqual([])
  })
})
