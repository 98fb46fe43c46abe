/** Services show a token that somebody showed them, and are told whether its session lasts at this moment. */

import { generateKeyPairSync } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { sql } from 'drizzle-orm'
import { beforeAll, describe, expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { change } from '../support/change.ts'
import { get } from '../support/http.ts'
import { missingOf } from '../support/missing.ts'
import { type RawAnswer, rawAnswer } from '../support/raw.ts'
import { ROOT_KEY } from '../support/root-key.ts'
import { query, uuidOf, withoutWriting } from '../support/rows.ts'
import { createApiKey, createOrganization, createProject, createRole, createUser, grantRoles } from '../support/seed.ts'
import {
  basic,
  createPerson,
  OTHER_PASSWORD,
  PASSWORD,
  SIGN_OUT,
  SIGN_OUT_EVERYWHERE,
  type SignedIn,
  signIn,
} from '../support/sessions.ts'
import { recordStatements, type Statements } from '../support/statements.ts'
import { forge, readPrivateKey, readToken } from '../support/tokens.ts'
import { createGate, statementsOf, wordsOf } from '../support/verify.ts'

const app = startApp()
const given = app.world(startBob)

let statements: Statements
beforeAll(() => {
  statements = recordStatements(app.database)
})

const VERIFY = `query ($token: String!) { verifySession(token: $token) { username expiresAt
  permissions { name organization project expiresAt } user { id username } session { id } } }`

const OF_BOB = ['doc.read in acme', 'version.create on apollo', 'version.delete on apollo', 'version.update on apollo']

/** Bob of the organization acme, whose members hold doc.read, who keeps the versions of its project apollo, signed in. */
async function startBob() {
  await createOrganization(app, 'acme', ['doc.read'])
  await createProject(app, 'apollo', 'acme')
  const roles = [{ role: 'VERSION_MANAGER', project: 'apollo' }]
  const { id } = await createPerson(app, 'bob', { organization: 'acme', roles })
  return { id, ...(await signIn(app, 'bob')) }
}

/** What is told of a token. */
async function verify(token: string, gate = app.root) {
  const { verifySession } = await gate.ok(VERIFY, { token })
  return verifySession && { ...verifySession, permissions: wordsOf(verifySession.permissions) }
}

describe('a session that lasts', () => {
  test('is answered with its user, the session, its end, and all permissions of the user with their places', async () => {
    const bob = given()
    const { viewer } = await bob.client.ok('{ viewer { session { id } } }')

    expect(await verify(bob.token)).toEqual({
      ...{ username: 'bob', expiresAt: bob.expiresAt, permissions: OF_BOB },
      ...{ user: { id: bob.id, username: 'bob' }, session: viewer.session },
    })
  })

  test('loses a permission as soon as its user loses it', async () => {
    const { token } = given()
    await createRole(app, 'EDITOR', ['doc.edit'])
    const roles = [{ role: 'EDITOR', everywhere: true }]

    await grantRoles(app, 'bob', roles)
    expect((await verify(token)).permissions).toEqual(['doc.edit everywhere', ...OF_BOB])
    await change(app.root, 'revokeRoles', { user: 'bob', roles })
    expect((await verify(token)).permissions).toEqual(OF_BOB)
    await change(app.root, 'updateOrganization', { organization: 'acme', removeBasePermissions: ['doc.read'] })
    expect((await verify(token)).permissions).toEqual(OF_BOB.slice(1))
  })

  test('survives the user’s other sign-outs', async () => {
    const bob = given()
    const other = await signIn(app, 'bob')
    await other.client.ok(SIGN_OUT)

    expect(await verify(other.token)).toBe(null)
    expect((await verify(bob.token)).username).toBe('bob')
  })
})

interface Bob extends SignedIn {
  id: string
}

describe('a token of no session, of an ended session, or of a hidden session is answered with null', () => {
  let missing: RawAnswer

  async function startGate() {
    const bob = given()
    const gate = await createGate(app, 'gate', 'acme')
    missing = await rawAnswer(app, gate.key, VERIFY, { token: 'nothing' })
    expect(missing).toMatchObject({ status: 200, body: '{"data":{"verifySession":null}}' })
    return { bob, gate }
  }

  test.each<[string, (bob: Bob) => Promise<unknown>]>([
    ['signed out', ({ client }) => client.ok(SIGN_OUT)],
    ['signed out everywhere by another', () => app.root.ok(SIGN_OUT_EVERYWHERE, { input: { user: 'bob' } })],
    [
      'expired',
      () =>
        query(
          app,
          sql`update sessions set created_at = created_at - interval '2 hours', expires_at = now() - interval '1 second'`,
        ),
    ],
    ['of a disabled user', () => change(app.root, 'disableUser', { user: 'bob' })],
    [
      'of a user who was disabled and enabled',
      async () => {
        await change(app.root, 'disableUser', { user: 'bob' })
        await change(app.root, 'enableUser', { user: 'bob' })
      },
    ],
    ['of a deleted user', () => change(app.root, 'deleteUser', { user: 'bob' })],
    [
      'of a user who was deleted and restored',
      async ({ id }) => {
        await change(app.root, 'deleteUser', { user: 'bob' })
        await change(app.root, 'restoreUser', { id })
        await change(app.root, 'enableUser', { user: 'bob' })
      },
    ],
    [
      'of before another set their password',
      () => change(app.root, 'setUserPassword', { user: 'bob', password: OTHER_PASSWORD }),
    ],
    [
      'of before they changed their password with another session',
      async () => {
        const { client } = await signIn(app, 'bob')
        await change(client, 'changePassword', { currentPassword: PASSWORD, newPassword: OTHER_PASSWORD })
      },
    ],
  ])('%s', async (_name, end) => {
    const { bob, gate } = await startGate()
    expect((await verify(bob.token, gate.client)).username).toBe('bob')
    await end(bob)

    const answer = await withoutWriting(app, () => rawAnswer(app, gate.key, VERIFY, { token: bob.token }))

    expect(answer).toEqual(missing)
  })

  test('of a user of another organization', async () => {
    const { bob, gate } = await startGate()
    await createPerson(app, 'zoe')
    const zoe = await signIn(app, 'zoe')

    expect(await rawAnswer(app, gate.key, VERIFY, { token: zoe.token })).toEqual(missing)
    expect((await verify(bob.token, gate.client)).username).toBe('bob')
  })

  test('forged, garbled, or something else', async () => {
    const { bob, gate } = await startGate()
    const { header, payload } = readToken(bob.token)
    const theirs = generateKeyPairSync('ed25519').privateKey
    const own = await readPrivateKey(app)
    const [first, second, third = ''] = bob.token.split('.')
    const { key } = await createApiKey(app.root, { user: 'bob' })
    const other = await signIn(app, 'bob')
    const hour = 3600
    const tokens = {
      'signed by another': forge(theirs, header, payload),
      'without a signature': forge(theirs, { ...header, alg: 'none' }, payload).replace(/[^.]+$/, ''),
      'of another algorithm': forge(own, { ...header, alg: 'HS256' }, payload),
      'of a key id that is none': forge(own, { ...header, kid: uuidOf(bob.id) }, payload),
      'of no session': forge(own, header, { ...payload, sid: uuidOf(bob.id) }),
      'of another user': forge(own, header, { ...payload, sub: uuidOf(gate.id) }),
      'of a longer life': forge(own, header, { ...payload, exp: Number(payload.exp) + hour }),
      'of no end': forge(own, header, { ...payload, exp: undefined }),
      'from the future': forge(own, header, { ...payload, iat: Number(payload.iat) + hour }),
      'for somebody else': forge(own, header, { ...payload, aud: 'somebody else' }),
      'another’s signature': [first, second, other.token.split('.')[2]].join('.'),
      'a byte of the signature altered': [first, second, `${third.startsWith('A') ? 'B' : 'A'}${third.slice(1)}`].join(
        '.',
      ),
      'an end that was cut off': bob.token.slice(0, -1),
      'a space behind it': `${bob.token} `,
      'the word Bearer before it': `Bearer ${bob.token}`,
      'a key': key,
      'root’s key': ROOT_KEY,
      'a password': PASSWORD,
      nothing: '',
      dots: '..',
      'a long text': 'eyJ'.repeat(5000),
    }

    const taken: string[] = []
    for (const [what, token] of Object.entries(tokens)) {
      const answer = await rawAnswer(app, gate.key, VERIFY, { token })
      if (!isDeepStrictEqual(answer, missing)) taken.push(what)
    }
    expect(taken).toEqual([])
    expect((await verify(bob.token, gate.client)).username).toBe('bob')
    expect((await verify(forge(own, header, payload), gate.client)).username).toBe('bob')
  })
})

describe('the caller', () => {
  test('needs access.check, also for their own token', async () => {
    const bob = given()
    await createRole(app, 'MANAGER', ['users.read', 'users.manage', 'audit.read'])
    const eve = await createUser(app, 'eve', { roles: [{ role: 'MANAGER', everywhere: true }] })

    for (const client of [eve.client, bob.client, app.as(basic('bob', PASSWORD))]) {
      const { path, extensions } = await client.refused('FORBIDDEN', VERIFY, { token: bob.token })
      expect([path, missingOf(extensions)]).toEqual([['verifySession'], ['access.check']])
    }
  })

  test('gets the name and the permissions, and of user and session only what they may read', async () => {
    const bob = given()
    const gate = await createGate(app, 'gate', 'acme')
    const auditor = await createUser(app, 'aud', { roles: [{ role: 'AUDITOR', organization: 'acme' }] })
    const { viewer } = await bob.client.ok('{ viewer { session { id } } }')
    const told = { username: 'bob', expiresAt: bob.expiresAt, permissions: OF_BOB }

    expect(await verify(bob.token, gate.client)).toEqual({ ...told, user: null, session: null })
    expect(await verify(bob.token, auditor.client)).toEqual({
      ...{ ...told, user: { id: bob.id, username: 'bob' }, session: viewer.session },
    })
  })
})

describe('the token comes in a variable, by POST', () => {
  test('is refused in the document', async () => {
    const { token } = given()

    const error = await app.root.refused('BAD_USER_INPUT', `{ verifySession(token: "${token}") { username } }`)

    expect(error.message).toContain('"token"')
    expect(JSON.stringify(error)).not.toContain(token)
  })

  test('is refused in a URL', async () => {
    const { token } = given()

    const response = await get(app, { query: VERIFY, variables: JSON.stringify({ token }) })

    const { data, errors } = await response.json()
    expect(data).toEqual({ verifySession: null })
    expect(errors[0].extensions.code).toBe('BAD_USER_INPUT')
    expect(errors[0].message).toContain('"token"')
    expect(JSON.stringify(errors)).not.toContain(token)
  })
})

test('verifySession runs one statement, which also proves its caller; text that cannot be a token costs the proof alone', async () => {
  const { token } = given()
  const gate = await createGate(app, 'gate', 'acme')
  // The key that signs is read once, and kept.
  await verify(token, gate.client)

  expect(await statementsOf(statements, gate.client, VERIFY, { token })).toHaveLength(1)
  expect(await statementsOf(statements, gate.client, VERIFY, { token: `${token}x` })).toHaveLength(1)
  expect(await statementsOf(statements, gate.client, VERIFY, { token: 'nonsense' })).toHaveLength(1)
})
