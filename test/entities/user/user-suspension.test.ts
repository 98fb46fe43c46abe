import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { startApp } from '../../support/app.ts'
import { change } from '../../support/change.ts'
import { inDays, permissionsOf, statusOf } from '../../support/look.ts'
import { query, readAudit, uuidOf, withoutWriting } from '../../support/rows.ts'
import { createUser, grantRoles } from '../../support/seed.ts'

const app = startApp()

describe('disabling a user', () => {
  test('refuses their keys at once, and enabling brings back keys and roles', async () => {
    const bob = await createUser(app, 'bob', { roles: [{ role: 'AUDITOR', organization: 'default' }] })

    const disabled = await change(app.root, 'disableUser', { user: 'bob' }, 'changed user { active }')
    const status = await statusOf(bob.client)
    const enabled = await change(app.root, 'enableUser', { user: 'bob' }, 'changed user { active }')

    expect(disabled).toMatchObject({ changed: true, user: { active: false } })
    expect(status).toBe(401)
    expect(enabled).toMatchObject({ changed: true, user: { active: true } })
    expect(await statusOf(bob.client)).toBe(200)
    expect(await permissionsOf(bob.client)).toEqual([
      'access.check in default',
      'audit.read in default',
      'users.read in default',
    ])
  })

  test('twice, or enabling one who is enabled, changes nothing', async () => {
    await createUser(app, 'bob')
    await change(app.root, 'disableUser', { user: 'bob', reason: 'away' })

    const again = await withoutWriting(app, () => change(app.root, 'disableUser', { user: 'bob' }, 'changed'))
    await change(app.root, 'enableUser', { user: 'bob' })
    const twice = await withoutWriting(app, () => change(app.root, 'enableUser', { user: 'bob' }, 'changed'))

    expect(again.changed).toBe(false)
    expect(twice.changed).toBe(false)
  })

  test('for longer than they are disabled already extends it, for shorter changes nothing', async () => {
    const bob = await createUser(app, 'bob')
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

  test('is told apart in the audit by its reason, one row per change', async () => {
    const bob = await createUser(app, 'bob')

    await change(app.root, 'disableUser', { user: 'bob', reason: 'left the company' })

    const rows = await readAudit(app)
    expect(rows.map((row) => row.action)).toEqual(['createUser', 'disableUser'])
    expect(rows[1]).toMatchObject({
      target_type: 'User',
      target_id: uuidOf(bob.id),
      after: { reason: 'left the company', expiresAt: null },
    })
  })

  test('takes the roles’ effect while they stay granted', async () => {
    await createUser(app, 'bob')
    await grantRoles(app, 'bob', [{ role: 'AUDITOR', everywhere: true }])

    await change(app.root, 'disableUser', { user: 'bob' })

    const { user } = await app.root.ok('{ user(username: "bob") { active roles { nodes { name } } } }')
    expect(user).toEqual({ active: false, roles: { nodes: [{ name: 'AUDITOR' }] } })
  })
})

describe('a suspension with a planned end', () => {
  test('holds until its end and not a moment longer, and another one leaves its row alone', async () => {
    const bob = await createUser(app, 'bob')
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
