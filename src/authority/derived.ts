/** Derived tables, which are computed from grants when they are read and are not stored. */
import { and, type SQL, sql } from 'drizzle-orm'
import { integer, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import { byteText, instant } from '../db/columns.ts'
import type { FixedValues } from '../read/spec.ts'
import { allows, heldBy, historyOf, holdsAt, isActiveAt, isActiveUserAt } from './held.ts'
import { heldLevels, heldLevelsOf, modelLevelsOf } from './held-levels.ts'
import { difference, everythingAt, usersChanged } from './snapshot.ts'

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

const ways = (
  time: SQL,
) => sql`select h.user_id || ' ' || h.grant_id || ' ' || h.via as id, h.user_id, h.controller_id, h.model_id, h.level, h.via, h.grant_id, h.role_id, h.since, h.until
  from ${heldLevels(time)} as h where h.state = 'ACTIVE'`

export const controllerHoldersRelation = (time: SQL) => sql`(${ways(time)} and h.model_id is null)`
export const modelHoldersRelation = (time: SQL) => sql`(${ways(time)} and h.model_id is not null)`

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

const ACTIVE_HOLDER = { id: sql`u.id`, deletedAt: sql`u.deleted_at` }
const GRANT = historyOf('g')

export const roleHoldersRelation = (
  time: SQL,
) => sql`(select g.id, g.user_id, g.role_id, g.organization_id, g.project_id, g.granted_by, 'GRANT' as via, g.since, least(g.expires_at, g.ended_at) as until
  from role_grants as g where ${holdsAt(GRANT, time)} and ${isActiveUserAt(sql`g.user_id`, time)})`

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
  since: instant('since').notNull(),
  until: instant('until'),
})

/** The roles held in the project, in its organization and everywhere, and the base permissions of its organization's members. */
export const projectHoldersRelation = (time: SQL) => {
  const roles = (reach: SQL) => sql`
  select p.id || ' ' || g.id as id, p.id as on_project_id, g.user_id, g.role_id, null as permission, g.organization_id, g.project_id,
    g.granted_by, 'ROLE' as via, greatest(g.since, p.created_at) as since, g.until
  from ${roleHoldersRelation(time)} as g join projects as p on ${reach} where p.created_at <= ${time}`
  return sql`(
  ${roles(sql`g.project_id = p.id`)}
  union all ${roles(sql`g.organization_id = p.organization_id and g.project_id is null`)}
  union all ${roles(sql`g.organization_id is null`)}
  union all
  select p.id || ' ' || g.id || ' ' || u.id, p.id, u.id, null, g.permission, g.organization_id, null,
    g.granted_by, 'MEMBERSHIP', greatest(g.since, u.created_at, p.created_at), least(g.expires_at, g.ended_at)
  from base_permissions as g join users as u on u.organization_id = g.organization_id join projects as p on p.organization_id = g.organization_id
  where p.created_at <= ${time} and u.created_at <= ${time} and ${holdsAt(GRANT, time)} and ${isActiveAt(ACTIVE_HOLDER, time)}
)`
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

/** The lists belong to a user, and those of models to a user's controller. */
type OfUser = (time: SQL, args: unknown, caller: unknown, fixed: FixedValues) => SQL

export const userControllersRelation: OfUser = (time, _args, _caller, fixed) =>
  sql`(select h.user_id || ' ' || h.controller_id as id, h.user_id, h.controller_id, c.name_key, max(h.level)::int as level
  from ${heldLevelsOf(userOf(fixed), time)} as h join controllers as c on c.id = h.controller_id
  where h.model_id is null group by h.user_id, h.controller_id, c.name_key)`

export const userModelsRelation: OfUser = (time, _args, _caller, fixed) => {
  const [userId, controllerId, controllerLevel] = [userOf(fixed), fixed('controllerId'), fixed('controllerLevel')]
  if (!controllerId || !controllerLevel) throw new Error('This list belongs to a controller of a user.')
  const own = { userId, controllerId, controllerLevel }
  return sql`(select ${userId} || ' ' || h.model_id as id, ${userId} as user_id, ${controllerId} as controller_id, ${controllerLevel} as controller_level,
    h.model_id, m.name_key, max(h.level)::int as level
  from ${modelLevelsOf(own, time)} as h join models as m on m.id = h.model_id group by h.model_id, m.name_key)`
}

function userOf(fixed: FixedValues): SQL {
  const userId = fixed('userId')
  if (!userId) throw new Error('This list belongs to a user.')
  return userId
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

/** Wildcard permissions are expanded. The id is a hash because it is part of cursors: it must not reveal the ids of hidden objects. */
export const effectiveAccessRelation: OfUser = (time, _args, _caller, fixed) => sql`(
  select md5(h.grant_id || ' ' || word.name || ' ' || h.what) as id, h.user_id, word.name as permission, h.organization_id, h.project_id,
    null::uuid as controller_id, null::uuid as model_id, null::int as level, h.via, h.grant_id, h.role_id, h.since, h.until
  from ${heldBy(userOf(fixed), time)} as h cross join lateral ${wordsOf(sql`h.what`, time)} as word
  union all
  select md5(l.grant_id || ' ' || coalesce(l.model_id, l.controller_id) || ' ' || l.via), l.user_id, null, null, null,
    l.controller_id, l.model_id, l.level, l.via, l.grant_id, l.role_id, l.since, l.until
  from ${heldLevelsOf(userOf(fixed), time)} as l
)`

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

/**
 * The permissions and levels that were held at one of the two times and not at the other. @param readable a condition on the
 * users u whose changes may be read @param named a condition on the users u asked about; without it, all who changed are
 */
export function accessChangesRelation(
  from: SQL,
  to: SQL,
  { readable, named }: { readable: SQL | undefined; named: SQL | undefined },
): SQL {
  const ofUsers = and(named ?? sql`u.id = any(${usersChanged(from, to)})`, readable)
  const whose = sql`(select w.ids from whose as w)::uuid[]`
  return sql`(
  with whose as materialized (
    select array(select u.id from users as u where ${ofUsers}) as ids
  )
  select md5(d.kind || ' ' || d.key) as id, d.kind, d.user_id, u.username, u.username_key, coalesce(d.what, '') as word, d.what as permission,
    d.organization_id, d.project_id, d.controller_id, d.model_id, d.level
  from ${difference(everythingAt(from, whose), everythingAt(to, whose))} as d join users as u on u.id = d.user_id
  where d.kind in ('GAINED', 'LOST')
)`
}
