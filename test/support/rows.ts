/** What the database holds, for asserting what a mutation wrote and that a refusal wrote nothing. */

import { type SQL, sql } from 'drizzle-orm'
import { expect } from 'vitest'
import { readRows } from '../../src/db/database.ts'
import type { TestApp } from './app.ts'

type Row = Record<string, unknown>
/** Whatever has a database: an app, or a database that a program left. */
type Holder = Pick<TestApp, 'database'>

/** The rows of a statement. */
export async function query<R extends Row = Row>(app: Holder, statement: SQL): Promise<R[]> {
  const rows = await readRows<R>(app.database.db, statement)
  return [...rows] as R[]
}

/** The names of the tables, which are read once: no test changes which there are. */
const tables = new WeakMap<TestApp['database'], string[]>()

export async function tablesOf(app: Holder): Promise<string[]> {
  const known = tables.get(app.database)
  if (known) return known
  const rows = await query<{ name: string }>(
    app,
    sql`select tablename as name from pg_tables where schemaname = 'public' order by tablename`,
  )
  const names = rows.map(({ name }) => name)
  tables.set(app.database, names)
  return names
}

/** What a refusal leaves all the same: its count in the audit, that of guesses, and the last use of a key. */
const TRACES: Record<string, SQL> = { audit_events: sql`outcome = 'DONE'`, password_guesses: sql`false` }

/** For each table how many rows it has and a checksum of them all, but what refusals leave. */
export async function snapshot(app: Holder): Promise<Record<string, string>> {
  const parts = (await tablesOf(app)).map((name) => {
    const table = sql.identifier(name)
    return sql`select ${name}::text as name, count(*)::text || ' ' || coalesce(md5(string_agg(row, E'\n' order by row)), '') as sum from (
      select (to_jsonb(t) - 'last_used_at' - 'last_seen_at')::text as row from ${table} as t where ${TRACES[name] ?? sql`true`}) as t`
  })
  const rows = await query<{ name: string; sum: string }>(app, sql.join(parts, sql` union all `))
  return Object.fromEntries(rows.map(({ name, sum }) => [name, sum]))
}

/** Runs something that must leave every row of the database as it is; gives its result. */
export async function withoutWriting<T>(app: TestApp, act: () => Promise<T>): Promise<T> {
  const before = await snapshot(app)
  const result = await act()
  expect(await snapshot(app)).toEqual(before)
  return result
}

interface AuditRow extends Row {
  action: string
  actor_kind: string
  actor_id: string
  api_key_id: string
  target_type: string
  target_id: string
  before: unknown
  after: unknown
}

/** The audit rows of users' changes, oldest first; not of what was refused. */
export function readAudit(app: TestApp): Promise<AuditRow[]> {
  return query<AuditRow>(
    app,
    sql`select * from audit_events where actor_kind = 'USER' and outcome = 'DONE' order by at, id`,
  )
}

interface GrantRow extends Row {
  role: string
  expires_at: string | null
  ended_at: string | null
  ended_by: string | null
}

/** Every grant a user ever had, oldest first. */
export function readGrants(app: Holder, userId: string): Promise<GrantRow[]> {
  return query<GrantRow>(
    app,
    sql`select r.name as role, g.expires_at::text, g.ended_at::text, e.username as ended_by
      from role_grants as g join roles as r on r.id = g.role_id left join users as e on e.id = g.ended_by
      where g.user_id = ${uuidOf(userId)} order by g.since, g.id`,
  )
}

/** Lets every grant with a planned end that a user holds have lapsed an hour ago. */
export async function lapseGrants(app: TestApp, userId: string) {
  await query(
    app,
    sql`update role_grants set since = now() - interval '2 hours', expires_at = now() - interval '1 hour'
      where user_id = ${uuidOf(userId)} and expires_at is not null and ended_at is null`,
  )
}

/** The UUID in an id that the server gave. */
export function uuidOf(id: string): string {
  return id.slice(id.indexOf('_') + 1)
}

/** Lets a key have expired an hour ago. */
export async function lapseKey(app: TestApp, id: string) {
  await query(
    app,
    sql`update api_keys set created_at = now() - interval '2 hours', expires_at = now() - interval '1 hour' where id = ${uuidOf(id)}`,
  )
}

/** Everything the database holds, as text. */
export async function databaseText(app: Holder): Promise<string> {
  const parts = (await tablesOf(app)).map((name) => sql`select t::text as row from ${sql.identifier(name)} as t`)
  const rows = await query<{ row: string }>(app, sql.join(parts, sql` union all `))
  return rows.map(({ row }) => row).join('\n')
}
