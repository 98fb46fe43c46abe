/**
 * What a mutation would change in the access of users. Only users whose facts it wrote are compared; what they held before
 * is read from the history, as of the moment before the mutation ran.
 */
import { or, type SQL, sql } from 'drizzle-orm'
import type { GraphQLObjectType, GraphQLSchema } from 'graphql'
import type { Caller } from '../authority/caller.ts'
import { endKnownAt } from '../authority/held.ts'
import { isMet, usersAs } from '../authority/met-users.ts'
import { difference, everythingAt, usersChanged } from '../authority/snapshot.ts'
import { immediateScope, isVisible } from '../authority/visibility.ts'
import { readRows, type Transaction } from '../db/database.ts'
import { controllers, models, organizations, permissions, projects } from '../db/tables.ts'
import type { ScopeName } from '../errors.ts'
import { tooComplex } from '../read/errors.ts'
import { typeSpec } from '../read/spec.ts'

/** `LONGER` and `SHORTER` mean that it is held before and after, with a different end. */
type DiffKind = 'GAINED' | 'LOST' | 'LONGER' | 'SHORTER'

export interface DiffItem {
  kind: DiffKind
  username: string
  permission: string | null
  scope: ScopeName | null
  organization: string | null
  project: string | null
  controller: string | null
  model: string | null
  level: 1 | 2 | 3 | null
  /** True where the level is on a model, whether its name is visible or not. */
  isOnModel: boolean
  until: string | null
}

export interface AccessDiff {
  gained: number
  lost: number
  items: DiffItem[]
}

const MOST_ITEMS = 100
/** Above this number of users the difference takes too long for one request. */
const MOST_USERS = 1000
const NOW = sql`clock_timestamp()`

/**
 * Notes the moment before a mutation runs, when its locks are held and nothing is written yet. Returns the function that
 * reads what has changed since, of users that the caller meets in lists.
 */
export async function noteAccess(
  tx: Transaction,
  caller: Caller,
  schema: GraphQLSchema,
): Promise<() => Promise<AccessDiff>> {
  const [row] = await readRows<{ at: string }>(tx, sql`select clock_timestamp()::text as at`)
  return () => readAccessDiff(tx, caller, sql`${row?.at}::timestamptz`, schema)
}

/**
 * A deleted object that is in the difference was deleted by this change, so it may be named.
 * @throws QUERY_TOO_COMPLEX where the change touches too many users
 */
async function readAccessDiff(
  tx: Transaction,
  caller: Caller,
  before: SQL,
  schema: GraphQLSchema,
): Promise<AccessDiff> {
  const touched = await readRows<{ id: string }>(
    tx,
    sql`select t.id from ${usersChanged(before, NOW)} as t(id) limit ${MOST_USERS + 1}`,
  )
  if (touched.length > MOST_USERS) throw tooComplex(`This changes the access of more than ${MOST_USERS} users.`)
  const ids = sql`${sql.param(touched.map(({ id }) => id))}::uuid[]`
  const isTouched = (userId: SQL) => sql`${userId} = any(${ids})`
  const visible = (name: string) => typeSpec(schema.getType(name) as GraphQLObjectType).visible
  const [user, scope] = [usersAs('u'), immediateScope(caller)]
  const isKnown = or(isMet(user, scope, before), isMet(user, scope)) ?? sql`true`
  const [row] = await readRows<{ gained: number; lost: number; items: DiffItem[] | null }>(
    tx,
    sql`
    with difference as materialized ${difference(everythingAt(before, isTouched, endKnownAt(before)), everythingAt(NOW, isTouched))}, known as (
      select d.kind, u.username, u.username_key, d.what, d.level, nullif(d.until, 'infinity') as until, d.organization_id is not null as has_organization,
        d.project_id is not null as has_project, d.model_id is not null as is_on_model, o.name as organization, p.code as project, c.name as controller, m.name as model
      from difference as d
      join users as u on u.id = d.user_id and ${isKnown}
      left join organizations as o on o.id = d.organization_id and (${isVisible(visible('Organization'), organizations, 'o', scope)} or o.deleted_at is not null)
      left join projects as p on p.id = d.project_id and (${isVisible(visible('Project'), projects, 'p', scope)} or p.deleted_at is not null)
      left join controllers as c on c.id = d.controller_id and (${isVisible(visible('Controller'), controllers, 'c', scope)} or c.deleted_at is not null)
      left join models as m on m.id = d.model_id and (${isVisible(visible('Model'), models, 'm', scope)} or m.deleted_at is not null)
      where d.what is null or d.what in ('*', '@applications') or exists (
        select from permissions as word where word.name = d.what and ${isVisible(visible('Permission'), permissions, 'word', scope)}
      )
    )
    select count(*) filter (where kind in ('GAINED', 'LONGER'))::int as gained, count(*) filter (where kind in ('LOST', 'SHORTER'))::int as lost,
      (select json_agg(json_build_object('kind', k.kind, 'username', k.username, 'permission', k.what,
          'scope', case when k.what is null then null when k.has_project then 'PROJECT' when k.has_organization then 'ORGANIZATION' else 'EVERYWHERE' end,
          'organization', k.organization, 'project', k.project, 'controller', k.controller, 'model', k.model, 'level', k.level, 'isOnModel', k.is_on_model, 'until', k.until))
        from (select * from known order by username_key, what, organization, project, controller, model, level, kind limit ${MOST_ITEMS}) as k) as items
    from known`,
  )
  return { gained: row?.gained ?? 0, lost: row?.lost ?? 0, items: row?.items ?? [] }
}
