/** W7: the first page of all that a user may do, oldest first. */
import { EVERY_APPLICATION_WORD, EVERYTHING, SERVER_SEGMENTS } from '../../../src/authority/permissions.ts'
import { CALLER, type HandWritten, inForce, isActive, named, REACH, scopeOf, timeText } from './statement.ts'

const SERVER = SERVER_SEGMENTS.map((segment) => `'${segment}'`).join(', ')
/** Rows of the same time are ordered by their ids, so all of the last time are read. */
const FIRST = (time: string) => `order by ${time} fetch first 51 rows with ties`
const untilOf = (fact: string) => `least(${fact}.expires_at, ${fact}.ended_at)`
const rank = (levels: string[]) => `array_position(array[${levels.map((level) => `'${level}'`).join(', ')}], g.level)`

const NO_LEVEL = 'null::uuid as controller_id, null::uuid as model_id, null::int as level'

const roleFact = (since: string) =>
  `select g.id as grant_id, p.permission as what, g.organization_id, g.project_id, ${NO_LEVEL}, 'ROLE' as via, g.role_id, ${since} as since, least(${untilOf('g')}, ${untilOf('p')}) as until`

/** The grants of a table to the subject, by the index on the user and the time. */
const ofSubject = `g.user_id = (select s.id from subject as s) and ${inForce('g')}`

/** The permissions of roles: those that are older than the grant follow the order of the grants, of which the first are read. */
const OF_ROLES = `
    (${roleFact('g.since')} from role_grants as g join role_permissions as p on p.role_id = g.role_id and ${inForce('p')} and p.since <= g.since
      where ${ofSubject} ${FIRST('g.since')})
    union all
    (${roleFact('p.since')} from newer as p join role_grants as g on g.role_id = p.role_id and g.since < p.since and ${ofSubject} ${FIRST('p.since')})`

const OF_MEMBERSHIP = `select b.id, b.permission, b.organization_id, null, null, null, null, 'MEMBERSHIP', null, greatest(s.created_at, b.since), ${untilOf('b')}
    from subject as s join base_permissions as b on b.organization_id = s.organization_id and ${inForce('b')}`

/** The grants of levels on models, with LOGIN on their controllers. */
const OF_MODELS = `select g.id, null, null, null, m.controller_id, x.model_id, x.level, x.via, null, g.since, ${untilOf('g')}
    from (select g.* from model_grants as g where ${ofSubject} ${FIRST('g.since')}) as g
      join models as m on m.id = g.model_id
      cross join lateral (values (g.model_id, ${rank(['READ', 'WRITE', 'ADMIN'])}, 'GRANT'), (null, 1, 'MODEL')) as x (model_id, level, via)`

const OF_CONTROLLERS = `(select g.id, null, null, null, g.controller_id, null::uuid, ${rank(['LOGIN', 'ADD_MODEL', 'SUPERUSER'])}, 'GRANT', null::uuid, g.since, ${untilOf('g')}
    from controller_grants as g where ${ofSubject} ${FIRST('g.since')})`

/** What manages controllers. */
const MANAGING = `select g.id, g.organization_id, 'ROLE' as via, g.role_id, greatest(g.since, p.since) as since, least(${untilOf('g')}, ${untilOf('p')}) as until
    from held_roles as h join role_permissions as p on p.role_id = h.role_id and p.permission in ('*', 'controllers.manage') and ${inForce('p')}
      join role_grants as g on g.role_id = p.role_id and g.project_id is null and ${ofSubject}
    union all
    select b.id, b.organization_id, 'MEMBERSHIP', null, greatest(s.created_at, b.since), ${untilOf('b')}
    from subject as s join base_permissions as b on b.organization_id = s.organization_id and b.permission = 'controllers.manage' and ${inForce('b')}`

