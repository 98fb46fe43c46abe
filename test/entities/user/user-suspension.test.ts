import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { startApp } from '../../support/app.ts'
import { change } from '../../support/change.ts'
import { inDays, permissionsOf, statusOf } from '../../support/look.ts'
import { query, readAudit, uuidOf, withoutWriting } from '../../support/rows.ts'
import { createUser } from '../../support/seed.ts'

const app = startApp()
/** bob, who audits `default`. */
const given = app.world(() => createUser(app, 'bob', { roles: [{ role: 'AUDITOR', organization: 'default' }] }))

describe('disabling a user', () => {
  test('makes the keys of the user invalid at once, and enabling restores keys and roles', async () => {
    const bob = given()

    const disabled = await change(app.root, 'disableUser', { user: 'bob' }, 'changed user { isActive }')
    const status = await statusOf(bob.client)
    const enabled = await change(app.root, 'enableUser', { user: 'bob' }, 'changed user { isActive }')

    expect(disabled).toMatchObject({ changed: true, user: { isActive: false } })
    expect(status).toBe(401)
    expect(enabled).toMatchObject({ changed: true, user: { isActive: true } })
    expect(await statusOf(bob.client)).toBe(200)
    expect(await permissionsOf(bob.client)).toEqual([
      'access.check in default',
      'audit.read in default',
      'users.read in default',
    ])
  })

  test('again changes nothing, and enabling again changes nothing', async () => {
    await change(app.root, 'disableUser', { user: 'bob', reason: 'away' })

    const again = await withoutWriting(app, () => change(app.root, 'disableUser', { user: 'bob' }, 'changed'))
    await change(app.root, 'enableUser', { user: 'bob' })
    const twice = await withoutWriting(app, () => change(app.root, 'enableUser', { user: 'bob' }, 'changed'))

    expect(again.changed).toBe(false)
    expect(twice.changed).toBe(false)
  })

  test('for longer extends the suspension, and for shorter changes nothing', async () => {
    const bob = given()
    await change(app.root, 'disableUser', { user: 'bob', expiresAt: inDays(5) })

    const shorter = await withoutWriting(app, () =>
      change(app.root, 'disableUser', { user: 'bob', expiresAt: inDays(1) }, 'changed'),
    )
    const longer = await change(app.root, 'disableUser', { user: 'bob' }, 'changed')

    expect([shorter.changed, longer.changed]).toEqual([false, true])
    const rows = await query(
      app,
      sql`select ended_at is null as open, expires_at is null as endless from user_suspensions where user_id = ${uuidOf(bob.id)} order by since`,
    )
    expect(rows).toEqual([
      { open: false, endless: false },
      { open: true, endless: true },
    ])
  })

  test('leaves one audit row with its reason', async () => {
    const bob = given()

    await change(app.root, 'disableUser', { user: 'bob', reason: 'left the company' })

    const rows = await readAudit(app)
    expect(rows.map((row) => row.action)).toEqual(['createUser', 'disableUser'])
    expect(rows[1]).toMatchObject({
      target_type: 'User',
      target_id: uuidOf(bob.id),
      after: { reason: 'left the company', expiresAt: null },
    })
  })

  test('keeps the grants of the user', async () => {
    await change(app.root, 'disableUser', { user: 'bob' })

    const { user } = await app.root.ok('{ user(username: "bob") { isActive roles { nodes { name } } } }')
    expect(user).toEqual({ isActive: false, roles: { nodes: [{ name: 'AUDITOR' }] } })
  })
})

describe('a suspension with a planned end', () => {
  test('has effect until its end and not after, and another suspension does not change its row', async () => {
    const bob = given()
    await change(app.root, 'disableUser', { user: 'bob', expiresAt: inDays(1) })
    const before = await statusOf(bob.client)

    await query(
      app,
      sql`update user_suspensions set since = now() - interval '2 hours', expires_at = now() - interval '1 hour'`,
    )

    expect(before).toBe(401)
    expect(await statusOf(bob.client)).toBe(200)
    expect((await change(app.root, 'enableUser', { user: 'bob' }, 'changed')).changed).toBe(false)
    expect((await change(app.root, 'disableUser', { user: 'bob' }, 'changed')).changed).toBe(true)
    const rows = await query(
      app,
      sql`select ended_at = expires_at as at_its_end, ended_by from user_suspensions order by since`,
    )
    expect(rows).toEqual([
      { at_its_end: true, ended_by: null },
      { at_its_end: null, ended_by: null },
    ])
  })
})
