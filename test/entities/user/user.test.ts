import { describe, expect, test } from 'vitest'
import { startApp } from '../../support/app.ts'
import { change, failChange, failInput } from '../../support/change.ts'
import { permissionsOf, rolesOf, usernameOf } from '../../support/look.ts'
import { withoutWriting } from '../../support/rows.ts'
import { createOrganization, createProject, createUser, grantRoles } from '../../support/seed.ts'
import { basic, PASSWORD, signIn } from '../../support/sessions.ts'

const app = startApp()
/** bob and carol, who hold nothing, the organization acme, and the project apollo. */
const given = app.world(async () => {
  await createOrganization(app, 'acme', ['doc.read'])
  await createProject(app, 'apollo')
  await change(app.root, 'createUser', { username: 'carol', displayName: 'Carol C.', email: 'carol@example.test' })
  return { bob: await createUser(app, 'bob') }
})

const RECORD = `id username displayName kind isActive email isAdmin organization { name } roles { totalCount }
  apiKeys { nodes { label hint isValid isReadOnly isLimited limits { role { name } } expiresAt revokedAt } }`

describe('creating a user', () => {
  test('makes an active person of the caller’s organization with a first key, without roles', async () => {
    const { secret } = await change(app.root, 'createUser', { username: 'Dan', email: 'dan@example.test' }, 'secret')

    const { user } = await app.root.ok(`{ user(username: "dAN") { ${RECORD} } }`)

    expect(user).toEqual({
      id: expect.stringMatching(/^user_[0-9a-f-]{36}$/),
      username: 'Dan',
      displayName: null,
      kind: 'HUMAN',
      isActive: true,
      email: 'dan@example.test',
      isAdmin: false,
      organization: { name: 'default' },
      roles: { totalCount: 0 },
      apiKeys: {
        nodes: [
          {
            label: 'first key',
            hint: secret.slice(-4),
            isValid: true,
            isReadOnly: false,
            isLimited: false,
            limits: [],
            expiresAt: null,
            revokedAt: null,
          },
        ],
      },
    })
    expect(await usernameOf(app.as(secret))).toBe('Dan')
  })

  test('makes no key if withApiKey is false', async () => {
    const made = await change(app.root, 'createUser', { username: 'dan', withApiKey: false }, 'secret apiKey { id }')

    expect(made).toEqual({ __typename: 'CreateUserPayload', secret: null, apiKey: null })
    const { user } = await app.root.ok('{ user(username: "dan") { apiKeys { totalCount } } }')
    expect(user.apiKeys.totalCount).toBe(0)
  })

  test.each(['bob@acme.test', 'Bob+ops@ACME.test', 'a@b'])(
    'of a directory: %s, who signs in by it',
    async (username) => {
      await change(app.root, 'createUser', { username, password: PASSWORD, mustChangePassword: false })

      const { client } = await signIn(app, username.toUpperCase())

      expect(await usernameOf(client)).toBe(username)
      expect(await usernameOf(app.as(basic(username, PASSWORD)))).toBe(username)
    },
  )

  test('puts the user into the named organization', async () => {
    const dan = await createUser(app, 'dan', { organization: 'ACME' })

    const { user } = await app.root.ok('{ user(username: "dan") { organization { name } } }')
    expect(user.organization.name).toBe('acme')
    expect(await permissionsOf(dan.client)).toEqual(['doc.read in acme'])
  })

  test('with isAdmin makes an administrator', async () => {
    const alice = await createUser(app, 'alice', { isAdmin: true })

    const { user } = await alice.client.ok('{ user(username: "alice") { isAdmin } }')

    expect(user.isAdmin).toBe(true)
    expect(await rolesOf(app.root, 'alice')).toEqual(['ADMINISTRATOR everywhere'])
  })

  test('with roles grants all of them', async () => {
    await createUser(app, 'dan', {
      roles: [
        { role: 'AUDITOR', organization: 'default' },
        { role: 'VERSION_MANAGER', project: 'apollo' },
      ],
    })

    expect(await rolesOf(app.root, 'dan')).toEqual(['AUDITOR in default', 'VERSION_MANAGER on apollo'])
  })

  test('with an invalid role says where the role is and creates no user', async () => {
    const error = await withoutWriting(app, () =>
      failChange(app.root, 'NotFoundError', 'createUser', {
        username: 'dan',
        roles: [
          { role: 'VERSION_MANAGER', project: 'apollo' },
          { role: 'VERSION_MANAGER', project: 'gemini' },
        ],
      }),
    )

    expect(error.path.join('.')).toBe('roles.1.project')
    expect(error.message).toBe('The project was not found.')
  })

  test('with a taken name is a conflict, in any case of the letters', async () => {
    const error = await withoutWriting(app, () =>
      failChange(app.root, 'ConflictError', 'createUser', { username: 'BOB' }),
    )

    expect(error.message).toContain('BOB')
  })

  test.each(['root', 'Root', 'api-bob', 'API-bob'])('with the reserved name %s is refused', async (username) => {
    await withoutWriting(app, () => failInput(app.root, ['username'], 'createUser', { username }))
  })
})

