/**
 * Answers questions about access, all of them in one statement, from the relations that also refuse and hide. Every
 * fact that bears on a question is a way: one that lets, or one that is a single step away from it.
 */
import { type SQL, sql } from 'drizzle-orm'
import { hashToken, readTokenId } from '../api-key/token.ts'
import type { Caller } from '../auth/caller.ts'
import { allows, covers, held, heldLevels, isActiveAt, limitsOf, managesControllers, NOW } from '../auth/held.ts'
import { immediateScope, isVisible } from '../auth/references.ts'
import { isUsableKey } from '../auth/usable.ts'
import { holdsEverywhere, holdsInOrganization } from '../auth/visibility.ts'
import { Controller } from '../controller/type.ts'
import type { Connection } from '../db/database.ts'
import { controllers, models, organizations, projects, roles, users } from '../db/tables.ts'
import { ForbiddenError } from '../errors.ts'
import { Model } from '../model/type.ts'
import { Organization } from '../organization/schema.ts'
import { Project } from '../project/schema.ts'
import { Role } from '../role/type.ts'
import { User } from '../user/type.ts'
import type { Question } from './questions.ts'

/** About whom is asked: a user's whole authority, or that of a key. */
export type Subject = { username: string } | { apiKey: string } | { caller: Caller }

/** What stands between a fact and the answer yes, the nearest first; `ALLOWED` where nothing does. */
const MISSES = ['INACTIVE', 'KEY_TOO_NARROW', 'LEVEL_TOO_LOW', 'ENDED', 'WRONG_SCOPE'] as const
export type WayCode = 'ALLOWED' | (typeof MISSES)[number]
/** `NOT_FOUND`: the caller sees no such thing. */
export type AccessCode = 'ALLOWED' | 'NOT_HELD' | 'INACTIVE' | 'NOT_FOUND'

/** A fact that bears on a question, by names that the caller may know. */
export interface Way {
  code: WayCode
  via: string
  role: string | null
  organization: string | null
  project: string | null
  controller: string | null
  model: string | null
  level: 1 | 2 | 3 | null
  since: string
  until: string | null
}

export interface AccessAnswer {
  code: AccessCode
  ways: Way[]
}

/**
 * Null where the subject is hidden from the caller, missing, or a key that does not work.
 * @param at null is now
 * @throws ForbiddenError where the caller may see the subject, but not ask about it
 */
export async function answerQuestions(
  db: Connection,
  caller: Caller,
  subject: Subject,
  questions: Question[],
  at: Date | null,
): Promise<AccessAnswer[] | null> {
  // A lone surrogate is no text to the database, and no name either.
  const asked = JSON.stringify(questions.map(flatten), (_name, value) =>
    typeof value === 'string' ? value.toWellFormed() : value,
  )
  const time = at === null ? NOW : sql`${at.toISOString()}::timestamptz`
  const [row] = await db.execute<{ id: string; organizationId: string; mayAsk: boolean; answers: AccessAnswer[] }>(sql`
    with subject as materialized (${subjectOf(caller, subject, time)}),
    facts as materialized (select f.* from subject as s, lateral (select * from ${held(time)} as h where h.user_id = s.id) as f),
    levels as materialized (select l.* from subject as s, lateral (select * from ${heldLevels(time)} as h where h.user_id = s.id) as l),
    limits as materialized (select l.* from subject as s, lateral ${limitsOf(sql`s.api_key_id`, time)} as l),
    asked as (
      select * from json_to_recordset(${asked}::text::json) as q(n int, kind text, permission text, project text, organization text, controller text, model text, access int)
    )
    select s.id, s.organization_id as "organizationId", s.may_ask as "mayAsk", (
      select json_agg(json_build_object('code', case when t.missing is not null then t.missing when not s.active then 'INACTIVE' when w.is_allowed then 'ALLOWED' else 'NOT_HELD' end, 'ways', case when t.missing is null then coalesce(w.ways, '[]'::json) else '[]'::json end) order by q.n)
      from asked as q, lateral ${targetOf(caller)} as t, lateral ${waysTo(caller)} as w
    ) as answers
    from subject as s`)
  if (!row) return null
  if (!row.mayAsk) {
    const { id, organizationId } = row
    const where = { organizationId, projectId: null, controllerId: null, modelId: null }
    throw new ForbiddenError([{ what: 'access.check', where }], { targetType: 'User', targetId: id, organizationId })
  }
  return row.answers
}