/** SUPERUSER on controllers, by a grant or by managing them, and ADMIN on their models. */
const WHOLE = `held_roles as materialized (select g.role_id, min(g.since) as first from role_grants as g where ${ofSubject} group by g.role_id),
  newer as materialized (
    select p.* from held_roles as h join role_permissions as p on p.role_id = h.role_id and ${inForce('p')} and p.since > h.first
  ),
  managing as (${MANAGING}),
  managed as materialized (
    select h.id, c.id as controller_id, h.via, h.role_id, greatest(h.since, c.created_at) as since, h.until
    from managing as h join controllers as c on (h.organization_id is null or c.organization_id = h.organization_id) and c.deleted_at is null
  ),
  whole as (
    select h.id, h.controller_id, h.role_id, h.since, h.until from managed as h
    union all
    select g.id, g.controller_id, null, g.since, ${untilOf('g')}
    from controller_grants as g where ${ofSubject} and g.level = 'SUPERUSER'
  )`

const OF_WHOLE = `select h.id, null, null, null, h.controller_id, null, 3, h.via, h.role_id, h.since, h.until from managed as h
    union all
    select h.id, null, null, null, h.controller_id, m.id, 3, 'CONTROLLER', h.role_id, greatest(h.since, m.created_at), h.until
    from whole as h join models as m on m.controller_id = h.controller_id and m.deleted_at is null`

/** The permissions that a held one includes. */
const NAMES = `(
    select f.what as name where f.what not in ('${EVERYTHING}', '${EVERY_APPLICATION_WORD}')
    union all
    select w.name from permissions as w where f.what in ('${EVERYTHING}', '${EVERY_APPLICATION_WORD}') and w.name not in ('${EVERYTHING}', '${EVERY_APPLICATION_WORD}')
      and (f.what = '${EVERYTHING}' or split_part(w.name, '.', 1) not in (${SERVER}))
    union all
    select null where f.what is null
  )`

const ID = `f.grant_id || ' ' || case when f.what is null then coalesce(f.model_id, f.controller_id) || ' ' || f.via else w.name || ' ' || f.what end`

/** The caller must read users everywhere. Nothing is then hidden from them. */
export const effective: HandWritten = {
  text: `with ${CALLER}, ${REACH},
  subject as materialized (
    select u.id, u.organization_id, u.created_at from users as u, caller, reach
    where u.username_key = $2 and ${isActive('u')} and reach.reads_all and reach.everywhere
  ),
  ${WHOLE},
  facts as (${OF_ROLES} union all ${OF_MEMBERSHIP} union all ${OF_MODELS} union all ${OF_CONTROLLERS} union all ${OF_WHOLE}),
  first as (
    select f.*, w.name as permission, ${ID} as id from facts as f cross join lateral ${NAMES} as w order by f.since, f.grant_id, id limit 51
  ),
  placed as materialized (select f.*, row_number() over (order by f.since, f.grant_id, f.id) as place from first as f)
  select json_build_object('data', json_build_object('user', json_build_object('effectiveAccess', json_build_object(
    'pageInfo', json_build_object('hasNextPage', (select count(*) > 50 from placed)),
    'nodes', coalesce(json_agg(json_build_object('permission', f.permission, 'scope', case when f.permission is not null then ${scopeOf('f')} end,
      'organization', ${named('o')}, 'project', ${named('p', 'code')}, 'controller', ${named('c')}, 'model', ${named('m')},
      'level', case when f.model_id is null then (array['LOGIN', 'ADD_MODEL', 'SUPERUSER'])[f.level] else (array['READ', 'WRITE', 'ADMIN'])[f.level] end,
      'via', f.via, 'role', ${named('r')}, 'since', ${timeText('f.since')}, 'expiresAt', ${timeText('f.until')}) order by f.place), '[]'::json)
  ))))::text as body
  from placed as f
    left join organizations as o on o.id = f.organization_id and o.deleted_at is null
    left join projects as p on p.id = f.project_id and p.deleted_at is null
    left join controllers as c on c.id = f.controller_id and c.deleted_at is null
    left join models as m on m.id = f.model_id and m.deleted_at is null
    left join roles as r on r.id = f.role_id and r.deleted_at is null
  where f.place <= 50
  having (select count(*) from subject) = 1`,
  values: ({ hash, variables: { username } }) => [hash, String(username).toLowerCase()],
}
