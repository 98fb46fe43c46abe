import { describe, expect, test } from 'vitest'
import { startApp } from '../../support/app.ts'
import { change, failChange, failInput } from '../../support/change.ts'
import { permissionsOf, rolesOf, statusOf, usernameOf } from '../../support/look.ts'
import { readAudit, withoutWriting } from '../../support/rows.ts'
import { createOrganization, createProject } from '../../support/seed.ts'

const app = startApp()

const EMAIL = 'carol@example.test'

function createServiceUser(input: object) {
  return change(
    app.root,
    'createServiceUser',
    { username: 'test', email: EMAIL, ...input },
    'secret created apiKey { label } user { id username displayName email kind active isAdmin roles { totalCount } }',
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
        active: true,
        isAdmin: false,
        roles: { totalCount: 0 },
      },
    })
    expect(await usernameOf(app.as(made.secret))).toBe('api-test')
  })

  test.each(['api-test', 'API-test'])('takes the name %s as it is', async (username) => {
    const { user } = await createServiceUser({ username })

    expect(user.username).toBe(username)
  })

  test('without roles may do what every member may', async () => {
    await createOrganization(app, 'acme', ['version.read'])

    const { secret } = await createServiceUser({ organization: 'acme' })

    expect(await permissionsOf(app.as(secret))).toEqual(['version.read in acme'])
  })

  test('grants the roles named', async () => {
    await createProject(app, 'apollo')

    await createServiceUser({ roles: [{ role: 'VERSION_MANAGER', project: 'apollo' }] })

    expect(await rolesOf(app.root, 'api-test')).toEqual(['VERSION_MANAGER on apollo'])
  })

  test.each([{}, { ifExists: 'FAIL' }])('again is a conflict with %j, prefixed or not', async (ifExists) => {
    await createServiceUser({})

    for (const username of ['test', 'TEST', 'api-test']) {
      const error = await withoutWriting(app, () =>
        failChange(app.root, 'Conflict', 'createServiceUser', { username, email: EMAIL, ...ifExists }),
      )
      expect(error.message).toMatch(/api-test/i)
    }
  })

  test('needs a name of its own beside the prefix', async () => {
    for (const username of ['', 'api-']) {
      await withoutWriting(app, () =>
        failInput(app.root, ['username'], 'createServiceUser', { username, email: EMAIL }),
      )
    }
  })
})

describe('creating a service user with ifExists: UPDATE', () => {
  test.each(['test', 'api-test', 'API-TEST'])('of the existing %s updates it and shows no token', async (username) => {
    await createProject(app, 'apollo')
    const first = await createServiceUser({ displayName: 'Uploader' })
    const roles = [{ role: 'VERSION_MANAGER', project: 'apollo' }]

    const again = await createServiceUser({ username, ifExists: 'UPDATE', email: 'dave@example.test', roles })

    expect(again).toMatchObject({ created: false, secret: null, apiKey: null })
    expect(again.user).toMatchObject({ id: first.user.id, username: 'api-test', email: 'dave@example.test' })
    expect(again.user.displayName).toBe('Uploader')
    expect(await rolesOf(app.root, 'api-test')).toEqual(['VERSION_MANAGER on apollo'])
    const { user } = await app.root.ok('{ user(username: "api-test") { apiKeys { totalCount } } }')
    expect(user.apiKeys.totalCount).toBe(1)
    expect(await statusOf(app.as(first.secret))).toBe(200)
  })

  test('clears the display name where it is null', async () => {
    await createServiceUser({ displayName: 'Uploader' })

    const { user } = await createServiceUser({ ifExists: 'UPDATE', displayName: null })

    expect(user.displayName).toBe(null)
  })

  test('takes no role away and grants none twice', async () => {
    await createProject(app, 'apollo')
    const roles = [{ role: 'VERSION_MANAGER', project: 'apollo' }]
    await createServiceUser({ roles })

    await createServiceUser({ ifExists: 'UPDATE' })
    await createServiceUser({ ifExists: 'UPDATE', roles })

    expect(await rolesOf(app.root, 'api-test')).toEqual(['VERSION_MANAGER on apollo'])
  })

  test('of one that is not there makes it, with a token', async () => {
    const made = await createServiceUser({ ifExists: 'UPDATE' })

    expect(made.created).toBe(true)
    expect(await usernameOf(app.as(made.secret))).toBe('api-test')
    expect((await readAudit(app)).map((row) => row.action)).toEqual(['createServiceUser'])
  })

  test('with another home is a conflict: a home is for good', async () => {
    await createOrganization(app, 'acme')
    await createServiceUser({})

    await withoutWriting(app, () =>
      failChange(app.root, 'Conflict', 'createServiceUser', {
        username: 'test',
        email: EMAIL,
        ifExists: 'UPDATE',
        organization: 'acme',
      }),
    )
  })
})

describe('a service user', () => {
  test('keeps the prefix of its name', async () => {
    await createServiceUser({})

    await withoutWriting(app, () =>
      failInput(app.root, ['username'], 'updateUser', { user: 'api-test', username: 'test' }),
    )
  })

  test('is renamed within the prefix', async () => {
    await createServiceUser({})

    const input = { user: 'api-test', username: 'api-upload' }
    const { user } = await change(app.root, 'updateUser', input, 'user { username kind }')

    expect(user).toEqual({ username: 'api-upload', kind: 'SERVICE' })
  })

  test('keeps the e-mail of a person in charge', async () => {
    await createServiceUser({})

    const { data } = await withoutWriting(app, () =>
      app.root.send(`mutation { updateUser(input: { user: "api-test", email: null }) { __typename } }`),
    )

    expect(['Conflict', 'InvalidInput']).toContain(data.updateUser.__typename)
  })

  test('deleted frees its name, and restored keeps its kind', async () => {
    const { user } = await createServiceUser({})
    await change(app.root, 'deleteUser', { user: 'api-test' })
    const next = await createServiceUser({})
    expect(next.user.id).not.toBe(user.id)

    await withoutWriting(app, () => failInput(app.root, ['username'], 'restoreUser', { id: user.id, username: 'test' }))
    const restored = await change(
      app.root,
      'restoreUser',
      { id: user.id, username: 'api-old' },
      'user { username kind active }',
    )

    expect(restored.user).toEqual({ username: 'api-old', kind: 'SERVICE', active: false })
  })
})
