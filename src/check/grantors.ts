/** Who could give what a user lacks: by rule 1 of the guard, whoever may grant there and has it themselves. */
import { type SQL, sql } from 'drizzle-orm'
import type { Caller } from '../auth/caller.ts'
import { allows, covers, held, heldLevels } from '../auth/held.ts'
import { isVisible } from '../auth/references.ts'
import { users } from '../db/tables.ts'
import { User } from '../user/type.ts'

export const MOST_GRANTORS = 20

/** granters(user_id, organization_id, project_id): who may grant roles, and where. */
export const granters = sql`select h.user_id, h.organization_id, h.project_id from ${held()} as h
  where h.state = 'ACTIVE' and ${allows(sql`h.what`, sql`'roles.grant'`)}`

/** Their names as a JSON array, for the question q and its target t; it reads the granters. */
export function grantorsOf(caller: Caller): SQL {
  return sql`(
    select coalesce(json_agg(n.username order by n.username_key), '[]'::json) from (
      select u.username, u.username_key from users as u
      where u.id in (select x.user_id from ${couldGrant} as x) and ${isVisible(User.visible, users, 'u', caller)}
      order by u.username_key limit ${MOST_GRANTORS}
    ) as n
  )`
}

/** The highest level is what it takes to give any. */
const couldGrant = sql`(
  select g.user_id from granters as g
  where q.permission is not null and ${covers(sql`g`, sql`t`)} and exists (
    select from ${held()} as h where h.user_id = g.user_id and h.state = 'ACTIVE'
      and ${allows(sql`h.what`, sql`q.permission`)} and ${covers(sql`h`, sql`t`)})
  union all
  select l.user_id from ${heldLevels()} as l
  where q.permission is null and l.state = 'ACTIVE' and l.level = 3
    and l.controller_id = t.controller_id and l.model_id is not distinct from t.model_id
)`
