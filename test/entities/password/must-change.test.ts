/** Whether the user of a password must change it first: who decides that, who sees it, and what the audit keeps. */
import { sql } from 'drizzle-orm'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { describe, expect, test } from 'vitest'
import { startApp } from '../../support/app.ts'
import { change, changeDocument, failChange } from '../../support/change.ts'
import { statusOf } from '../../support/look.ts'
import { missingOf } from '../../support/missing.ts'
import { query, readAudit, uuidOf, withoutWriting } from '../../support/rows.ts'
import { createUser } from '../../support/seed.ts'
import { createPerson, OTHER_PASSWORD, PASSWORD, signIn } from '../../support/sessions.ts'

const app = startApp()

/** bob, who chose PASSWORD himself and has a key; and dan, who has a key alone. */
const given = app.world(async () => {
  const { id, key } = await createPerson(app, 'bob', { withApiKey: true })
  return { bob: { id, client: app.as(key ?? '') }, dan: await createUser(app, 'dan') }
})

const SET = { user: 'bob', password: OTHER_PASSWORD }
const ASKED = '{ user(username: "bob") { mustChangePassword } }'

async function mustChange(username = 'bob'): Promise<boolean | null> {
  const document = 'query ($username: String!) { user(username: $username) { mustChangePassword } }'
  return (await app.root.ok(document, { username })).user.mustChangePassword
}

describe('a password that another user sets', () => {
  test.each([
    ['omitted', {}, true],
    ['true', { mustChangePassword: true }, true],
    ['false', { mustChangePassword: false }, false],
  ])('must be changed unless mustChangePassword is false: %s', async (_what, input, expected) => {
    given()

    await change(app.root, 'setUserPassword', { ...SET, ...input })
    await change(app.root, 'createUser', { username: 'erin', password: PASSWORD, ...input })

    expect([await mustChange('bob'), await mustChange('erin')]).toEqual([expected, expected])
    expect((await signIn(app, 'bob', OTHER_PASSWORD)).mustChangePassword).toBe(expected)
    expect((await signIn(app, 'erin')).mustChangePassword).toBe(expected)
  })

  test('ends all sessions of the user, as any other', async () => {
    given()
    const { client } = await signIn(app, 'bob')

    await change(app.root, 'setUserPassword', SET)

    expect(await statusOf(client)).toBe(401)
  })

  test('can be set again so that it need not be changed', async () => {
    given()
    await change(app.root, 'setUserPassword', SET)

    await change(app.root, 'setUserPassword', { ...SET, mustChangePassword: false })

    const { client, mustChangePassword } = await signIn(app, 'bob', OTHER_PASSWORD)
    expect(mustChangePassword).toBe(false)
    expect(await client.ok('{ users { totalCount } }')).toEqual({ users: { totalCount: 1 } })
  })

  test('is not the caller’s own, which setUserPassword never sets', async () => {
    await change(app.root, 'changePassword', { newPassword: PASSWORD })

    await withoutWriting(app, () =>
      failChange(app.root, 'ConflictError', 'setUserPassword', { ...SET, user: 'root', mustChangePassword: false }),
    )

    expect(await mustChange('root')).toBe(false)
  })

  test('stays as it is in a dry run', async () => {
    given()

    await withoutWriting(app, () => app.root.ok(changeDocument('setUserPassword'), { input: SET, dryRun: true }))

    expect(await mustChange()).toBe(false)
  })
})

describe('user { mustChangePassword }', () => {
  test('is null for a user without a password, also where one was asked for without it', async () => {
    given()

    await change(app.root, 'createUser', { username: 'erin', mustChangePassword: true })

    expect([await mustChange('dan'), await mustChange('erin'), await mustChange()]).toEqual([null, null, false])
    expect(await query(app, sql`select count(*)::int as count from passwords`)).toEqual([{ count: 1 }])
  })

  test('is told to a manager of the organization, and not to the user or to a reader', async () => {
    const { bob } = given()
    await change(app.root, 'setUserPassword', SET)
    const roles = [{ role: 'ORGANIZATION_ADMIN', organization: 'default' }]
    const manager = await createUser(app, 'man', { roles })
    const auditor = await createUser(app, 'aud', { roles: [{ role: 'AUDITOR', organization: 'default' }] })

    expect(await manager.client.ok(ASKED)).toEqual({ user: { mustChangePassword: true } })
    for (const client of [bob.client, auditor.client]) {
      const { data, errors } = await client.send(ASKED)
      expect(data).toEqual({ user: { mustChangePassword: null } })
      expect(errors.map(({ extensions }) => [extensions.code, missingOf(extensions)])).toEqual([
        ['FORBIDDEN', ['users.manage']],
      ])
    }
  })
})

