import { type SQL, sql } from 'drizzle-orm'
import { type EndOf, held, MANAGING } from './held.ts'
import { heldLevels } from './held-levels.ts'

/**
 * Everything that users may do at a time, one row per user and permission or level, with its latest end:
 * everything(key, user_id, what, organization_id, project_id, controller_id, model_id, level, until).
 * @param isOf the condition on its users
 * @param end the ends, where they are not those that are known now
 */
export function everythingAt(time: SQL, isOf: (userId: SQL) => SQL, end?: EndOf): SQL {
  return sql`(
  select concat_ws(' ', h.user_id, h.what, coalesce(h.organization_id::text, '-'), coalesce(h.project_id::text, '-')) as key,
    h.user_id, h.what, h.organization_id, h.project_id, null::uuid as controller_id, null::uuid as model_id, null::int as level,
    max(coalesce(h.until, 'infinity')) as until
  from ${held(time, end)} as h where h.state = 'ACTIVE' and ${isOf(sql`h.user_id`)}
  group by h.user_id, h.what, h.organization_id, h.project_id
  union all
  select concat_ws(' ', l.user_id, l.controller_id, coalesce(l.model_id::text, '-'), l.level),
    l.user_id, null, null, null, l.controller_id, l.model_id, l.level, max(coalesce(l.until, 'infinity'))
  from ${heldLevels(time, end)} as l where l.state = 'ACTIVE' and ${isOf(sql`l.user_id`)}
  group by l.user_id, l.controller_id, l.model_id, l.level
)`
}

/**
 * The difference of two relations with the columns of everything: difference(kind, key, …, until). `until` is the end
 * after the change; where it was lost, the end before the change.
 */
export function difference(before: SQL, after: SQL): SQL {
  const columns = sql.join(
    COLUMNS.map((name) => sql.identifier(name)).map((name) => sql`coalesce(a.${name}, b.${name}) as ${name}`),
    sql`, `,
  )
  return sql`(
    select case when b.key is null then 'GAINED' when a.key is null then 'LOST' when a.until > b.until then 'LONGER' else 'SHORTER' end as kind, ${columns}
    from ${before} as b full join ${after} as a on a.key = b.key
    where a.key is null or b.key is null or a.until <> b.until
  )`
}

const COLUMNS = [
  'key',
  'user_id',
  'what',
  'organization_id',
  'project_id',
  'controller_id',
  'model_id',
  'level',
  'until',
]

/**
 * The ids of all users whose access may differ between the two times, because something that it depends on began or
 * ended in between. Usually these are few of many users.
 */
export function usersChanged(from: SQL, to: SQL): SQL {
  const within = (time: SQL) => sql`(${time} > ${from} and ${time} <= ${to})`
  const changed = (fact: SQL) =>
    sql`(${within(sql`${fact}.since`)} or ${within(sql`${fact}.expires_at`)} or ${within(sql`${fact}.ended_at`)})`
  const cameOrWent = (thing: SQL) => sql`(${within(sql`${thing}.created_at`)} or ${within(sql`${thing}.deleted_at`)})`
  return sql`(
    select g.user_id from role_grants as g where ${changed(sql`g`)}
    union select g.user_id from role_permissions as p join role_grants as g on g.role_id = p.role_id where ${changed(sql`p`)}
    union select u.id from base_permissions as b join users as u on u.organization_id = b.organization_id where ${changed(sql`b`)}
    union select s.user_id from user_suspensions as s where ${changed(sql`s`)}
    union select u.id from users as u where ${cameOrWent(sql`u`)}
    union select g.user_id from controller_grants as g where ${changed(sql`g`)}
    union select g.user_id from model_grants as g where ${changed(sql`g`)}
    union (
      with moved as (
        select c.id from controllers as c where ${cameOrWent(sql`c`)}
        union select m.controller_id from models as m where ${cameOrWent(sql`m`)}
      )
      select g.user_id from controller_grants as g join moved on moved.id = g.controller_id
      union select g.user_id from role_grants as g join role_permissions as p on p.role_id = g.role_id
        where p.permission in ${MANAGING} and exists (select from moved)
      union select u.id from base_permissions as b join users as u on u.organization_id = b.organization_id
        where b.permission = 'controllers.manage' and exists (select from moved)
    )
  )`
}
