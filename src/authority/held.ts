/**
 * The basis of all decisions on authority. `held` is the only relation that says which user holds which permission, in
 * which scope, by what means and until when. All code that refuses, hides, lists or explains selects from it; TypeScript
 * only reads its rows.
 *
 * A scope is two columns: where both are null, it is everywhere; an organization alone is all of it; both are one project.
 */
import { type SQL, sql } from 'drizzle-orm'
import {
  apiKeyLimits,
  apiKeys,
  basePermissions,
  organizations,
  projects,
  roleGrants,
  rolePermissions,
  userSuspensions,
  users,
} from '../db/tables.ts'
import { SERVER_SEGMENTS } from './permissions.ts'

/** The time of the statement itself: `now()` is the start of the transaction, which is in the past. */
export const NOW = sql`statement_timestamp()`

/** Whether a fact with a history holds at a time. The interval is half open: it holds at `since` and no longer at its end. */
export function holdsAt(fact: { since: unknown; expiresAt: unknown; endedAt: unknown }, at: SQL): SQL {
  return sql`(${fact.since} <= ${at} and (${fact.expiresAt} is null or ${at} < ${fact.expiresAt}) and (${fact.endedAt} is null or ${at} < ${fact.endedAt}))`
}

/** The columns of a fact's history in a statement that calls its table so. */
export function historyOf(alias: string): Parameters<typeof holdsAt>[0] {
  const [since, expiresAt, endedAt] = ['since', 'expires_at', 'ended_at'].map(
    (column) => sql`${sql.identifier(alias)}.${sql.identifier(column)}`,
  )
  return { since, expiresAt, endedAt }
}

/** Returns the end of the fact that a statement calls so, as far as the reader of the relation may know it. */
export type EndOf = (alias: string) => SQL

export const endOf: EndOf = (alias) => {
  const { expiresAt, endedAt } = historyOf(alias)
  return sql`least(${expiresAt}, ${endedAt})`
}

/** The ends as they were known at a time: what was ended later had only its planned end then. */
export function endKnownAt(at: SQL): EndOf {
  return (alias) => {
    const { expiresAt, endedAt } = historyOf(alias)
    return sql`least(${expiresAt}, case when ${endedAt} <= ${at} then ${endedAt} end)`
  }
}

/** Whether a user is suspended at a time. */
export function isSuspendedAt(userId: unknown, at: SQL): SQL {
  return sql`exists (select from ${userSuspensions} as s where s.user_id = ${userId} and s.since <= ${at} and (s.expires_at is null or ${at} < s.expires_at) and (s.ended_at is null or ${at} < s.ended_at))`
}

/** Whether a user is neither suspended nor deleted at a time. */
export function isActiveAt(user: { id: unknown; deletedAt: unknown }, at: SQL): SQL {
  return sql`((${user.deletedAt} is null or ${at} < ${user.deletedAt}) and not ${isSuspendedAt(user.id, at)})`
}

/** The same for a user by id alone, where many are asked about: the few that are not active are subtracted at once. */
export function isActiveUserAt(userId: unknown, at: SQL): SQL {
  return sql`(not exists (select from ${users} as d where d.id = ${userId} and d.deleted_at <= ${at}) and not ${isSuspendedAt(userId, at)})`
}

/**
 * The relation held(user_id, what, organization_id, project_id, via, grant_id, role_id, since, until, state) at a time.
 * `what` is a permission or one of the two wildcards. `via` is ROLE or MEMBERSHIP. `until` is the earliest end of
 * anything it depends on, null where there is none. `state` is ACTIVE, or the reason why it does not hold: first the fact
 * itself is checked, then its user, so that SUSPENDED marks what the user would hold if they were active.
 */
export function held(at: SQL = NOW, end: EndOf = endOf): SQL {
  return sql`(
    select f.user_id, f.what, f.organization_id, f.project_id, f.via, f.grant_id, f.role_id, f.since, f.until,
      ${stateAt(at)} as state
    from ${heldFacts(end)} as f join ${users} as u on u.id = f.user_id
    where f.until is null or f.until > f.since
  )`
}

