/** The levels of the user `subject` and of the caller on controllers and models. */
import { heldBy, inForce } from './statement.ts'

const CONTROLLER_RANK = `case g.level when 'LOGIN' then 1 when 'ADD_MODEL' then 2 else 3 end`
const MODEL_RANK = `case g.level when 'READ' then 1 when 'WRITE' then 2 else 3 end`

/** The levels that were granted to users: user_id, controller_id, model_id, level. */
export const grantedTo = (relation: string) => `(
    select g.user_id, g.controller_id, null::uuid as model_id, ${CONTROLLER_RANK} as level
    from ${relation} as h join controller_grants as g on g.user_id = h.id and ${inForce('g')}
    union all
    select g.user_id, m.controller_id, m.id, ${MODEL_RANK}
    from ${relation} as h join model_grants as g on g.user_id = h.id and ${inForce('g')} join models as m on m.id = g.model_id
  )`

/**
 * The relations controller_levels and model_levels of the user `subject`, where that user is active: what was granted, what
 * `controllers.manage` grants, ADMIN on the models of a SUPERUSER, and LOGIN on the controller of a model.
 */
export const LEVELS = `active as (select s.id, s.organization_id from subject as s where s.is_active),
  manages as materialized (
    select distinct h.organization_id from ${heldBy('active')} as h
    where h.permission in ('*', 'controllers.manage') and h.project_id is null
  ),
  levels as materialized (
    select g.controller_id, g.model_id, g.level from ${grantedTo('active')} as g
    union all
    select c.id, null, 3 from manages as h join controllers as c on h.organization_id is null or c.organization_id = h.organization_id
    where c.deleted_at is null
  ),
  controller_levels as materialized (
    select l.controller_id, max(case when l.model_id is null then l.level else 1 end) as level from levels as l group by l.controller_id
  ),
  model_levels as materialized (
    select l.controller_id, l.model_id, max(l.level) as level
    from (
      select l.controller_id, l.model_id, l.level from levels as l where l.model_id is not null
      union all
      select m.controller_id, m.id, 3 from levels as l join models as m on m.controller_id = l.controller_id and m.deleted_at is null
      where l.model_id is null and l.level = 3
    ) as l
    group by l.controller_id, l.model_id
  )`

/** The relation seen, with one row: the controllers and models that the caller sees because of levels of their own. */
export const SEEN = `seen as materialized (
    select coalesce(array_agg(distinct g.controller_id), '{}') as controllers,
      coalesce(array_agg(distinct g.controller_id) filter (where g.model_id is null and g.level = 3), '{}') as whole,
      coalesce(array_agg(distinct g.model_id) filter (where g.model_id is not null), '{}') as models
    from ${grantedTo('(select c.id from caller as c, reach where not reach.sees_all)')} as g
  )`
