/** Among tens of thousands of grants, who could give what is missing is told in time, and as it is among a few. */
import { sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { ask, may } from '../support/check.ts'
import { isPostgres } from '../support/database.ts'
import { query } from '../support/rows.ts'
import { createUser } from '../support/seed.ts'
import { fillCrowd } from './crowd/crowd.ts'

const app = startApp()

const THINGS = { organizations: 20, projects: 200, roles: 50, controllers: 1, models: 1 }
const WHOLE = { ...THINGS, users: 5000, roleGrants: 50_000, controllerGrants: 1, modelGrants: 1 }
const SIZE = process.env.CHATELAINE_LONG ? WHOLE : { ...WHOLE, users: 1667, roleGrants: 16_667 }

/** bob, among tens of thousands of grants of roles, one role in fifty of which may grant. */
async function startCrowd() {
  await fillCrowd(app, SIZE)
  await query(
    app,
    sql`insert into role_permissions (id, role_id, permission, since)
      select gen_random_uuid(), id, 'roles.grant', now() - interval '100 days' from roles where name = 'ROLE1'`,
  )
  await query(app, sql`analyze`)
  await createUser(app, 'bob', { organization: 'organization3' })
}

/** Who could give bob each of these. */
async function grantorsOf(questions: object[]): Promise<string[][]> {
  const told = await ask(app.root, { user: 'bob' }, questions)
  return told.map(({ grantors }) => grantors)
}

// The embedded database keeps no such crowd.
test.runIf(isPostgres())(
  'grantors are the same for fifty questions together as for each by itself',
  async () => {
    await startCrowd()
    const questions = Array.from({ length: 50 }, (_, n) => may('shared.word4', { project: `project${n + 1}` }))

    const together = await grantorsOf(questions)

    const alone: string[][] = []
    for (const question of questions) alone.push(...(await grantorsOf([question])))
    expect(together).toEqual(alone)
    // None is short.
    expect(together.map(({ length }) => length)).toEqual(Array(50).fill(20))
  },
  120_000,
)
