import { describe, expect, test } from 'vitest'
import { startApp } from '../../support/app.ts'
import { change, failChange, failInput } from '../../support/change.ts'
import { permissionsOf, rolesOf, usernameOf } from '../../support/look.ts'
import { withoutWriting } from '../../support/rows.ts'
import { createOrganization, createProject, createUser } from '../../support/seed.ts'

const app = startApp()

const RECORD = `id username displayName kind active email isAdmin organization { name } roles { totalCount }
  apiKeys { nodes { label hint isValid readOnly isLimited limits { role { name } } expiresAt revokedAt } }`

describe('creating a user', () => {
  test('makes an active person of the caller’s organization with a first key, without roles', async () => {
    const { secret } = await change(app.root, 'createUser', { username: 'Bob', email: 'bob@example.test' }, 'secret')

    const { user } = await app.root.ok(`{ user(username: "bOB") { ${RECORD} } }`)

    expect(user).toEqual({
      id: expect.stringMatching(/^user_[0-9a-f-]{36}$/),
      username: 'Bob',
      displayName: null,
      kind: 'HUMAN',
      active: true,
      email: 'bob@example.test',
      isAdmin: false,
      organization: { name: 'default' },
      roles: { totalCount: 0 },
      apiKeys: {
        nodes: [
          {
            label: 'first key',
            hint: secret.slice(-4),
            isValid: true,
            readOnly: false,
            isLimited: false,
            limits: [],
            expiresAt: null,
            revokedAt: null,
          },
        ],
      },
    })
    expect(await usernameOf(app.as(secret))).toBe('Bob')
  })

  test('makes no key where none is wanted', async () => {
    const made = await change(app.root, 'createUser', { username: 'bob', withApiKey: false }, 'secret apiKey { id }')

    expect(made).toEqual({ __typename: 'CreateUserPayload', secret: null, apiKey: null })
    const { user } = await app.root.ok('{ user(username: "bob") { apiKeys { totalCount } } }')
    expect(user.apiKeys.totalCount).toBe(0)
  })

  test('puts them into the organization named', async () => {
    await createOrganization(app, 'acme', ['doc.read'])

    const bob = await createUser(app, 'bob', { organization: 'ACME' })

    const { user } = await app.root.ok('{ user(username: "bob") { organization { name } } }')
    expect(user.organization.name).toBe('acme')
    expect(await permissionsOf(bob.client)).toEqual(['doc.read in acme'])
  })

  test('with isAdmin makes an administrator', async () => {
    const alice = await createUser(app, 'alice', { isAdmin: true })

    const { user } = await alice.client.ok('{ user(username: "alice") { isAdmin } }')

    expect(user.isAdmin).toBe(true)
    expect(await rolesOf(app.root, 'alice')).toEqual(['ADMINISTRATOR everywhere'])
  })

  test('with roles grants all of them', async () => {
    await createProject(app, 'apollo')

    await createUser(app, 'bob', {
      roles: [
        { role: 'AUDITOR', organization: 'default' },
        { role: 'VERSION_MANAGER', project: 'apollo' },
      ],
    })

    expect(await rolesOf(app.root, 'bob')).toEqual(['AUDITOR in default', 'VERSION_MANAGER on apollo'])
  })

  test('with one bad role names it and makes nobody', async () => {
    await createProject(app, 'apollo')

    const error = await withoutWriting(app, () =>
      failChange(app.root, 'NotFound', 'createUser', {
        username: 'bob',
        roles: [
          { role: 'VERSION_MANAGER', project: 'apollo' },
          { role: 'VERSION_MANAGER', project: 'gemini' },
        ],
      }),
    )

    expect(error.path).toBe('roles.1.project')
    expect(error.message).toContain('gemini')
  })

  test('of a taken name is a conflict, whatever the case', async () => {
    await createUser(app, 'bob')

    const error = await withoutWriting(app, () => failChange(app.root, 'Conflict', 'createUser', { username: 'BOB' }))

    expect(error.message).toContain('BOB')
  })

  test.each(['root', 'Root', 'api-bob', 'API-bob'])('of the reserved name %s is refused', async (username) => {
    await withoutWriting(app, () => failInput(app.root, ['username'], 'createUser', { username }))
  })
})

describe('changing a user', () => {
  test('leaves what is omitted and clears what is null', async () => {
    await change(app.root, 'createUser', { username: 'bob', displayName: 'Bob B.', email: 'bob@example.test' })

    await change(app.root, 'updateUser', { user: 'bob', email: null })

    const { user } = await app.root.ok('{ user(username: "bob") { username displayName email } }')
    expect(user).toEqual({ username: 'bob', displayName: 'Bob B.', email: null })
  })

  test('clears the display name and leaves the e-mail', async () => {
    await change(app.root, 'createUser', { username: 'bob', displayName: 'Bob B.', email: 'bob@example.test' })

    await change(app.root, 'updateUser', { user: 'bob', displayName: null })

    const { user } = await app.root.ok('{ user(username: "bob") { username displayName email } }')
    expect(user).toEqual({ username: 'bob', displayName: null, email: 'bob@example.test' })
  })

  test('never clears a name', async () => {
    await createUser(app, 'bob')

    await withoutWriting(app, () => failInput(app.root, ['username'], 'updateUser', { user: 'bob', username: null }))
  })

  test('renames them with their keys and roles, and frees the old name', async () => {
    const bob = await createUser(app, 'bob', { roles: [{ role: 'AUDITOR', organization: 'default' }] })

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
    await createUser(app, 'bob')

    const { user } = await change(app.root, 'updateUser', { user: 'bob', username: 'BoB' }, 'user { username }')

    expect(user.username).toBe('BoB')
  })

  test('to a taken name is a conflict, whatever the case', async () => {
    await createUser(app, 'bob')
    await createUser(app, 'carol')

    await withoutWriting(app, () =>
      failChange(app.root, 'Conflict', 'updateUser', { user: 'bob', username: 'CAROL', email: 'c@example.test' }),
    )
  })

  test.each(['root', 'api-bob'])('to the reserved name %s is refused, naming the input', async (username) => {
    await createUser(app, 'bob')

    await withoutWriting(app, () => failInput(app.root, ['username'], 'updateUser', { user: 'bob', username }))
  })

  test('who is not there is not found', async () => {
    const error = await withoutWriting(app, () =>
      failChange(app.root, 'NotFound', 'updateUser', { user: 'nobody', displayName: 'N.' }),
    )

    expect(error).toMatchObject({ code: 'NOT_FOUND', path: 'user', message: 'The user "nobody" was not found.' })
  })
})
