/** W5, W6: one check of a permission on a project, and many checks of every kind. */
import { wordsAllowing } from '../../../src/authority/permissions.ts'
import { LEVELS } from './levels.ts'
import { CALLER, type HandWritten, heldBy, inForce, isActive, type Question, REACH, seesProject } from './statement.ts'

/** The user that is asked about, where the caller may ask; otherwise the statement has no row. */
const SUBJECT = `subject as materialized (
    select u.id, u.organization_id, ${isActive('u')} as is_active
    from users as u, caller, reach
    where u.username_key = $2 and u.deleted_at is null
      and (reach.checks_all or u.id = caller.id or u.organization_id = any(reach.checks))
  )`

const answer = (code: string) => `json_build_object('isAllowed', ${code} = 'ALLOWED', 'code', ${code})`

export const check: HandWritten = {
  text: `with ${CALLER}, ${REACH}, ${SUBJECT},
  target as materialized (
    select p.id, p.organization_id from projects as p, reach
    where p.code_key = $3 and p.deleted_at is null and ${seesProject('p.id', 'p.organization_id')}
  ),
  decided as (
    select case when t.id is null then 'NOT_FOUND' when not s.is_active then 'INACTIVE' when exists (
        select from role_grants as g join role_permissions as p on p.role_id = g.role_id and ${inForce('p')}
        where g.user_id = s.id and ${inForce('g')} and p.permission = any($4::text[])
          and (g.organization_id is null or g.organization_id = t.organization_id) and (g.project_id is null or g.project_id = t.id)
      ) or exists (
        select from base_permissions as b
        where b.organization_id = s.organization_id and b.organization_id = t.organization_id and ${inForce('b')} and b.permission = any($4::text[])
      ) then 'ALLOWED' else 'NOT_HELD' end as code
    from subject as s left join target as t on true
  )
  select json_build_object('data', json_build_object('checkAccess', json_build_array(${answer('d.code')})))::text as body from decided as d`,
  values({ hash, variables: { input } }) {
    const { permission = '', project = '' } = input.questions[0]?.permission ?? {}
    return [hash, input.user.toLowerCase(), project.toLowerCase(), wordsAllowing(permission)]
  },
}

const LEVELS_BY_NAME: Record<string, number> = { LOGIN: 1, ADD_MODEL: 2, SUPERUSER: 3, READ: 1, WRITE: 2, ADMIN: 3 }

/** The code of a question q about a permission on a project, a controller or a model. */
const CODE = `case when coalesce(p.id, m.id, case when q.model is null then c.id end) is null then 'NOT_FOUND' when not s.is_active then 'INACTIVE'
    when q.words is not null and exists (
      select from held as h where h.permission = any(q.words)
        and (h.organization_id is null or h.organization_id = p.organization_id) and (h.project_id is null or h.project_id = p.id)
    ) then 'ALLOWED'
    when q.words is null and coalesce(ml.level, cl.level, 0) >= q.access then 'ALLOWED'
    else 'NOT_HELD' end`

/** The caller must be allowed to ask about every user: the names in the questions are then visible. */
export const checks: HandWritten = {
  text: `with ${CALLER}, ${REACH}, ${SUBJECT}, ${LEVELS},
  held as materialized (select * from ${heldBy('subject')} as h),
  asked as (select * from json_to_recordset($3::json) as q (n int, words text[], project text, controller text, model text, access int)),
  decided as (
    select q.n, ${CODE} as code
    from subject as s cross join asked as q
      left join projects as p on p.code_key = q.project and p.deleted_at is null
      left join controllers as c on c.name_key = q.controller and c.deleted_at is null
      left join models as m on m.controller_id = c.id and m.name_key = q.model and m.deleted_at is null
      left join model_levels as ml on ml.model_id = m.id
      left join controller_levels as cl on q.model is null and cl.controller_id = c.id
  )
  select json_build_object('data', json_build_object('checkAccess', json_agg(${answer('d.code')} order by d.n)))::text as body
  from decided as d
  having (select reach.checks_all and reach.everywhere from reach)`,
  values: ({ hash, variables: { input } }) => [
    hash,
    input.user.toLowerCase(),
    JSON.stringify(input.questions.map(rowOf)),
  ],
}

function rowOf({ permission, controller, model }: Question, n: number) {
  if (permission) {
    return { n, words: wordsAllowing(permission.permission), project: permission.project.toLowerCase() }
  }
  const resource = controller ?? model
  return {
    n,
    controller: resource?.controller.toLowerCase(),
    model: model?.model.toLowerCase(),
    access: LEVELS_BY_NAME[resource?.access ?? ''],
  }
}
