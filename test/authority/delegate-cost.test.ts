/** Counting and listing users costs administrators of organizations no more than it costs root, among many users. */
import { sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import type { Transaction } from '../../src/db/database.ts'
import type { Sent } from '../../src/db/lease.ts'
import { type Client, startOwnApp } from '../support/app.ts'
import { createController, createModel } from '../support/levels.ts'
import { createOrganization, createProject, createUser } from '../support/seed.ts'

const USERS = process.env.CHATELAINE_LONG ? 100_000 : 30_000
const ORGANIZATIONS = 10

const app = startOwnApp()

async function fill(tx: Transaction) {
  for (const table of ['organizations', 'projects', 'controllers', 'models']) {
    await tx.execute(sql`update ${sql.identifier(table)} set created_at = now() - interval '60 days'`)
  }
  await tx.execute(sql`insert into users (id, username, organization_id, kind, created_at)
    select gen_random_uuid(), 'user-' || n, o.id, 'HUMAN', now() - interval '30 days' + n * interval '1 ms'
    from generate_series(1, ${sql.raw(`${USERS}`)}) as n
    join organizations as o on o.name = 'org-' || case when n % 2 = 0 then 1 else 1 + n / 2 % ${sql.raw(`${ORGANIZATIONS}`)} end`)
  await tx.execute(sql`insert into role_grants (id, user_id, role_id, organization_id, since)
    select gen_random_uuid(), u.id, r.id, u.organization_id, now() - interval '30 days' from users as u
    join roles as r on r.name = 'VERSION_MANAGER' where u.username like 'user-%'`)
  await tx.execute(sql`insert into model_grants (id, user_id, model_id, level, since)
    select gen_random_uuid(), u.id, o.models[1 + substr(u.username, 6)::int / 20 % cardinality(o.models)], 'READ', now() - interval '30 days'
    from users as u join (
      select c.organization_id, array_agg(m.id) as models from controllers as c join models as m on m.controller_id = c.id group by 1
    ) as o on o.organization_id = u.organization_id where u.username like 'user-%'`)
}

const CONTROLLERS = 20

/** Half of the users belong to the first organization, the others to the other ones. Each has a role in it, and a level on a model. */
async function makeCrowd() {
  for (let n = 1; n <= ORGANIZATIONS; n++) await createOrganization(app, `org-${n}`)
  for (let n = 1; n <= CONTROLLERS; n++) {
    const organization = `org-${n <= CONTROLLERS / 2 ? 1 : 2 + (n % (ORGANIZATIONS - 1))}`
    await createProject(app, `project-${n}`, organization)
    await createController(app, `controller-${n}`, organization)
    await createModel(app.root, `controller-${n}`, 'model')
  }
  await app.database.transaction(fill, { isPatient: true })
  const client = await app.database.connectAlone()
  await client.query('vacuum analyze')
  await client.end()
  const administrator = async (username: string, organizations: string[]) => {
    const roles = organizations.map((organization) => ({ role: 'ORGANIZATION_ADMIN', organization }))
    return (await createUser(app, username, { organization: organizations[0], roles })).client
  }
  return {
    large: await administrator('alice', ['org-1']),
    small: await administrator('bert', ['org-2']),
    several: await administrator('cleo', ['org-1', 'org-2', 'org-3']),
  }
}

const TWO_DAYS_AGO = new Date(Date.now() - 2 * 86_400_000).toISOString()

const PAGES_OF_USERS: [string, string][] = [
  ['users counted', '{ users { totalCount } }'],
  ['a page of users', '{ users(first: 50) { nodes { username } } }'],
  [
    'a page of users by name',
    '{ users(filter: { username: { startsWith: "user-77" } }, first: 50) { nodes { username } } }',
  ],
  [
    'a page of users by e-mail',
    '{ users(filter: { email: { startsWith: "user-77" } }, first: 50) { nodes { username } } }',
  ],
  [
    'a page of the holders of a role',
    '{ role(name: "VERSION_MANAGER") { holders(first: 50) { nodes { username } } } }',
  ],
  ['the holders of a role counted', '{ role(name: "VERSION_MANAGER") { holders { totalCount } } }'],
]

const DOCUMENTS: [string, string][] = [
  ...PAGES_OF_USERS,
  [
    'the holders of projects',
    '{ projects(first: 5, orderBy: { field: CREATED_AT, direction: ASC }) { nodes { holders(first: 10) { totalCount nodes { username } } } } }',
  ],
  ['the holders of controllers', '{ controllers(first: 5) { nodes { holders(first: 10) { nodes { username } } } } }'],
  ['the holders of controllers counted', '{ controllers(first: 5) { nodes { holders { totalCount } } } }'],
  ['the holders of models', '{ models(first: 5) { nodes { holders(first: 10) { totalCount nodes { username } } } } }'],
  ['all that changed in two days', `{ accessChanges(from: "${TWO_DAYS_AGO}", first: 20) { nodes { username } } }`],
]

/** The blocks that the database reads for a document: time depends on what else the machine does. */
async function blocksOf(client: Client, document: string): Promise<number> {
  const sent: Sent[] = []
  app.database.observe((statement) => sent.push(statement))
  await client.ok(document)
  const read = sent.filter(({ text }) => text.includes('json_build_object')).at(-1)
  sent.length = 0
  const { rows } = await app.database.db.$client.query(
    { text: `explain (analyze, buffers, format json) ${read?.text}`, prepare: false },
    read?.values,
  )
  const [explained] = rows.map((row) => row['QUERY PLAN'] as { Plan: Record<string, number> }[])
  const { 'Shared Hit Blocks': hit = 0, 'Shared Read Blocks': fetched = 0 } = explained?.[0]?.Plan ?? {}
  return hit + fetched
}

test('reading as an administrator of many users takes at most one and a half times as many blocks as for root, and 50 more', async () => {
  const { small, ...delegates } = await makeCrowd()

  for (const [what, document] of DOCUMENTS) {
    const root = await blocksOf(app.root, document)
    for (const [who, delegate] of Object.entries(delegates)) {
      const most = 1.5 * root + 50
      expect.soft(await blocksOf(delegate, document), `${what} for ${who}`).toBeLessThanOrEqual(most)
    }
  }
  const COUNTED =
    '{ users { totalCount isTotalCountExact } role(name: "VERSION_MANAGER") { holders { totalCount isTotalCountExact } } }'
  const { users, role } = await app.root.ok(COUNTED)
  expect(users).toEqual({ totalCount: USERS + 4, isTotalCountExact: true })
  expect(role.holders).toEqual({ totalCount: 10_000, isTotalCountExact: false })
  // Where few of many are seen, the list of all is read on to find them.
  for (const [what, document] of PAGES_OF_USERS) {
    expect.soft(await blocksOf(small, document), `${what} for an administrator of few`).toBeLessThanOrEqual(2_000)
  }
}, 120_000)
