/**
 * Users that could grant a missing requirement: by rule 1 of the escalation guard, they may grant on that scope and
 * hold it themselves.
 */

import { type SQL, sql } from 'drizzle-orm'
import { allows, coversSql, held } from '../authority/held.ts'
import { heldLevels } from '../authority/held-levels.ts'
import { CONTROLLER_LEVEL, MODEL_LEVEL } from '../authority/levels.ts'
import { isMet, usersAs } from '../authority/met-users.ts'
import { hasControllerLevel, hasModelLevel } from '../authority/visibility.ts'
import type { CallerScope } from '../read/spec.ts'

export const MOST_GRANTORS = 20

/** The relation granters(user_id, organization_id, project_id): users that may grant roles, and on which scopes. */
export const granters = sql`select h.user_id, h.organization_id, h.project_id from ${held()} as h
  where h.state = 'ACTIVE' and ${allows(sql`h.what`, sql`'roles.grant'`)}`

/**
 * The relation given(user_id, what, organization_id, project_id): the permissions asked about that granters hold
 * themselves.
 */
export const given = sql`select h.user_id, h.what, h.organization_id, h.project_id from ${held()} as h
  where h.state = 'ACTIVE' and h.user_id = any(array(select g.user_id from granters as g))
    and exists (select from asked as q where ${allows(sql`h.what`, sql`q.permission`)})`

/** The grantors' names as a JSON array, for the question q and its target t. The SQL reads granters and given. */
export function grantorsOf(caller: CallerScope): SQL {
  return sql`(
    select coalesce(json_agg(n.username order by n.username_key), '[]'::json) from (
      select u.username, u.username_key from users as u
      where u.id in (select x.user_id from ${couldGrant} as x) and u.deleted_at is null and ${mayKnow(caller)}
      order by u.username_key limit ${MOST_GRANTORS}
    ) as n
  )`
}

/**
 * Users that the caller sees in lists. A caller with the highest level on a resource also sees other users that have
 * it.
 */
function mayKnow(caller: CallerScope): SQL {
  const met = isMet(usersAs('u'), caller) ?? sql`true`
  const there = sql`${hasControllerLevel(caller, CONTROLLER_LEVEL.SUPERUSER, sql`t.controller_id`)} or ${hasModelLevel(caller, MODEL_LEVEL.ADMIN, sql`t.model_id`)}`
  return sql`(${met} or q.permission is null and (${there}))`
}

/** The ids of users that could grant what is asked. Granting any level requires the highest level. */
const couldGrant = sql`(
  select g.user_id from granters as g join given as h on h.user_id = g.user_id
  where q.permission is not null and ${coversSql(sql`g`, sql`t`)}
    and ${allows(sql`h.what`, sql`q.permission`)} and ${coversSql(sql`h`, sql`t`)}
  union
  select l.user_id from ${heldLevels()} as l
  where q.permission is null and l.state = 'ACTIVE' and l.level = 3
    and l.controller_id = t.controller_id and l.model_id is not distinct from t.model_id
)`