function flatten({ permission, controller, model }: Question, n: number) {
  if (permission) return { n, kind: kindOf(permission), ...permission }
  if (controller) return { n, kind: 'CONTROLLER', ...controller }
  return { n, kind: 'MODEL', ...model }
}

function kindOf({ project, organization }: { project?: string | null; organization?: string | null }): string {
  if (typeof project === 'string') return 'PROJECT'
  return typeof organization === 'string' ? 'ORGANIZATION' : 'EVERYWHERE'
}

/** subject(id, organization_id, api_key_id, limited, active, may_ask): none or one row. */
function subjectOf(caller: Caller, subject: Subject, time: SQL): SQL {
  const active = isActiveAt({ id: sql`u.id`, deletedAt: sql`u.deleted_at` }, time)
  if ('caller' in subject) {
    const { userId, apiKey } = subject.caller
    return sql`select u.id, u.organization_id, ${apiKey?.id ?? null}::uuid as api_key_id, ${apiKey?.limited ?? false}::boolean as limited, ${active} as active, true as may_ask
      from users as u where u.id = ${userId}::uuid`
  }
  const mayCheck = mayCheckIn(caller, sql`u.organization_id`)
  if ('apiKey' in subject) {
    // Whoever may not ask about a key is not told whether it is one.
    return sql`select u.id, u.organization_id, k.id as api_key_id, k.limited, true as active, true as may_ask
      from api_keys as k join users as u on u.id = k.user_id
      where k.id = ${readTokenId(subject.apiKey)}::uuid and k.hash = ${hashToken(subject.apiKey)}
        and ${isUsableKey({ revokedAt: sql`k.revoked_at`, expiresAt: sql`k.expires_at` }, NOW)} and ${active} and (${mayCheck} or u.id = ${caller.userId}::uuid)`
  }
  return sql`select u.id, u.organization_id, null::uuid as api_key_id, false as limited, ${active} as active, (${mayCheck} or u.id = ${caller.userId}::uuid) as may_ask
    from users as u where u.username_key = ${subject.username.toLowerCase().toWellFormed()} and u.deleted_at is null and (${mayCheck} or ${isVisible(User.visible, users, 'u', caller)})`
}

/** target(missing, organization_id, project_id, controller_id, model_id): what the question q is about. */
function targetOf(caller: Caller): SQL {
  return sql`(
    select null as missing, null::uuid as organization_id, null::uuid as project_id, null::uuid as controller_id, null::uuid as model_id where q.kind = 'EVERYWHERE'
    union all
    select case when o.id is null then 'NOT_FOUND' end, o.id, null, null, null
    from (select) as one left join organizations as o on o.name_key = lower(q.organization) and ${isVisible(Organization.visible, organizations, 'o', caller)}
    where q.kind = 'ORGANIZATION'
    union all
    select case when p.id is null then 'NOT_FOUND' end, p.organization_id, p.id, null, null
    from (select) as one left join projects as p on p.code_key = lower(q.project) and ${isVisible(Project.visible, projects, 'p', caller)}
    where q.kind = 'PROJECT'
    union all
    select case when c.id is null then 'NOT_FOUND' end, c.organization_id, null, c.id, null
    from (select) as one left join controllers as c on c.name_key = lower(q.controller) and c.deleted_at is null
      and (${mayCheckIn(caller, sql`c.organization_id`)} or ${isVisible(Controller.visible, controllers, 'c', caller)})
    where q.kind = 'CONTROLLER'
    union all
    select case when m.id is null then 'NOT_FOUND' end, c.organization_id, null, c.id, m.id
    from (select) as one left join (
      controllers as c join models as m on m.controller_id = c.id and c.deleted_at is null and m.deleted_at is null
        and (${mayCheckIn(caller, sql`c.organization_id`)} or ${isVisible(Model.visible, models, 'm', caller)})
    ) on c.name_key = lower(q.controller) and m.name_key = lower(q.model)
    where q.kind = 'MODEL'
  )`
}

