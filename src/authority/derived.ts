/** Derived tables, which are computed from grants when they are read and are not stored. */
import { and, type SQL, sql } from 'drizzle-orm'
import { integer, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import { byteText, instant } from '../db/columns.ts'
import type { CallerScope, FixedValues } from '../read/spec.ts'
import { allows, heldByInOrder, historyOf, holdsAt, isActiveUserAt } from './held.ts'
import { heldLevelsOf, levelsOnController, levelsOnModel, modelLevelsOf } from './held-levels.ts'
import { difference, everythingAt, usersChanged } from './snapshot.ts'
import { isCaller, seesOnlyOwnHoldings } from './visibility.ts'

/** The users that can reach a controller or a model, one row per way. */
const holderColumns = {
  /** The user, the grant or membership, and the way that follows from it: the id stays the same for as long as they do. */
  id: text('id').primaryKey(),
  userId: uuid('user_id').notNull(),
  controllerId: uuid('controller_id').notNull(),
  modelId: uuid('model_id'),
  level: integer('level').notNull(),
  via: text('via').notNull(),
  /** The grant, base permission or membership that it is derived from. */
  grantId: uuid('grant_id').notNull(),
  roleId: uuid('role_id'),
  since: instant('since').notNull(),
  until: instant('until'),
}
export const controllerHolders = pgTable('controller_holders', holderColumns)
export const modelHolders = pgTable('model_holders', holderColumns)

/** The relation of a list that belongs to one row, whose columns it has. */
type OfOne = (time: SQL, args: unknown, caller: CallerScope, fixed: FixedValues) => SQL
/** The same in arms, each in the order of the list. */
type ArmsOfOne = (...given: Parameters<OfOne>) => SQL[]

function fixedValue(fixed: FixedValues, column: string): SQL {
  const value = fixed(column)
  if (!value) throw new Error(`This list belongs to one thing: its ${column} is missing.`)
  return value
}

const ways = (levels: SQL) =>
  sql`(select h.user_id || ' ' || h.grant_id || ' ' || h.via as id, h.user_id, h.controller_id, h.model_id, h.level, h.via, h.grant_id, h.role_id, h.since, h.until
  from ${levels} as h)`

/** The lists of holders belong to one thing. */
export const controllerHoldersRelation: OfOne = (time, _args, _caller, fixed) =>
  ways(levelsOnController(fixedValue(fixed, 'controllerId'), time))

export const modelHoldersRelation: OfOne = (time, _args, _caller, fixed) =>
  ways(levelsOnModel(fixedValue(fixed, 'modelId'), fixedValue(fixed, 'controllerId'), time))

/** The users that hold a role, one row per scope. */
export const roleHolders = pgTable('role_holders', {
  id: uuid('id').primaryKey(),
  userId: uuid('user_id').notNull(),
  roleId: uuid('role_id').notNull(),
  organizationId: uuid('organization_id'),
  projectId: uuid('project_id'),
  grantedBy: uuid('granted_by'),
  via: text('via').notNull(),
  since: instant('since').notNull(),
  until: instant('until'),
})

const GRANT = historyOf('g')

export const roleHoldersRelation: OfOne = (time, _args, caller) =>
  sql`(select g.id, g.user_id, g.role_id, g.organization_id, g.project_id, g.granted_by, 'GRANT' as via, g.since, least(g.expires_at, g.ended_at) as until
  from role_grants as g where ${mayBeSeen(caller, sql`g.user_id`)} and ${holdsAt(GRANT, time)} and ${isActiveUserAt(sql`g.user_id`, time)})`

/** What a caller surely does not see need not be computed. */
function mayBeSeen(caller: CallerScope, userId: SQL): SQL {
  return seesOnlyOwnHoldings(caller) ? isCaller(caller, userId) : sql`true`
}

/** The users that hold something that reaches a project, one row per role and scope, or per permission of a member. */
export const projectHolders = pgTable('project_holders', {
  id: text('id').primaryKey(),
  onProjectId: uuid('on_project_id').notNull(),
  userId: uuid('user_id').notNull(),
  roleId: uuid('role_id'),
  permission: byteText('permission'),
  organizationId: uuid('organization_id'),
  projectId: uuid('project_id'),
  grantedBy: uuid('granted_by'),
  via: text('via').notNull(),
  grantId: uuid('grant_id').notNull(),
  /** When it began elsewhere too: `since` follows it, but never comes before the project. */
  begunAt: instant('begun_at').notNull(),
  since: instant('since').notNull(),
  until: instant('until'),
})

/**
 * The roles held in the project, in its organization and everywhere, and the base permissions of its organization's members:
 * of those who were members when the permission was given, and of those who came later.
 */
export const projectHoldersRelation: ArmsOfOne = (time, _args, caller, fixed) => {
  const id = fixedValue(fixed, 'onProjectId')
  const created = sql`(select p.created_at from projects as p where p.id = ${id})`
  const home = sql`(select p.organization_id from projects as p where p.id = ${id})`
  const until = sql`least(g.expires_at, g.ended_at) as until`
  const byRoleWithin = (reach: SQL) => sql`(
  select ${id} || ' ' || g.id as id, ${id} as on_project_id, g.user_id, g.role_id, null as permission, g.organization_id, g.project_id,
    g.granted_by, 'ROLE' as via, g.id as grant_id, g.since as begun_at, greatest(g.since, ${created}) as since, ${until}
  from role_grants as g
  where ${reach} and ${mayBeSeen(caller, sql`g.user_id`)} and ${created} <= ${time} and ${holdsAt(GRANT, time)} and ${isActiveUserAt(sql`g.user_id`, time)})`
  const asMember = (begunAt: SQL, isSo: SQL) => sql`(
  select ${id} || ' ' || g.id || ' ' || u.id as id, ${id} as on_project_id, u.id as user_id, null::uuid as role_id, g.permission,
    g.organization_id, null::uuid as project_id, g.granted_by, 'MEMBERSHIP' as via, g.id as grant_id, ${begunAt} as begun_at,
    greatest(${begunAt}, ${created}) as since, ${until}
  from base_permissions as g join users as u on u.organization_id = g.organization_id
  where g.organization_id = ${home} and u.organization_id = ${home} and ${isSo} and ${mayBeSeen(caller, sql`u.id`)} and ${created} <= ${time} and u.created_at <= ${time}
    and ${holdsAt(GRANT, time)} and ${isActiveUserAt(sql`u.id`, time)})`
  return [
    byRoleWithin(sql`g.project_id = ${id}`),
    byRoleWithin(sql`g.organization_id = ${home} and g.project_id is null`),
    byRoleWithin(sql`g.organization_id is null`),
    asMember(sql`g.since`, sql`u.created_at <= g.since`),
    asMember(sql`u.created_at`, sql`u.created_at > g.since`),
  ]
}

/** The controllers and models that a user can reach, one row for each, with the highest level. */
export const userControllers = pgTable('user_controllers', {
  id: text('id').primaryKey(),
  userId: uuid('user_id').notNull(),
  controllerId: uuid('controller_id').notNull(),
  nameKey: text('name_key').notNull(),
  level: integer('level').notNull(),
})
export const userModels = pgTable('user_models', {
  id: text('id').primaryKey(),
  userId: uuid('user_id').notNull(),
  controllerId: uuid('controller_id').notNull(),
  /** The user's level on the controller. */
  controllerLevel: integer('controller_level').notNull(),
  modelId: uuid('model_id').notNull(),
  nameKey: text('name_key').notNull(),
  level: integer('level').notNull(),
})

export const userControllersRelation: OfOne = (time, _args, _caller, fixed) =>
  sql`(select h.user_id || ' ' || h.controller_id as id, h.user_id, h.controller_id, c.name_key, max(h.level)::int as level
  from ${heldLevelsOf(fixedValue(fixed, 'userId'), time)} as h join controllers as c on c.id = h.controller_id
  where h.model_id is null group by h.user_id, h.controller_id, c.name_key)`

export const userModelsRelation: OfOne = (time, _args, _caller, fixed) => {
  const [userId, controllerId] = [fixedValue(fixed, 'userId'), fixedValue(fixed, 'controllerId')]
  const own = { userId, controllerId, controllerLevel: fixedValue(fixed, 'controllerLevel') }
  return sql`(select ${userId} || ' ' || h.model_id as id, ${userId} as user_id, ${controllerId} as controller_id, ${own.controllerLevel} as controller_level,
    h.model_id, m.name_key, max(h.level)::int as level
  from ${modelLevelsOf(own, time)} as h join models as m on m.id = h.model_id group by h.model_id, m.name_key)`
}

/** All that a user may do, one row per way and permission or level. */
export const effectiveAccess = pgTable('effective_access', {
  id: text('id').primaryKey(),
  userId: uuid('user_id').notNull(),
  permission: byteText('permission'),
  organizationId: uuid('organization_id'),
  projectId: uuid('project_id'),
  controllerId: uuid('controller_id'),
  modelId: uuid('model_id'),
  level: integer('level'),
  via: text('via').notNull(),
  /** The grant, base permission or membership that it is derived from. */
  grantId: uuid('grant_id').notNull(),
  roleId: uuid('role_id'),
  since: instant('since').notNull(),
  until: instant('until'),
})

/** The permissions that a held one includes: itself, or, for a wildcard, all that were known at that time. */
const wordsOf = (what: SQL, time: SQL) => sql`(
  select ${what} as name where ${what} not in ('*', '@applications')
  union all
  select p.name from permissions as p where ${what} in ('*', '@applications') and p.name not in ('*', '@applications')
    and ${allows(what, sql`p.name`)} and p.created_at <= ${time}
)`

/** Wildcard permissions are expanded. */
export const effectiveAccessRelation: ArmsOfOne = (time, _args, _caller, fixed) => {
  const userId = fixedValue(fixed, 'userId')
  const permissions = heldByInOrder(userId, time).map(
    (arm) => sql`(
  select h.grant_id || ' ' || word.name || ' ' || h.what as id, h.user_id, word.name as permission, h.organization_id, h.project_id,
    null::uuid as controller_id, null::uuid as model_id, null::int as level, h.via, h.grant_id, h.role_id, h.since, h.until
  from ${arm} as h cross join lateral ${wordsOf(sql`h.what`, time)} as word)`,
  )
  const levels = sql`(
  select l.grant_id || ' ' || coalesce(l.model_id, l.controller_id) || ' ' || l.via as id, l.user_id, null as permission,
    null::uuid as organization_id, null::uuid as project_id,
    l.controller_id, l.model_id, l.level, l.via, l.grant_id, l.role_id, l.since, l.until
  from ${heldLevelsOf(userId, time)} as l)`
  return [...permissions, levels]
}

/** What users gained and lost between two times. */
export const accessChanges = pgTable('access_changes', {
  id: text('id').primaryKey(),
  kind: text('kind').notNull(),
  userId: uuid('user_id').notNull(),
  username: text('username').notNull(),
  usernameKey: text('username_key').notNull(),
  /** The permission, by which the items of one user are ordered; empty for a level. */
  word: byteText('word').notNull(),
  permission: byteText('permission'),
  organizationId: uuid('organization_id'),
  projectId: uuid('project_id'),
  controllerId: uuid('controller_id'),
  modelId: uuid('model_id'),
  level: integer('level'),
})

/** Which changes are asked for. */
interface ChangesOf {
  from: SQL
  to: SQL
  /** The condition on the users u whose changes may be read. */
  readable: SQL | undefined
  /** The condition on the users u asked about; without it, they are all who changed. */
  named: SQL | undefined
}

/** The permissions and levels that were held at one of the two times and not at the other, user by user, as far as a page needs. */
export function accessChangesRelation({ from, to, readable, named }: ChangesOf): SQL {
  const isChanged = and(named ?? sql`u.id in ${usersChanged(from, to)}`, readable)
  const isOf = (userId: SQL) => sql`${userId} = u.id`
  return sql`(
  select md5(d.kind || ' ' || d.key) as id, d.kind, u.id as user_id, u.username, u.username_key, coalesce(d.what, '') as word, d.what as permission,
    d.organization_id, d.project_id, d.controller_id, d.model_id, d.level
  from users as u cross join lateral ${difference(everythingAt(from, isOf), everythingAt(to, isOf))} as d
  where ${isChanged} and d.kind in ('GAINED', 'LOST')
)`
}