/** The rows of held that are ACTIVE, of one user, who is looked at once. */
export function heldBy(userId: SQL | string, at: SQL): SQL {
  return inForceOf(userId, heldFacts(endOf), at)
}

/** The facts of one user that hold, where the user is active. */
function inForceOf(userId: SQL | string, facts: SQL, at: SQL): SQL {
  return sql`(select f.* from ${facts} as f where f.user_id = ${userId} and ${isInForce(at)} and ${isActiveUserAt(userId, at)})`
}

/**
 * The same in arms, in the order of `since`: what roles granted when they were granted, in the order of an index; what was added
 * to roles later; and what membership grants.
 */
export function heldByInOrder(userId: SQL, at: SQL): SQL[] {
  // Without the offset, the permissions could be read first, and the order of the grants be lost.
  const ofRole = sql`select * from ${rolePermissions} as p where p.role_id = g.role_id and p.since <= g.since offset 0`
  const arms = [
    sql`(select ${byRole(endOf, sql`g.since`)} from ${roleGrants} as g cross join lateral (${ofRole}) as p)`,
    sql`(select ${byRole(endOf, sql`p.since`)} from ${roleGrants} as g join ${rolePermissions} as p on p.role_id = g.role_id and p.since > g.since)`,
    sql`(${byMembership(endOf)})`,
  ]
  return arms.map((arm) => inForceOf(userId, arm, at))
}

/** The state of the fact f of the user u: ACTIVE, or the reason why it does not hold. */
export function stateAt(at: SQL): SQL {
  return sql`case
    when f.since > ${at} then 'NOT_BEGUN'
    when f.until <= ${at} then 'ENDED'
    when u.deleted_at <= ${at} then 'DELETED'
    when ${isSuspendedAt(sql`u.id`, at)} then 'SUSPENDED'
    else 'ACTIVE' end`
}

/** Whether the fact f of an active user holds. */
export function isInForce(at: SQL): SQL {
  return sql`(f.since <= ${at} and (f.until is null or ${at} < f.until))`
}

/** The permissions that roles and membership grant, at any time. */
export function heldFacts(end: EndOf): SQL {
  return sql`(
      select ${byRole(end)} from ${roleGrants} as g join ${rolePermissions} as p on p.role_id = g.role_id
      union all
      ${byMembership(end)}
  )`
}

/** The rows of heldFacts with one of these words: first the few roles that have it are found, and then the users that hold them. */
export function holdersOf(words: SQL, end: EndOf): SQL {
  return sql`(
      select h.* from (select p.* from ${rolePermissions} as p where p.permission in ${words} offset 0) as p
        cross join lateral (select ${byRole(end)} from ${roleGrants} as g where g.role_id = p.role_id offset 0) as h
      union all
      ${byMembership(end)} where b.permission in ${words}
  )`
}

function byRole(end: EndOf, since: SQL = sql`greatest(g.since, p.since)`): SQL {
  return sql`g.user_id, p.permission as what, g.organization_id, g.project_id, 'ROLE' as via, g.id as grant_id, g.role_id,
        ${since} as since, least(${end('g')}, ${end('p')}) as until`
}

function byMembership(end: EndOf): SQL {
  return sql`select m.id as user_id, b.permission as what, b.organization_id, null::uuid as project_id, 'MEMBERSHIP' as via, b.id as grant_id, null::uuid as role_id,
        greatest(m.created_at, b.since) as since, ${end('b')} as until
      from ${users} as m join ${basePermissions} as b on b.organization_id = m.organization_id`
}

/** A holder of authority: a user with all of it, or a user within the limits of a key. */
export interface Holder {
  userId: SQL | string
  apiKeyId: SQL | string | null
}

/**
 * The relation authority(what, organization_id, project_id, until): what a holder may do at a time. A limited key has
 * what both its owner and one of its limits allow, in the scope that they have in common.
 */
