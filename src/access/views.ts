/** What follows from the levels held, in the shape of tables: computed when read, kept nowhere. */
import { sql } from 'drizzle-orm'
import { integer, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import { heldLevels, NOW } from '../auth/held.ts'
import { instant } from '../db/columns.ts'

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

const ways = sql`select h.user_id || ' ' || h.grant_id || ' ' || h.via as id, h.user_id, h.controller_id, h.model_id, h.level, h.via, h.since, h.until
  from ${heldLevels(NOW)} as h where h.state = 'ACTIVE'`

export const controllerHoldersRelation = sql`(${ways} and h.model_id is null)`
export const modelHoldersRelation = sql`(${ways} and h.model_id is not null)`

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

export const userControllersRelation = sql`(select h.user_id || ' ' || h.controller_id as id, h.user_id, h.controller_id, c.name_key, max(h.level)::int as level
  from ${heldLevels(NOW)} as h join controllers as c on c.id = h.controller_id
  where h.state = 'ACTIVE' and h.model_id is null group by h.user_id, h.controller_id, c.name_key)`

export const userModelsRelation = sql`(select h.user_id || ' ' || h.model_id as id, h.user_id, h.controller_id, h.model_id, m.name_key, max(h.level)::int as level
  from ${heldLevels(NOW)} as h join models as m on m.id = h.model_id
  where h.state = 'ACTIVE' group by h.user_id, h.controller_id, h.model_id, m.name_key)`
