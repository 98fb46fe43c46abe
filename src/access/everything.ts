import { type SQL, sql } from 'drizzle-orm'
import { held, heldLevels } from '../auth/held.ts'

/**
 * Everything that anybody may do at a time, one row per user and thing, with its last end:
 * everything(key, user_id, what, organization_id, project_id, controller_id, model_id, level, until).
 * @param ofUser narrows it to one user
 */
export function everythingAt(time: SQL, ofUser?: SQL): SQL {
  const whose = (row: SQL) => (ofUser ? sql`and ${row}.user_id = ${ofUser}` : sql``)
  return sql`(
  select concat_ws(' ', h.user_id, h.what, coalesce(h.organization_id::text, '-'), coalesce(h.project_id::text, '-')) as key,
    h.user_id, h.what, h.organization_id, h.project_id, null::uuid as controller_id, null::uuid as model_id, null::int as level,
    max(coalesce(h.until, 'infinity')) as until
  from ${held(time)} as h where h.state = 'ACTIVE' ${whose(sql`h`)}
  group by h.user_id, h.what, h.organization_id, h.project_id
  union all
  select concat_ws(' ', l.user_id, l.controller_id, coalesce(l.model_id::text, '-'), l.level),
    l.user_id, null, null, null, l.controller_id, l.model_id, l.level, max(coalesce(l.until, 'infinity'))
  from ${heldLevels(time)} as l where l.state = 'ACTIVE' ${whose(sql`l`)}
  group by l.user_id, l.controller_id, l.model_id, l.level
)`
}
