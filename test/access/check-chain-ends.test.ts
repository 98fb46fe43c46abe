/** Until when a way lets: the earliest end of anything it rests on. */
import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { change } from '../support/change.ts'
import { have, wayInWords } from '../support/check.ts'
import { inDays } from '../support/look.ts'
import { query } from '../support/rows.ts'
import { ACME, APOLLO, addBase, BOB, EDIT, giveLevel, grant, LOGIN, startBob } from './check/bob.ts'
import { chainOf } from './check/chain.ts'

const app = startApp()
app.world(() => startBob(app))

/** Plans the end of what is never given one by a mutation. */
const endIn = (table: string, hours: number) =>
  query(
    app,
    sql`update ${sql.identifier(table)} set expires_at = date_trunc('milliseconds', now() + ${`${hours} hours`}::interval)
      where permission in ('doc.edit', 'controllers.manage') returning expires_at::text`,
  )

describe('until when: the earliest end of anything it rests on', () => {
  const untilOf = async (question: object) => {
    const ways = await chainOf(app.root, BOB, question)
    return Object.fromEntries(ways.map((way) => [wayInWords(way), way.expiresAt]))
  }
  const endOf = (rows: Record<string, unknown>[]) => new Date(String(rows[0]?.expires_at)).toISOString()

  test('of a grant, or of the permission in its role', async () => {
    const [soon, late] = [inDays(1), inDays(9)]
    await grant(app.root, { role: 'EDITOR', ...APOLLO, expiresAt: soon }, { role: 'EDITOR', ...ACME, expiresAt: late })
    await grant(app.root, { role: 'EDITOR', everywhere: true })
    const ways = ['ALLOWED ROLE EDITOR everywhere', 'ALLOWED ROLE EDITOR in acme', 'ALLOWED ROLE EDITOR on apollo']
    const [everywhere = '', inAcme = '', onApollo = ''] = ways
    expect(await untilOf(EDIT)).toEqual({ [everywhere]: null, [inAcme]: late, [onApollo]: soon })

    const word = endOf(await endIn('role_permissions', 72))

    expect(await untilOf(EDIT)).toEqual({ [everywhere]: word, [inAcme]: word, [onApollo]: soon })
  })

  test('of a base permission', async () => {
    await addBase(app.root, 'doc.edit', 'controllers.manage')
    expect(await untilOf(EDIT)).toEqual({ 'ALLOWED MEMBERSHIP in acme': null })

    const end = endOf(await endIn('base_permissions', 5))

    expect(await untilOf(EDIT)).toEqual({ 'ALLOWED MEMBERSHIP in acme': end })
    expect(await untilOf(LOGIN)).toEqual({ 'ALLOWED MEMBERSHIP SUPERUSER on gce1': end })
    expect(await untilOf(have('READ', 'gce1/db'))).toEqual({ 'ALLOWED CONTROLLER ADMIN on gce1/db': end })
  })

  test('of a level, and of what follows from it', async () => {
    const [soon, late] = [inDays(1), inDays(9)]
    await giveLevel(app.root, 'SUPERUSER', 'gce1', late)
    await giveLevel(app.root, 'WRITE', 'gce1/web', soon)

    expect(await untilOf(LOGIN)).toEqual({
      'ALLOWED GRANT SUPERUSER on gce1': late,
      'ALLOWED MODEL LOGIN on gce1': soon,
    })
    expect(await untilOf(have('READ', 'gce1/web'))).toEqual({
      'ALLOWED CONTROLLER ADMIN on gce1/web': late,
      'ALLOWED GRANT WRITE on gce1/web': soon,
    })
  })

  test('of a role that manages the controller, or of the word in it', async () => {
    const soon = inDays(1)
    await grant(app.root, { role: 'KEEPER', ...ACME, expiresAt: soon }, { role: 'KEEPER', everywhere: true })
    const word = endOf(await endIn('role_permissions', 72))

    const untils = (await chainOf(app.root, BOB, LOGIN)).map(({ expiresAt }) => expiresAt)
    const onModels = (await chainOf(app.root, BOB, have('READ', 'gce1/web'))).map(({ expiresAt }) => expiresAt)

    expect([untils, onModels]).toEqual([
      [word, soon],
      [word, soon],
    ])
  })

  test('of ended access: the time when it ended', async () => {
    await grant(app.root, { role: 'EDITOR', ...APOLLO, expiresAt: inDays(9) })
    await change(app.root, 'revokeRoles', { ...BOB, roles: [{ role: 'EDITOR', ...APOLLO }] })

    const [row] = await query(app, sql`select ended_at::text from role_grants where ended_at is not null`)
    const ended = new Date(String(row?.ended_at)).toISOString()
    expect(await untilOf(EDIT)).toEqual({ 'ENDED ROLE EDITOR on apollo': ended })
  })
})
