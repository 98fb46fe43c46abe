/** Names of another organization's things stay hidden wherever an answer could carry them. */
import { describe, expect, test } from 'vitest'
import { startApp } from './support/app.ts'
import { createOrganization, createProject, createRole, createUser, type SeededUser } from './support/seed.ts'

const app = startApp()

/** Ann administers acme; bob, whose home is acme, holds globex's own role on globex's project. */
async function createWorld(): Promise<{ ann: SeededUser; bob: SeededUser }> {
  await createOrganization(app, 'acme')
  await createOrganization(app, 'globex')
  await createProject(app, 'secret-project', 'globex')
  await createRole(app, 'SECRET_ROLE', ['secret.launch'], 'globex')
  const ann = await createUser(app, 'ann', {
    organization: 'acme',
    roles: [{ role: 'ORGANIZATION_ADMIN', organization: 'acme' }],
  })
  const bob = await createUser(app, 'bob', {
    organization: 'acme',
    roles: [
      { role: 'SECRET_ROLE', project: 'secret-project' },
      { role: 'VERSION_MANAGER', organization: 'acme' },
    ],
  })
  return { ann, bob }
}

const DELETE_BOB =
  'mutation { deleteUser(input: {user: "bob"}, dryRun: true) { ... on DeleteUserPayload { accessLost { role organization project } } } }'

describe('what an organization’s administrator is told', () => {
  test('of the access a deleted user loses, is what they could read of it before', async () => {
    const { ann } = await createWorld()

    const { deleteUser } = await ann.client.ok(DELETE_BOB)

    expect(deleteUser.accessLost).toEqual([{ role: 'VERSION_MANAGER', organization: 'acme', project: null }])
  })

  test('of their permissions, names no word that only another organization’s role has', async () => {
    const { ann, bob } = await createWorld()

    const { viewer } = await ann.client.ok('{ viewer { permissions { name organization } } }')
    const own = await bob.client.ok('{ viewer { permissions { name project } } }')

    expect(viewer.permissions).not.toContainEqual({ name: 'secret.launch', organization: 'acme' })
    expect(viewer.permissions).toContainEqual({ name: 'version.create', organization: 'acme' })
    expect(own.viewer.permissions).toContainEqual({ name: 'secret.launch', project: 'secret-project' })
  })
})

describe('rows', () => {
  const nested = (levels: number): string =>
    levels === 0 ? 'id' : `apiKeys(first: 100) { nodes { user { ${nested(levels - 1)} } } }`

  test('of pages multiplied down a document are bounded', async () => {
    const { ann } = await createWorld()

    const { message } = await ann.client.refused('QUERY_TOO_COMPLEX', `{ viewer { user { ${nested(3)} } } }`)

    expect(message).toBe('The document asks for too many rows: ask for smaller pages, or nest fewer of them.')
    await ann.client.ok(`{ viewer { user { ${nested(2)} } } }`)
  })

  test('are counted over all root fields together, and by variables as by literals', async () => {
    const { ann } = await createWorld()
    const page = 'users(first: $n) { nodes { roles(first: $n) { nodes { id } } } }'
    const document = `query ($n: Int!) { a: ${page} b: ${page} c: ${page} }`

    await ann.client.refused('QUERY_TOO_COMPLEX', document, { n: 100 })
    await ann.client.ok(document, { n: 50 })
  })
})
