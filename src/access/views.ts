/** What follows from the levels held, in the shape of tables: computed when read, kept nowhere. */
import { type SQL, sql } from 'drizzle-orm'
import { integer, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import { allows, held, heldLevels } from '../auth/held.ts'
import { byteText, instant } from '../db/columns.ts'

/** Who can reach a controller or a model, one row per way. */
const holderColumns = {
  /** Who, by which grant or membership, and the way that follows from it: one and the same for as long as it lasts. */
  id: text('id').primaryKey(),
  userId: uuid('user_id').notNull(),
  controllerId: uuid('controller_id').notNull(),
  modelId: uuid('model_id'),
  level: integer('level').notNull(),
  via: text('via').notNull(),
  since: instant('since').notNull(),
  until: instant('until'),
}
export const controllerHolders = pgTable('controller_holders', holderColumns)
export const modelHolders = pgTable('model_holders', holderColumns)

const ways = (
  time: SQL,
) => sql`select h.user_id || ' ' || h.grant_id || ' ' || h.via as id, h.user_id, h.controller_id, h.model_id, h.level, h.via, h.since, h.until
  from ${heldLevels(time)} as h where h.state = 'ACTIVE'`

export const controllerHoldersRelation = (time: SQL) => sql`(${ways(time)} and h.model_id is null)`
export const modelHoldersRelation = (time: SQL) => sql`(${ways(time)} and h.model_id is not null)`

/** What a user can reach: one row per controller or model, with the highest level. */
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
  modelId: uuid('model_id').notNull(),
  nameKey: text('name_key').notNull(),
  level: integer('level').notNull(),
})

export const userControllersRelation = (
  time: SQL,
) => sql`(select h.user_id || ' ' || h.controller_id as id, h.user_id, h.controller_id, c.name_key, max(h.level)::int as level
  from ${heldLevels(time)} as h join controllers as c on c.id = h.controller_id
  where h.state = 'ACTIVE' and h.model_id is null group by h.user_id, h.controller_id, c.name_key)`

export const userModelsRelation = (
  time: SQL,
) => sql`(select h.user_id || ' ' || h.model_id as id, h.user_id, h.controller_id, h.model_id, m.name_key, max(h.level)::int as level
  from ${heldLevels(time)} as h join models as m on m.id = h.model_id
  where h.state = 'ACTIVE' group by h.user_id, h.controller_id, h.model_id, m.name_key)`

/** All that a user may do, one row per permission or level and way. */
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
  roleId: uuid('role_id'),
  since: instant('since').notNull(),
  until: instant('until'),
})

/** Words that stand for many are spelled out. */
export const effectiveAccessRelation = (time: SQL) => sql`(
  select h.grant_id || ' ' || word.name || ' ' || h.what as id, h.user_id, word.name as permission, h.organization_id, h.project_id,
    null::uuid as controller_id, null::uuid as model_id, null::int as level, h.via, h.role_id, h.since, h.until
  from ${held(time)} as h join permissions as word on ${allows(sql`h.what`, sql`word.name`)} and word.name not in ('*', '@applications')
  where h.state = 'ACTIVE'
  union all
  select l.grant_id || ' ' || coalesce(l.model_id, l.controller_id) || ' ' || l.via, l.user_id, null, null, null,
    l.controller_id, l.model_id, l.level, l.via, l.role_id, l.since, l.until
  from ${heldLevels(time)} as l where l.state = 'ACTIVE'
)`
