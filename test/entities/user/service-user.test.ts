import { describe, expect, test } from 'vitest'
import { startApp } from '../../support/app.ts'
import { change, failChange, failInput } from '../../support/change.ts'
import { permissionsOf, rolesOf, statusOf, usernameOf } from '../../support/look.ts'
import { readAudit, withoutWriting } from '../../support/rows.ts'
import { createOrganization, createProject, grantRoles } from '../../support/seed.ts'

const app = startApp()

const EMAIL = 'carol@example.test'

/** The organization acme, and the project apollo. */
app.world(async () => {
  await createOrganization(app, 'acme', ['version.read'])
  await createProject(app, 'apollo')
})

function createServiceUser(input: object) {
  return change(
    app.root,
    'createServiceUser',
    { username: 'test', email: EMAIL, ...input },
    'secret created apiKey { label } user { id username displayName email kind isActive isAdmin roles { totalCount } }',
  )
}

describe('creating a service user', () => {
  test('puts api- before the name and shows the token of its first key', async () => {
    const made = await createServiceUser({ displayName: 'CodePipeline Uploader' })

    expect(made).toMatchObject({
      created: true,
      apiKey: { label: 'first key' },
      user: {
        username: 'api-test',
        displayName: 'CodePipeline Uploader',
        email: EMAIL,
        kind: 'SERVICE',
        isActive: true,
        isAdmin: false,
        roles: { totalCount: 0 },
      },
    })
    expect(await usernameOf(app.as(made.secret))).toBe('api-test')
  })

  test.each(['api-test', 'API-test'])('does not change the name %s', async (username) => {
    const { user } = await createServiceUser({ username })

    expect(user.username).toBe(username)
  })

  test('without roles gives it the permissions of every member', async () => {
    const { secret } = await createServiceUser({ organization: 'acme' })

    expect(await permissionsOf(app.as(secret))).toEqual(['version.read in acme'])
  })

  test('grants the named roles', async () => {
    await createServiceUser({ roles: [{ role: 'VERSION_MANAGER', project: 'apollo' }] })

    expect(await rolesOf(app.root, 'api-test')).toEqual(['VERSION_MANAGER on apollo'])
  })

  test.each([{}, { ifExists: 'FAIL' }])(
    'again with %j is a conflict, with and without the prefix',
    async (ifExists) => {
      await createServiceUser({})

      for (const username of ['test', 'TEST', 'api-test']) {
        const error = await withoutWriting(app, () =>
          failChange(app.root, 'ConflictError', 'createServiceUser', { username, email: EMAIL, ...ifExists }),
        )
        expect(error.message).toMatch(/api-test/i)
      }
    },
  )

  test('is refused with an empty name after the prefix', async () => {
    for (const username of ['', 'api-']) {
      await withoutWriting(app, () =>
        failInput(app.root, ['username'], 'createServiceUser', { username, email: EMAIL }),
      )
    }
  })
})

describe('creating a service user with ifExists: UPDATE', () => {
  const given = app.world(() => createServiceUser({ displayName: 'Uploader' }))

  test.each(['test', 'api-test', 'API-TEST'])(
    'of the existing user %s updates it and shows no token',
    async (username) => {
      const first = given()
      const roles = [{ role: 'VERSION_MANAGER', project: 'apollo' }]

      const again = await createServiceUser({ username, ifExists: 'UPDATE', email: 'dave@example.test', roles })

      expect(again).toMatchObject({ created: false, secret: null, apiKey: null })
      expect(again.user).toMatchObject({ id: first.user.id, username: 'api-test', email: 'dave@example.test' })
      expect(again.user.displayName).toBe('Uploader')
      expect(await rolesOf(app.root, 'api-test')).toEqual(['VERSION_MANAGER on apollo'])
      const { user } = await app.root.ok('{ user(username: "api-test") { apiKeys { totalCount } } }')
      expect(user.apiKeys.totalCount).toBe(1)
      expect(await statusOf(app.as(first.secret))).toBe(200)
    },
  )

  test('clears the display name if it is null', async () => {
    const { user } = await createServiceUser({ ifExists: 'UPDATE', displayName: null })

    expect(user.displayName).toBe(null)
  })

  test('revokes no role and grants no role twice', async () => {
    const roles = [{ role: 'VERSION_MANAGER', project: 'apollo' }]
    await grantRoles(app, 'api-test', roles)

    await createServiceUser({ ifExists: 'UPDATE' })
    await createServiceUser({ ifExists: 'UPDATE', roles })

    expect(await rolesOf(app.root, 'api-test')).toEqual(['VERSION_MANAGER on apollo'])
  })

  test('of a user that does not exist creates it, with a token', async () => {
    const before = (await readAudit(app)).length

    const made = await createServiceUser({ ifExists: 'UPDATE', username: 'other' })

    expect(made.created).toBe(true)
    expect(await usernameOf(app.as(made.secret))).toBe('api-other')
    expect((await readAudit(app)).slice(before).map((row) => row.action)).toEqual(['createServiceUser'])
  })

  test('with another organization is a conflict: a user keeps their organization', async () => {
    await withoutWriting(app, () =>
      failChange(app.root, 'ConflictError', 'createServiceUser', {
        username: 'test',
        email: EMAIL,
        ifExists: 'UPDATE',
        organization: 'acme',
      }),
    )
  })
})

describe('a service user', () => {
  const given = app.world(() => createServiceUser({}))

  test('can’t lose the prefix of its name', async () => {
    await withoutWriting(app, () =>
      failInput(app.root, ['username'], 'updateUser', { user: 'api-test', username: 'test' }),
    )
  })

  test('can be renamed if the new name has the prefix', async () => {
    const input = { user: 'api-test', username: 'api-upload' }
    const { user } = await change(app.root, 'updateUser', input, 'user { username kind }')

    expect(user).toEqual({ username: 'api-upload', kind: 'SERVICE' })
  })

  test('can’t lose its e-mail address', async () => {
    const { data } = await withoutWriting(app, () =>
      app.root.send(`mutation { updateUser(input: { user: "api-test", email: null }) { __typename } }`),
    )

    expect(['ConflictError', 'InvalidInputError']).toContain(data.updateUser.__typename)
  })

  test('frees its name if it is deleted, and keeps its kind if it is restored', async () => {
    const { user } = given()
    await change(app.root, 'deleteUser', { user: 'api-test' })
    const next = await createServiceUser({})
    expect(next.user.id).not.toBe(user.id)

    await withoutWriting(app, () => failInput(app.root, ['username'], 'restoreUser', { id: user.id, username: 'test' }))
    const restored = await change(
      app.root,
      'restoreUser',
      { id: user.id, username: 'api-old' },
      'user { username kind isActive }',
    )

    expect(restored.user).toEqual({ username: 'api-old', kind: 'SERVICE', isActive: false })
  })
})
