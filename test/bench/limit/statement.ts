/** What the hand-written statements have in common. Each is one statement, which also finds the caller and their rights. */

/** A request to the limit. */
export interface Requested {
  /** The credential that was presented. */
  credential: string
  /** The SHA-256 of it. */
  hash: Buffer
  variables: Variables
  /** The address of the client. */
  address: string | undefined
  newId(): string
}

/** The variables of all workloads; each uses its own. */
interface Variables {
  username: string
  after: string | null
  secret: string
  input: { user: string; questions: Question[]; roles: { role: string; project: string }[] }
}

/** A question about a permission on a project, a controller or a model. */
export interface Question {
  permission?: { permission: string; project: string }
  controller?: { controller: string; access: string }
  model?: { controller: string; model: string; access: string }
}

export interface HandWritten {
  /** Its row has the body of the answer in the column `body`; there is no row where the caller is refused. */
  text: string
  values(requested: Requested): unknown[]
}

const NOW = 'statement_timestamp()'

/** Whether a fact with a history is in force now. */
export const inForce = (fact: string) =>
  `(${fact}.since <= ${NOW} and (${fact}.expires_at is null or ${NOW} < ${fact}.expires_at) and (${fact}.ended_at is null or ${NOW} < ${fact}.ended_at))`

/** Whether a user is neither suspended nor deleted. */
export const isActive = (user: string) =>
  `(${user}.deleted_at is null and not exists (select from user_suspensions as s where s.user_id = ${user}.id and ${inForce('s')}))`

/** A key that can be used. Keys with limits, which the load does not have, are refused. */
export const isUsable = (key: string) =>
  `(${key}.revoked_at is null and (${key}.expires_at is null or ${NOW} < ${key}.expires_at) and not ${key}.limited)`

/** The relation caller(id, organization_id): the active user of the key whose hash is $1. */
export const CALLER = `caller as materialized (
    select u.id, u.organization_id from api_keys as k join users as u on u.id = k.user_id
    where k.hash = $1 and ${isUsable('k')} and ${isActive('u')}
  )`

/** The same with the key: caller(id, organization_id, key_id, read_only). */
export const CALLER_KEY = CALLER.replace(
  'u.organization_id from',
  'u.organization_id, k.id as key_id, k.read_only from',
)

/** The permissions that the users of a relation hold now: permission, organization_id, project_id, until. */
export const heldBy = (relation: string) => `(
    select p.permission, g.organization_id, g.project_id, least(g.expires_at, g.ended_at, p.expires_at, p.ended_at) as until
    from ${relation} as h join role_grants as g on g.user_id = h.id and ${inForce('g')}
      join role_permissions as p on p.role_id = g.role_id and ${inForce('p')}
    union all
    select b.permission, b.organization_id, null, least(b.expires_at, b.ended_at)
    from ${relation} as h join base_permissions as b on b.organization_id = h.organization_id and ${inForce('b')}
  )`

/** All organizations and projects of what the caller holds, where any of these permissions is held. */
const among = (column: string, words: string[], onProjects: boolean) => {
  const list = words.map((word) => `'${word}'`).join(', ')
  const condition = [
    `o.${column} is not null`,
    ...(onProjects ? [] : ['o.project_id is null']),
    ...(words.length > 0 ? [`o.permission in ('*', ${list})`] : []),
  ]
  return `coalesce(array_agg(distinct o.${column}) filter (where ${condition.join(' and ')}), '{}')`
}

const isEverywhere = (words: string[]) => {
  const list = words.map((word) => `, '${word}'`).join('')
  const isNamed = words.length > 0 ? ` and o.permission in ('*'${list})` : ''
  return `coalesce(bool_or(o.organization_id is null${isNamed}), false)`
}

/**
 * The relation reach, with one row: whether the caller holds anything, reads users and sees controllers everywhere; and
 * otherwise in which organizations and projects.
 */
export const REACH = `reach as materialized (
    select ${isEverywhere([])} as everywhere,
      ${isEverywhere(['users.read'])} as reads_all,
      ${isEverywhere(['users.read', 'controllers.manage'])} as sees_all,
      ${isEverywhere(['access.check'])} as checks_all,
      ${among('organization_id', [], false)} as organizations,
      ${among('project_id', [], true)} as projects,
      ${among('organization_id', [], true)} as near,
      ${among('organization_id', ['users.read'], false)} as reads,
      ${among('project_id', ['users.read'], true)} as reads_projects,
      ${among('organization_id', ['users.read', 'controllers.manage'], false)} as sees,
      ${among('organization_id', ['access.check'], false)} as checks
    from ${heldBy('caller')} as o
  )`

/** Whether the caller may see an organization. */
export const seesOrganization = (id: string) =>
  `(reach.everywhere or ${id} = caller.organization_id or ${id} = any(reach.near))`

/** Whether the caller may see a project. */
export const seesProject = (id: string, organizationId: string) =>
  `(reach.everywhere or ${id} = any(reach.projects) or ${organizationId} = any(reach.organizations))`

/** A time as the API writes it. */
export const timeText = (time: string) => `to_char(${time} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`

export const scopeOf = (row: string) =>
  `case when ${row}.project_id is not null then 'PROJECT' when ${row}.organization_id is not null then 'ORGANIZATION' else 'EVERYWHERE' end`

/** An object with one name, or null. */
export const named = (row: string, column = 'name') =>
  `case when ${row}.id is not null then json_build_object('${column}', ${row}.${column}) end`