export function authorityOf({ userId, apiKeyId }: Holder, at: SQL = NOW): SQL {
  const owner = heldBy(userId, at)
  if (apiKeyId === null) return sql`(select o.what, o.organization_id, o.project_id, o.until from ${owner} as o)`
  const isLimited = sql`coalesce((select k.limited from ${apiKeys} as k where k.id = ${apiKeyId}), false)`
  return sql`(
    select o.what, o.organization_id, o.project_id, o.until from ${owner} as o where not ${isLimited}
    union
    select case when ${allows(sql`l.permission`, sql`o.what`)} then o.what else l.permission end,
      coalesce(o.organization_id, l.organization_id), coalesce(o.project_id, l.project_id), least(o.until, l.until)
    from ${owner} as o join ${limitsOf(apiKeyId, at)} as l
      on (${allows(sql`l.permission`, sql`o.what`)} or ${allows(sql`o.what`, sql`l.permission`)})
      and (o.organization_id is null or l.organization_id is null or o.organization_id = l.organization_id)
      and (o.project_id is null or l.project_id is null or o.project_id = l.project_id)
    where ${isLimited}
  )`
}

/** The relation authority of a holder whose authority was read, from its rows as JSON. */
export function knownAuthority(json: SQL): SQL {
  return sql`(
    select h."what" as what, h."organizationId" as organization_id, h."projectId" as project_id, h."until" as until
    from json_to_recordset(${json}::json) as h("what" text, "organizationId" uuid, "projectId" uuid, "until" timestamptz)
  )`
}

/**
 * The relation limits(permission, role_id, organization_id, project_id, until) of a key: its roles in their scopes, as they
 * are at that time. A limit on a project or an organization that was deleted allows nothing.
 */
export function limitsOf(apiKeyId: SQL | string, at: SQL): SQL {
  return sql`(
    select p.permission, k.role_id, k.organization_id, k.project_id, least(p.expires_at, p.ended_at) as until
    from ${apiKeyLimits} as k join ${rolePermissions} as p on p.role_id = k.role_id
    where k.api_key_id = ${apiKeyId} and p.since <= ${at} and (least(p.expires_at, p.ended_at) is null or ${at} < least(p.expires_at, p.ended_at))
      and not exists (select from ${projects} as j where j.id = k.project_id and j.deleted_at <= ${at})
      and not exists (select from ${organizations} as o where o.id = k.organization_id and o.deleted_at <= ${at})
  )`
}

/** Whether the outer scope is the inner one or contains it. */
export function coversSql(outer: SQL, inner: SQL): SQL {
  return sql`((${outer}.organization_id is null or ${outer}.organization_id = ${inner}.organization_id) and (${outer}.project_id is null or ${outer}.project_id = ${inner}.project_id))`
}

/** The words that allow their holder to manage controllers. */
export const MANAGING = sql`('*', 'controllers.manage')`

/** Whether a permission held in a scope allows the holder to manage the controllers of an organization. */
export function managesControllers(word: SQL, scope: SQL, organizationId: SQL): SQL {
  return sql`(${word} in ${MANAGING} and ${scope}.project_id is null and (${scope}.organization_id is null or ${scope}.organization_id = ${organizationId}))`
}

/** Whether the held permission includes the wanted one. */
export function allows(held: SQL, wanted: SQL): SQL {
  return sql`(${held} = ${wanted} or ${held} = '*' or (${held} = '@applications' and ${isApplicationWord(wanted)}))`
}

function isApplicationWord(word: SQL): SQL {
  return sql`(${word} <> '*' and split_part(${word}, '.', 1) not in ${SERVER_SEGMENTS})`.inlineParams()
}

/**
 * The rows of wanted(what, organization_id, project_id, until) that an authority does not cover in that scope for that
 * long: its holder can't grant them.
 */
export function uncovered(wanted: SQL, authority: SQL): SQL {
  const fits = sql`${allows(sql`h.what`, sql`w.what`)} and ${coversSql(sql`h`, sql`w`)}`
  return gaps(sql`w.what, w.organization_id, w.project_id`, wanted, authority, fits)
}

/** The rows of w that no h covers for that long; `too_short` is true where an h covers the row, but not for that long. */
export function gaps(columns: SQL, wanted: SQL, holdings: SQL, fits: SQL): SQL {
  const fitting = sql`select from ${holdings} as h where ${fits}`
  return sql`select distinct ${columns}, exists (${fitting}) as too_short from ${wanted} as w
    where not exists (${fitting} and (h.until is null or w.until <= h.until))`
}