const MOST_WAYS = 20

/** ways(is_allowed, ways) to the target t of the question q: those that let, or else those that miss by one step. */
function waysTo(caller: Caller): SQL {
  const order = sql.join(
    ['ALLOWED', ...MISSES].map((code) => sql`${code}`.inlineParams()),
    sql`, `,
  )
  return sql`(
    select coalesce(bool_or(w.is_allowed), false) as is_allowed,
      json_agg(${WAY_JSON} order by w.place) filter (where w.place <= ${MOST_WAYS}) as ways
    from (
      select x.*, row_number() over (order by array_position(array[${order}]::text[], x.code), x.until desc nulls first, x.since, x.grant_id) as place,
        bool_or(x.code = 'ALLOWED') over () as is_allowed
      from ${factsFor()} as x
      where x.code is not null
    ) as w
    left join roles as r on r.id = w.role_id and ${isVisible(Role.visible, roles, 'r', caller)}
    left join organizations as o on o.id = w.organization_id and ${isVisible(Organization.visible, organizations, 'o', caller)}
    left join projects as p on p.id = w.project_id and ${isVisible(Project.visible, projects, 'p', caller)}
    left join controllers as c on c.id = w.controller_id
    left join models as m on m.id = w.model_id
    where w.code = 'ALLOWED' or not w.is_allowed
  )`
}

const WAY_JSON = sql`json_build_object('code', w.code, 'via', w.via, 'role', r.name, 'organization', o.name,
    'project', p.code, 'controller', c.name, 'model', m.name, 'level', w.level, 'since', w.since, 'until', w.until)`

/** The subject's facts about the question q and its target t, each with what stands between it and yes. */
function factsFor(): SQL {
  const ofPermission = codeOf({
    covers: covers(sql`f`, sql`t`),
    suffices: sql`true`,
    isWithin: sql`exists (select from limits as l where ${allows(sql`l.permission`, sql`q.permission`)} and ${covers(sql`l`, sql`t`)})`,
  })
  const ofLevel = codeOf({
    covers: sql`true`,
    suffices: sql`f.level >= q.access`,
    isWithin: sql`exists (select from limits as l where ${managesControllers(sql`l.permission`, sql`l`, sql`t.organization_id`)})`,
  })
  return sql`(
    select ${ofPermission} as code, f.via, f.grant_id, f.role_id, f.organization_id, f.project_id, null::uuid as controller_id, null::uuid as model_id, null::int as level, f.since, f.until
    from facts as f where q.permission is not null and ${allows(sql`f.what`, sql`q.permission`)}
    union all
    select ${ofLevel}, f.via, f.grant_id, f.role_id, null, null, f.controller_id, f.model_id, f.level, f.since, f.until
    from levels as f where q.permission is null and f.controller_id = t.controller_id and f.model_id is not distinct from t.model_id
  )`
}

/** What stands between a fact and yes: nothing, one thing, or more than one: null, which is no near miss. */
function codeOf({ covers, suffices, isWithin }: { covers: SQL; suffices: SQL; isWithin: SQL }): SQL {
  const misses = {
    ENDED: sql`f.state in ('ENDED', 'NOT_BEGUN')`,
    INACTIVE: sql`not s.active`,
    WRONG_SCOPE: sql`${covers} is not true`,
    LEVEL_TOO_LOW: sql`not ${suffices}`,
    KEY_TOO_NARROW: sql`(s.limited and not ${isWithin})`,
  }
  const count = sql.join(
    Object.values(misses).map((miss) => sql`(${miss})::int`),
    sql` + `,
  )
  const names = sql.join(
    Object.entries(misses).map(([name, miss]) => sql`when ${miss} then ${sql`${name}`.inlineParams()}`),
    sql` `,
  )
  return sql`case when ${count} > 1 then null ${names} else 'ALLOWED' end`
}

/** Whoever may ask about an organization may name what is in it. */
function mayCheckIn(caller: Caller, organizationId: SQL): SQL {
  const scope = immediateScope(caller)
  return holdsEverywhere(scope, 'access.check') ? sql`true` : holdsInOrganization(scope, 'access.check', organizationId)
}
