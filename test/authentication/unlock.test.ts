/** An administrator lets a person in who was locked out by wrong passwords. */
import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { change, changeDocument } from '../support/change.ts'
import { at, byBasic, bySignIn, guessRight, guessWrong, outcomeOf, startBehindProxy } from '../support/guesses.ts'
import { missingOf } from '../support/missing.ts'
import { query } from '../support/rows.ts'
import { createUser } from '../support/seed.ts'
import { createPerson, OTHER_PASSWORD, PASSWORD } from '../support/sessions.ts'

const app = startBehindProxy()

const HERE = '203.0.113.9'
const ELSEWHERE = '198.51.100.7'

/**
 * bob, carol and anna, who have PASSWORD and were locked out from two addresses, and mallory, who was locked out from one. What the server
 * remembers of a right password is not forgotten between tests: who must be locked out is let in by no other test.
 */
const given = app.world(async () => {
  const bob = await createPerson(app, 'bob', { withApiKey: true })
  const carol = await createPerson(app, 'carol', { withApiKey: true })
  await createPerson(app, 'anna')
  await createPerson(app, 'mallory')
  for (const username of ['bob', 'carol', 'anna'])
    for (const address of [HERE, ELSEWHERE]) await guessWrong(app, 10, address, { username })
  await guessWrong(app, 10, HERE, { username: 'mallory' })
  const withKey = (key: string | null) => app.as({ ...at('192.0.2.1'), 'api-key': key ?? '' })
  return { bob: withKey(bob.key), carol: withKey(carol.key) }
})

async function outcomes(username: string, password = PASSWORD): Promise<string[]> {
  const answers = []
  for (const address of [HERE, ELSEWHERE]) {
    for (const guess of [bySignIn, byBasic]) answers.push(outcomeOf(await guess(app, address, username, password)))
  }
  return answers
}

const IN = Array(4).fill('in')
const LOCKED = Array(4).fill('limited')
const lockedUntil = '{ user(username: "bob") { signInLockedUntil } }'

describe('a user who was locked out', () => {
  test('can sign in at once after unlockUser, from each address and in each way', async () => {
    given()
    expect(await outcomes('anna')).toEqual(LOCKED)

    const { changed, user } = await change(app.root, 'unlockUser', { user: 'ANNA' }, 'changed user { username }')

    expect([changed, user]).toEqual([true, { username: 'anna' }])
    expect(await outcomes('anna')).toEqual(IN)
    expect(await guessRight(app, HERE, { username: 'mallory' })).toBe('limited')
  })

  test('can sign in at once with the password that an administrator sets', async () => {
    given()

    await change(app.root, 'setUserPassword', { user: 'bob', password: OTHER_PASSWORD })

    expect(await outcomes('bob', OTHER_PASSWORD)).toEqual(IN)
    expect(await guessRight(app, HERE, { username: 'mallory' })).toBe('limited')
  })

  test('can sign in at once with the password that they set themselves', async () => {
    const { bob } = given()

    await change(bob, 'changePassword', { currentPassword: PASSWORD, newPassword: OTHER_PASSWORD })

    expect(await outcomes('bob', OTHER_PASSWORD)).toEqual(IN)
  })

  test('stays locked out after dry runs', async () => {
    const { carol } = given()
    const dry = { dryRun: true }

    const passwords = { currentPassword: PASSWORD, newPassword: OTHER_PASSWORD }
    const setting = { user: 'carol', password: OTHER_PASSWORD }
    await app.root.ok(changeDocument('unlockUser'), { input: { user: 'carol' }, ...dry })
    await app.root.ok(changeDocument('setUserPassword'), { input: setting, ...dry })
    await carol.ok(changeDocument('changePassword'), { input: passwords, ...dry })

    expect(await outcomes('carol')).toEqual(LOCKED)
  })

  test('has a fresh count of ten after unlockUser', async () => {
    given()
    await change(app.root, 'unlockUser', { user: 'bob' })

    const wrong = await guessWrong(app, 11, HERE, { from: 20 })

    expect(wrong).toEqual([...Array(10).fill('wrong'), 'limited'])
  })

  test('is not let in from an address that has guessed at too many users', async () => {
    given()
    await query(app, sql`update password_guesses set points = 100 where key like 'address:%'`)

    await change(app.root, 'unlockUser', { user: 'bob' })

    expect(await guessRight(app, HERE)).toBe('limited')
  })
})

describe('unlockUser', () => {
  test('changes nothing twice, and nothing where the count has ended', async () => {
    given()
    await query(app, sql`update password_guesses set expire = now() - interval '1 second' where points = 10`)
    await guessWrong(app, 3, HERE)

    const changes = []
    for (const user of ['bob', 'bob', 'mallory'])
      changes.push(await change(app.root, 'unlockUser', { user }, 'changed'))

    expect(changes.map(({ changed }) => changed)).toEqual([true, false, false])
  })

  test('is refused to the user themselves and to a caller who only reads users', async () => {
    const { bob } = given()
    const auditor = await createUser(app, 'aud', { roles: [{ role: 'AUDITOR', organization: 'default' }] })

    for (const client of [bob, auditor.client]) {
      const { extensions } = await client.refused('FORBIDDEN', changeDocument('unlockUser'), { input: { user: 'bob' } })
      expect(missingOf(extensions)).toEqual(['users.manage'])
    }

    expect(await guessRight(app, HERE)).toBe('limited')
  })
})

describe('signInLockedUntil', () => {
  test('is the end of the last lock, and null before and after it', async () => {
    given()
    const { user } = await app.root.ok(lockedUntil)
    const [row] = await query<{ last: string }>(
      app,
      sql`select max(expire)::text as last from password_guesses where points = 10 and key not like 'address:%'`,
    )

    expect(Math.abs(Date.parse(user.signInLockedUntil) - Date.now() - 900_000)).toBeLessThan(60_000)
    expect(Date.parse(user.signInLockedUntil)).toBeLessThanOrEqual(Date.parse(row?.last ?? ''))
    await change(app.root, 'unlockUser', { user: 'bob' })
    await guessWrong(app, 9, HERE)
    expect(await app.root.ok(lockedUntil)).toEqual({ user: { signInLockedUntil: null } })
    await guessWrong(app, 1, HERE, { from: 9 })
    await query(app, sql`update password_guesses set expire = now() - interval '1 second'`)
    expect(await app.root.ok(lockedUntil)).toEqual({ user: { signInLockedUntil: null } })
  })

  test('is told to a manager of the organization, and not to the user or to a reader', async () => {
    const { bob } = given()
    const roles = [{ role: 'ORGANIZATION_ADMIN', organization: 'default' }]
    const manager = await createUser(app, 'man', { roles })
    const auditor = await createUser(app, 'aud', { roles: [{ role: 'AUDITOR', organization: 'default' }] })

    const { user } = await manager.client.ok(lockedUntil)

    expect(Date.parse(user.signInLockedUntil)).toBeGreaterThan(Date.now())
    for (const client of [bob, auditor.client]) {
      const { data, errors } = await client.send(lockedUntil)
      expect(data).toEqual({ user: { signInLockedUntil: null } })
      expect(errors.map(({ extensions }) => [extensions.code, missingOf(extensions)])).toEqual([
        ['FORBIDDEN', ['users.manage']],
      ])
    }
  })
})
