/** Counting and listing users costs an administrator of one organization no more than it costs root, among 100,000 users. */
import { sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import type { Transaction } from '../../src/db/database.ts'
import type { Sent } from '../../src/db/lease.ts'
import { type Client, startOwnApp } from '../support/app.ts'
import { createOrganization, createUser } from '../support/seed.ts'

const USERS = 100_000
const ORGANIZATIONS = 10

const app = startOwnApp()

async function fill(tx: Transaction) {
  await tx.execute(sql`insert into users (id, username, organization_id, kind, created_at)
    select gen_random_uuid(), 'user-' || n, o.id, 'HUMAN', now() - interval '1 day' + n * interval '1 ms'
    from generate_series(1, ${sql.raw(`${USERS}`)}) as n
    join organizations as o on o.name = 'org-' || case when n % 2 = 0 then 1 else 1 + n / 2 % ${sql.raw(`${ORGANIZATIONS}`)} end`)
  await tx.execute(sql`insert into role_grants (id, user_id, role_id, organization_id, since)
    select gen_random_uuid(), u.id, r.id, u.organization_id, now() - interval '1 day' from users as u
    join roles as r on r.name = 'VERSION_MANAGER' where u.username like 'user-%'`)
}

/** Half of the users belong to the first organization, the others to the other ones; each holds one of two roles. */
async function makeCrowd() {
  for (let n = 1; n <= ORGANIZATIONS; n++) await createOrganization(app, `org-${n}`)
  await app.database.transaction(fill, { isPatient: true })
  const client = await app.database.connectAlone()
  await client.query('vacuum analyze')
  await client.end()
  const roles = [{ role: 'ORGANIZATION_ADMIN', organization: 'org-1' }]
  return (await createUser(app, 'alice', { organization: 'org-1', roles })).client
}

const DOCUMENTS: [string, string][] = [
  ['users counted', '{ users { totalCount } }'],
  ['a page of users', '{ users(first: 50) { nodes { username } } }'],
  [
    'a page of users by name',
    '{ users(filter: { username: { startsWith: "user-77" } }, first: 50) { nodes { username } } }',
  ],
  [
    'a page of the holders of a role',
    '{ role(name: "VERSION_MANAGER") { holders(first: 50) { nodes { username } } } }',
  ],
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

test('reading as an administrator of one organization takes at most one and a half times as many blocks as for root, and 50 more', async () => {
  const delegate = await makeCrowd()

  for (const [what, document] of DOCUMENTS) {
    const root = await blocksOf(app.root, document)
    const most = 1.5 * root + 50
    expect.soft(await blocksOf(delegate, document), what).toBeLessThanOrEqual(most)
  }
})