describe('changing a user', () => {
  test('keeps the fields that are omitted and clears the fields that are null', async () => {
    await change(app.root, 'updateUser', { user: 'carol', email: null })

    const { user } = await app.root.ok('{ user(username: "carol") { username displayName email } }')
    expect(user).toEqual({ username: 'carol', displayName: 'Carol C.', email: null })
  })

  test('clears the display name and keeps the e-mail address', async () => {
    await change(app.root, 'updateUser', { user: 'carol', displayName: null })

    const { user } = await app.root.ok('{ user(username: "carol") { username displayName email } }')
    expect(user).toEqual({ username: 'carol', displayName: null, email: 'carol@example.test' })
  })

  test('can’t clear the username', async () => {
    await withoutWriting(app, () => failInput(app.root, ['username'], 'updateUser', { user: 'bob', username: null }))
  })

  test('renames the user, keeps their keys and roles, and frees the old name', async () => {
    const { bob } = given()
    await grantRoles(app, 'bob', [{ role: 'AUDITOR', organization: 'default' }])

    const { user } = await change(app.root, 'updateUser', { user: 'bob', username: 'robert' }, 'user { id username }')

    expect(user).toEqual({ id: bob.id, username: 'robert' })
    expect(await usernameOf(bob.client)).toBe('robert')
    expect(await rolesOf(app.root, 'robert')).toEqual(['AUDITOR in default'])
    expect((await app.root.ok('{ user(username: "bob") { id } }')).user).toBe(null)
    const next = await createUser(app, 'bob')
    expect(await rolesOf(app.root, 'bob')).toEqual([])
    expect(next.id).not.toBe(bob.id)
  })

  test('changes the case of a name', async () => {
    const { user } = await change(app.root, 'updateUser', { user: 'bob', username: 'BoB' }, 'user { username }')

    expect(user.username).toBe('BoB')
  })

  test('to a taken name is a conflict, in any case of the letters', async () => {
    await withoutWriting(app, () =>
      failChange(app.root, 'ConflictError', 'updateUser', { user: 'bob', username: 'CAROL', email: 'c@example.test' }),
    )
  })

  test.each(['root', 'api-bob'])(
    'to the reserved name %s is refused, and the answer names the field',
    async (username) => {
      await withoutWriting(app, () => failInput(app.root, ['username'], 'updateUser', { user: 'bob', username }))
    },
  )

  test('does not find a user who does not exist', async () => {
    const error = await withoutWriting(app, () =>
      failChange(app.root, 'NotFoundError', 'updateUser', { user: 'nobody', displayName: 'N.' }),
    )

    expect(error).toMatchObject({ code: 'NOT_FOUND', path: ['user'], message: 'The user was not found.' })
  })
})
