/** The facts that matter for a question, each with what prevents it from allowing what is asked. */
import { type SQL, sql } from 'drizzle-orm'
import { granterOf } from '../authority/granter.ts'
import { allows, coversSql, managesControllers } from '../authority/held.ts'
import { isVisible } from '../authority/visibility.ts'
import { models, organizations, projects, roles, users } from '../db/tables.ts'
import { Model } from '../entities/model/type.ts'
import { Organization } from '../entities/organization/type.ts'
import { Project } from '../entities/project/type.ts'
import { Role } from '../entities/role/type.ts'
import { User } from '../entities/user/type.ts'
import type { ScopeName } from '../errors.ts'
import { type AccessVia, scopeKindSql } from '../graphql/enums.ts'
import type { CallerScope } from '../read/spec.ts'
import { mayCheckIn } from './subject.ts'
import { mayName } from './target.ts'

/** What prevents a fact from allowing what is asked, the nearest first; `ALLOWED` where nothing prevents it. */
export const WAY_CODES = ['ALLOWED', 'INACTIVE', 'KEY_TOO_NARROW', 'LEVEL_TOO_LOW', 'ENDED', 'WRONG_SCOPE'] as const
export type WayCode = (typeof WAY_CODES)[number]

/** A limit of a key that allows what is asked. */
export interface KeyLimit {
  role: string | null
  organization: string | null
  project: string | null
  scope: ScopeName
  until: string | null
}

/** A fact that matters for a question, with the names that the caller may see. */
export interface Way {
  code: WayCode
  via: typeof AccessVia.$inferType
  grantedBy: string | null
  role: string | null
  organization: string | null
  project: string | null
  scope: ScopeName | null
  controller: string | null
  model: string | null
  throughModel: string | null
  level: 1 | 2 | 3 | null
  keyLimits: KeyLimit[]
  since: string
  until: string | null
}

/** True where the limit l allows what the question q asks about its target t. */
const limitLets = sql`case when q.permission is not null
  then ${allows(sql`l.permission`, sql`q.permission`)} and ${coversSql(sql`l`, sql`t`)}
  else ${managesControllers(sql`l.permission`, sql`l`, sql`t.organization_id`)} end`

/** The earliest end of anything that a positive answer depends on: of what is held, and of the key it is used with. */
const until = sql`case when w.code = 'ALLOWED' then least(w.until, s.key_ends, (
  select nullif(max(coalesce(l.until, 'infinity')), 'infinity') from limits as l where s.limited and ${limitLets}
)) else w.until end`

export const MOST_WAYS = 100

/**
 * The relation ways(is_allowed, ways) for the target t of the question q: the ways that allow it, or otherwise the ways
 * that are one step away. It reads the subject s and its facts, levels and limits.
 */
export function waysTo(caller: CallerScope): SQL {
  const order = sql.join(
    WAY_CODES.map((code) => sql`${code}`.inlineParams()),
    sql`, `,
  )
  return sql`(
    select coalesce(bool_or(w.is_allowed), false) as is_allowed,
      json_agg(json_build_object('code', w.code, 'via', w.via, 'role', r.name, 'organization', o.name, 'project', p.code,
        'scope', case when w.level is null then ${scopeKindSql({ organizationId: sql`w.organization_id`, projectId: sql`w.project_id` })} end,
        'controller', c.name, 'model', m.name, 'level', w.level, 'since', w.since, 'until', ${until},
        'grantedBy', (${granterOfWay(caller)}), 'throughModel', (${throughModel(caller)}), 'keyLimits', ${keyLimits(caller)}
      ) order by w.place) filter (where w.place <= ${MOST_WAYS}) as ways
    from (
      select x.*, row_number() over (order by array_position(array[${order}]::text[], x.code), x.until desc nulls first, x.since, x.grant_id) as place,
        bool_or(x.code = 'ALLOWED') over () as is_allowed
      from ${factsFor()} as x
      where x.code is not null
    ) as w
    left join roles as r on r.id = w.role_id and ${isVisible(Role.visible, roles, 'r', caller)}
    left join organizations as o on o.id = w.organization_id and ${isVisible(Organization.visible, organizations, 'o', caller)}
    left join projects as p on p.id = w.project_id and ${isVisible(Project.visible, projects, 'p', caller)}
    left join controllers as c on c.id = w.controller_id and ${mayName.controller(caller)}
    left join models as m on m.id = w.model_id and ${mayName.model(caller)}
    where w.code = 'ALLOWED' or not w.is_allowed
  )`
}

/** The user who granted the first fact of a way; null for the operator, or where the caller may not see that user. */
function granterOfWay(caller: CallerScope): SQL {
  return sql`select u.username from users as u
    where ${isVisible(User.visible, users, 'u', caller)} and u.id = ${granterOf(sql`w.grant_id`)}`
}

/** The model whose access includes LOGIN on its controller; null where the caller may not see it. */
function throughModel(caller: CallerScope): SQL {
  const known = sql`(${mayCheckIn(caller, sql`t.organization_id`)} or ${isVisible(Model.visible, models, 'through', caller)})`
  return sql`select through.name from model_grants as g join models as through on through.id = g.model_id
    where w.via = 'MODEL' and g.id = w.grant_id and ${known}`
}

/** The limits of the key that allow what is asked. */
function keyLimits(caller: CallerScope): SQL {
  return sql`coalesce((
    select json_agg(distinct jsonb_build_object('role', r.name, 'organization', o.name, 'project', p.code, 'until', l.until,
      'scope', ${scopeKindSql({ organizationId: sql`l.organization_id`, projectId: sql`l.project_id` })}))
    from limits as l
    left join roles as r on r.id = l.role_id and ${isVisible(Role.visible, roles, 'r', caller)}
    left join organizations as o on o.id = l.organization_id and ${isVisible(Organization.visible, organizations, 'o', caller)}
    left join projects as p on p.id = l.project_id and ${isVisible(Project.visible, projects, 'p', caller)}
    where s.limited and w.code = 'ALLOWED' and ${limitLets}
  ), '[]'::json)`
}

/** The subject's facts about the question q and its target t, each with what prevents it from allowing it. */
function factsFor(): SQL {
  const isWithin = sql`exists (select from limits as l where ${limitLets})`
  const ofPermission = codeOf({ covers: coversSql(sql`f`, sql`t`), suffices: sql`true`, isWithin })
  const ofLevel = codeOf({ covers: sql`true`, suffices: sql`f.level >= q.access`, isWithin })
  return sql`(
    select ${ofPermission} as code, f.via, f.grant_id, f.role_id, f.organization_id, f.project_id, null::uuid as controller_id, null::uuid as model_id, null::int as level, f.since, f.until
    from facts as f where q.permission is not null and ${allows(sql`f.what`, sql`q.permission`)}
    union all
    select ${ofLevel}, f.via, f.grant_id, f.role_id, null, null, f.controller_id, f.model_id, f.level, f.since, f.until
    from levels as f where q.permission is null and f.controller_id = t.controller_id and f.model_id is not distinct from t.model_id
  )`
}

/**
 * The code of what prevents a fact: `ALLOWED` where nothing does; null where more than one thing does, so it is no way.
 */
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
