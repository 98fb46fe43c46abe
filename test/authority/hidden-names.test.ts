/** Names of another organization's things stay hidden wherever an answer could carry them. */
import { describe, expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { change, failChange } from '../support/change.ts'
import { addCredential } from '../support/credentials.ts'
import { createController } from '../support/levels.ts'
import { createOrganization, createProject, createRole, createUser, type SeededUser } from '../support/seed.ts'
import { PASSWORD, signIn } from '../support/sessions.ts'

const app = startApp()
const given = app.world(createWorld)

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

describe('what an organization administrator reads', () => {
  test('about the access a deleted user loses is what they could read before', async () => {
    const { ann } = given()

    const { deleteUser } = await ann.client.ok(DELETE_BOB)

    expect(deleteUser.accessLost).toEqual([{ role: 'VERSION_MANAGER', organization: 'acme', project: null }])
  })

  test('about their permissions names no word that only a role of another organization has', async () => {
    const { ann, bob } = given()

    const { viewer } = await ann.client.ok('{ viewer { permissions { name organization } } }')
    const own = await bob.client.ok('{ viewer { permissions { name project } } }')

    expect(viewer.permissions).not.toContainEqual({ name: 'secret.launch', organization: 'acme' })
    expect(viewer.permissions).toContainEqual({ name: 'version.create', organization: 'acme' })
    expect(own.viewer.permissions).toContainEqual({ name: 'secret.launch', project: 'secret-project' })
  })
})

describe('the answer about', () => {
  test('a model that uses a credential, is its number where it is hidden', async () => {
    const { ann, bob } = given()
    await createController(app, 'secret-controller', 'globex')
    await createController(app, 'con-acme', 'acme')
    await addCredential(bob.client, 'aws')
    for (const controller of ['secret-controller', 'con-acme']) {
      await change(app.root, 'grantControllerAccess', { user: 'bob', controller, access: 'ADD_MODEL' })
      const model = { controller, name: controller.replace(/con.*/, 'model'), credential: 'aws' }
      await change(bob.client, 'createModel', model)
    }

    const { message } = await failChange(ann.client, 'ConflictError', 'deleteUser', { user: 'bob' })
    const own = await failChange(bob.client, 'ConflictError', 'removeCredential', { name: 'aws' })

    expect(message).toContain('con-acme/model')
    expect(message).toContain('1 that you may not see')
    expect(message).not.toContain('secret')
    expect(own.message).toContain('con-acme/model, secret-controller/secret-model')
  })

  test('a key or a session names no word and no place that is hidden from the caller', async () => {
    const { ann, bob } = given()
    await change(app.root, 'setUserPassword', { user: 'bob', password: PASSWORD, mustChangePassword: false })
    const { token } = await signIn(app, 'bob')
    const HELD = 'username permissions { name organization project }'

    const told = await ann.client.ok(
      `query ($secret: String!, $token: String!) { verifyApiKey(secret: $secret) { ${HELD} } verifySession(token: $token) { ${HELD} } }`,
      { secret: bob.key, token },
    )

    const versions = ['create', 'delete', 'update'].map((verb) => `version.${verb}`)
    for (const { username, permissions } of [told.verifyApiKey, told.verifySession]) {
      expect(username).toBe('bob')
      expect(permissions.map(({ name }: { name: string }) => name).sort()).toEqual(versions)
      expect(JSON.stringify(permissions)).not.toContain('secret')
    }
  })

  test('access to what is hidden, is that it is not there', async () => {
    const { ann } = given()
    const questions = ['secret-project', 'no-project-at-all'].map((project) => ({
      permission: { permission: 'secret.launch', project },
    }))

    const document = 'query ($input: CheckAccessInput!) { checkAccess(input: $input) { isAllowed code } }'
    const { checkAccess } = await ann.client.ok(document, { input: { user: 'bob', questions } })

    expect(checkAccess).toEqual(Array(2).fill({ isAllowed: false, code: 'NOT_FOUND' }))
  })

  test('the audit of one organization shows nothing of other organizations', async () => {
    const { ann } = given()

    const { auditEvents } = await ann.client.ok(
      '{ auditEvents(first: 100) { totalCount nodes { action targetName organization { name } changes { after } } } }',
    )

    const names = auditEvents.nodes.map(
      ({ organization }: { organization: { name: string } | null }) => organization?.name,
    )
    expect(new Set(names)).toEqual(new Set(['acme']))
    expect(JSON.stringify(auditEvents.nodes.map(({ targetName }: { targetName: string }) => targetName))).not.toMatch(
      /secret|globex/i,
    )
  })
})

describe('rows', () => {
  const nested = (levels: number): string =>
    levels === 0 ? 'id' : `apiKeys(first: 100) { nodes { user { ${nested(levels - 1)} } } }`

  test('of pages multiplied down a document are bounded', async () => {
    const { ann } = given()

    const { message } = await ann.client.refused('QUERY_TOO_COMPLEX', `{ viewer { user { ${nested(3)} } } }`)

    expect(message).toBe('The document asks for too many rows: ask for smaller pages, or nest fewer of them.')
    await ann.client.ok(`{ viewer { user { ${nested(2)} } } }`)
  })

  test('are counted over all root fields together, with variables as with literals', async () => {
    const { ann } = given()
    const page = 'users(first: $n) { nodes { roles(first: $n) { nodes { id } } } }'
    const document = `query ($n: Int!) { a: ${page} b: ${page} c: ${page} }`

    await ann.client.refused('QUERY_TOO_COMPLEX', document, { n: 100 })
    await ann.client.ok(document, { n: 50 })
  })
})