test('the audit says where it turned, and only there', async () => {
  const { bob, dan } = given()
  await change(app.root, 'setUserPassword', SET)
  await change(app.root, 'setUserPassword', SET)
  await change(bob.client, 'changePassword', { currentPassword: OTHER_PASSWORD, newPassword: PASSWORD })
  await change(bob.client, 'changePassword', { currentPassword: PASSWORD, newPassword: OTHER_PASSWORD })
  await change(app.root, 'setUserPassword', { ...SET, user: 'dan' })
  await change(app.root, 'createUser', { username: 'erin', password: PASSWORD })

  const rows = (await readAudit(app)).slice(-6).map(({ before, after }) => [before, after])

  const set = { password: 'set', endedApiKeys: 0 }
  const [turnedOn, turnedOff] = [
    [{ mustChangePassword: false }, { ...set, mustChangePassword: true }],
    [{ mustChangePassword: true }, { ...set, mustChangePassword: false }],
  ]
  expect(rows.slice(0, 5)).toEqual([turnedOn, [null, set], turnedOff, [null, set], turnedOn])
  expect(rows[5]).toEqual([null, expect.objectContaining({ password: 'set', mustChangePassword: true })])
  expect(uuidOf(dan.id)).toBe((await readAudit(app)).at(-2)?.target_id)
})

describe('another service', () => {
  const VERIFY = 'query ($token: String!) { verifySession(token: $token) { username permissions { name } } }'
  const verify = async (token: string) => (await app.root.ok(VERIFY, { token })).verifySession?.username ?? null
  /** Verifies a token as a service does that asks only for the public keys. */
  const verifySignature = (token: string) =>
    jwtVerify(token, createRemoteJWKSet(new URL('/.well-known/jwks.json', app.url))).then(
      ({ payload }) => payload.preferred_username,
      (error: { code: string }) => error.code,
    )

  test('accepts no session whose password must be changed, whether it asks the server or reads the token', async () => {
    given()
    await change(app.root, 'setUserPassword', SET)

    const { token } = await signIn(app, 'bob', OTHER_PASSWORD)

    expect([await verify(token), await verifySignature(token)]).toEqual([null, 'ERR_JOSE_NOT_SUPPORTED'])
  })

  test('accepts it once it was changed; for a service that reads the token, the user signs in again', async () => {
    given()
    await change(app.root, 'setUserPassword', SET)
    const { token, client } = await signIn(app, 'bob', OTHER_PASSWORD)

    await change(client, 'changePassword', { currentPassword: OTHER_PASSWORD, newPassword: PASSWORD })
    const again = await signIn(app, 'bob')

    expect([await verify(token), await verify(again.token)]).toEqual(['bob', 'bob'])
    expect(await verifySignature(again.token)).toBe('bob')
    expect(await statusOf(client)).toBe(200)
  })

  test('is told the same of the user’s keys as before', async () => {
    const { dan } = given()
    const document = 'query ($secret: String!) { verifyApiKey(secret: $secret) { username } }'
    const question = { questions: [{ permission: { permission: 'users.read', everywhere: true } }] }

    await change(app.root, 'setUserPassword', { ...SET, user: 'dan' })

    expect(await app.root.ok(document, { secret: dan.key })).toEqual({ verifyApiKey: { username: 'dan' } })
    const asked = 'query ($input: CheckAccessInput!) { checkAccess(input: $input) { code } }'
    expect(await app.root.ok(asked, { input: { user: 'dan', ...question } })).toEqual({
      checkAccess: [{ code: 'NOT_HELD' }],
    })
  })
})
