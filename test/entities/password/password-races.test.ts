import { type SQL, sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { type Database, readRows, type Transaction } from '../../../src/db/database.ts'
import { type Answer, startApp } from '../../support/app.ts'
import { change, changeDocument } from '../../support/change.ts'
import { isPostgres } from '../../support/database.ts'
import { holdUser, untilWaiting } from '../../support/locks.ts'
import { statusOf } from '../../support/look.ts'
import { query, uuidOf } from '../../support/rows.ts'
import { basic, bearer, createPerson, OTHER_PASSWORD, PASSWORD, SIGN_IN, signIn } from '../../support/sessions.ts'

const app = startApp()
/** bob and anna, who have PASSWORD; anna is an administrator. */
const given = app.world(async () => ({
  bob: await createPerson(app, 'bob'),
  anna: await createPerson(app, 'anna', { isAdmin: true }),
}))

/** Resolves when a statement on this database waits for a lock. */
async function somebodyWaits(tx: Transaction) {
  const waiting = sql`select 1 from pg_locks as l where not l.granted and l.pid in (
    select pid from pg_locks where database = (select oid from pg_database where datname = current_database()))`
  while ((await readRows(tx, waiting)).length === 0) await new Promise((resolve) => setImmediate(resolve))
}

/** Sends a request that waits for the user's row, meanwhile does something to the user, and gives the request's answer. */
async function overtake(database: Database, userId: string, ask: () => Promise<Answer>, meanwhile: SQL) {
  let asking: Promise<Answer> | undefined
  await database.transaction(async (tx) => {
    await tx.execute(sql`select from users where id = ${uuidOf(userId)} for update`)
    asking = ask()
    await somebodyWaits(tx)
    await tx.execute(meanwhile)
  })
  return (await asking) as Answer
}

const SET = sql`update passwords set set_at = clock_timestamp()`
const DELETE = sql`delete from passwords`

// The embedded database has one session: there nothing can be overtaken.
describe.runIf(isPostgres())('a request that is under way', () => {
  test.each([
    ['set again', SET],
    ['taken away', DELETE],
  ])('begins no session if the password was %s meanwhile', async (_what, meanwhile) => {
    const { bob } = given()

    const ask = () => app.nobody.send(SIGN_IN, { username: 'bob', password: PASSWORD })
    const { status, data } = await overtake(app.database, bob.id, ask, meanwhile)

    expect([status, data.signIn.__typename]).toEqual([200, 'WrongCredentialsError'])
    expect(await query(app, sql`select id from sessions`)).toEqual([])
  })

  test.each([
    ['set again', SET],
    ['taken away', DELETE],
  ])('by Basic changes nothing if the password was %s meanwhile', async (_what, meanwhile) => {
    const { anna } = given()
    const client = app.as(basic('anna', PASSWORD))
    await statusOf(client)

    const ask = () => client.send(changeDocument('createProject'), { input: { code: 'apollo' } })
    const { status, data } = await overtake(app.database, anna.id, ask, meanwhile)

    expect([status, data?.createProject ?? null]).toEqual([401, null])
    expect(await query(app, sql`select id from projects`)).toEqual([])
  })

  test('of a session changes nothing if the session was ended meanwhile', async () => {
    const { anna } = given()
    const { client } = await signIn(app, 'anna')

    const ask = () => client.send(changeDocument('createProject'), { input: { code: 'apollo' } })
    const end = sql`update sessions set ended_at = clock_timestamp()`
    const { status, data } = await overtake(app.database, anna.id, ask, end)

    expect([status, data?.createProject ?? null]).toEqual([401, null])
    expect(await query(app, sql`select id from projects`)).toEqual([])
  })

  test('to change the password is a conflict if it was changed meanwhile', async () => {
    const { bob } = given()
    const { client } = await signIn(app, 'bob')
    const input = { currentPassword: PASSWORD, newPassword: OTHER_PASSWORD }

    const ask = () => client.send(changeDocument('changePassword'), { input })
    const { data } = await overtake(app.database, bob.id, ask, SET)

    expect(data.changePassword).toMatchObject({
      __typename: 'ConflictError',
      message: 'The password was changed meanwhile.',
    })
    expect(await statusOf(app.as(basic('bob', PASSWORD)))).toBe(200)
  })

  test('succeeds if nothing happened meanwhile', async () => {
    const { bob } = given()

    const ask = () => app.nobody.send(SIGN_IN, { username: 'bob', password: PASSWORD })
    const { data } = await overtake(app.database, bob.id, ask, sql`select 1`)

    expect(data.signIn.__typename).toBe('SignInPayload')
  })
})

/** Sends the first request and then the second, both of which want bob's row, in this order; gives their answers. */
async function inThisOrder(userId: string, first: () => Promise<Answer>, second: () => Promise<Answer>) {
  const letGo = await holdUser(app, userId)
  const asking = [first()]
  await untilWaiting(app, 1)
  asking.push(second())
  await untilWaiting(app, 2)
  await letGo()
  return Promise.all(asking)
}

describe.runIf(isPostgres())('a sign-in at the moment when its user', () => {
  const ENDS: [string, string, object][] = [
    ['is disabled', 'disableUser', { user: 'bob' }],
    ['is deleted', 'deleteUser', { user: 'bob' }],
    ['is given another password', 'setUserPassword', { user: 'bob', password: OTHER_PASSWORD }],
  ]
  const signInAsBob = () => app.nobody.send(SIGN_IN, { username: 'bob', password: PASSWORD })
  const openSessions = () => query(app, sql`select id from sessions where ended_at is null`)
  /** Reverts the end as far as possible. */
  const bringBack: Record<string, (id: string) => Promise<unknown>> = {
    disableUser: () => change(app.root, 'enableUser', { user: 'bob' }),
    async deleteUser(id) {
      await change(app.root, 'restoreUser', { id })
      await change(app.root, 'enableUser', { user: 'bob' })
    },
    setUserPassword: async () => {},
  }

  test.each(ENDS)('%s is refused and leaves no session, then or later', async (_what, name, input) => {
    const { bob } = given()
    const end = () => app.root.send(changeDocument(name), { input })

    const [ended, late] = await inThisOrder(bob.id, end, signInAsBob)
    const { status, data } = late ?? {}

    expect(ended?.data[name].__typename).toMatch(/Payload$/)
    expect([status, data?.signIn.__typename]).toEqual([200, 'WrongCredentialsError'])
    await bringBack[name]?.(bob.id)
    expect(await openSessions()).toEqual([])
  })

  test.each(ENDS)('%s is ended at once, and stays ended, if it was first', async (_what, name, input) => {
    const { bob } = given()
    const end = () => app.root.send(changeDocument(name), { input })

    const [begun, ended] = await inThisOrder(bob.id, signInAsBob, end)

    const client = app.as(bearer(begun?.data.signIn.token))
    expect(ended?.data[name].__typename).toMatch(/Payload$/)
    expect(await statusOf(client)).toBe(401)
    await bringBack[name]?.(bob.id)
    expect(await statusOf(client)).toBe(401)
    expect(await openSessions()).toEqual([])
  })
})
