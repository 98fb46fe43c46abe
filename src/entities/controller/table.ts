import { isNull, sql } from 'drizzle-orm'
import { check, foreignKey, index, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { history, historyIndexes, instant, instantNow, nameKey } from '../../db/columns.ts'
import { organizations } from '../organization/table.ts'
import { users } from '../user/table.ts'

/** A controller is a running cloud orchestrator. Its organization never changes. */
export const controllers = pgTable(
  'controllers',
  {
    id: uuid('id').primaryKey(),
    organizationId: uuid('organization_id').notNull(),
    name: text('name').notNull(),
    nameKey: nameKey('name_key', 'name'),
    type: text('type').notNull(),
    createdAt: instantNow('created_at'),
    deletedAt: instant('deleted_at'),
  },
  (t) => [
    foreignKey({
      name: 'controllers_organization',
      columns: [t.organizationId],
      foreignColumns: [organizations.id],
    }).onDelete('restrict'),
    uniqueIndex('controllers_name_unique').on(t.nameKey).where(isNull(t.deletedAt)),
    index('controllers_name_order').on(t.nameKey, t.id),
    index('controllers_created_order').on(t.createdAt, t.id),
    index('controllers_organization_name_order').on(t.organizationId, t.nameKey, t.id),
    index('controllers_organization_created_order').on(t.organizationId, t.createdAt, t.id),
  ],
)

/** The grant of a level on a controller to a user. The levels are LOGIN < ADD_MODEL < SUPERUSER. */
export const controllerGrants = pgTable(
  'controller_grants',
  {
    id: uuid('id').primaryKey(),
    userId: uuid('user_id').notNull(),
    controllerId: uuid('controller_id').notNull(),
    level: text('level', { enum: ['LOGIN', 'ADD_MODEL', 'SUPERUSER'] }).notNull(),
    ...history(),
  },
  (t) => [
    foreignKey({ name: 'controller_grants_user', columns: [t.userId], foreignColumns: [users.id] }).onDelete(
      'restrict',
    ),
    foreignKey({
      name: 'controller_grants_controller',
      columns: [t.controllerId],
      foreignColumns: [controllers.id],
    }).onDelete('restrict'),
    foreignKey({
      name: 'controller_grants_granted_by',
      columns: [t.grantedBy],
      foreignColumns: [users.id],
    }).onDelete('restrict'),
    foreignKey({ name: 'controller_grants_ended_by', columns: [t.endedBy], foreignColumns: [users.id] }).onDelete(
      'restrict',
    ),
    uniqueIndex('controller_grants_held_once').on(t.userId, t.controllerId).where(isNull(t.endedAt)),
    index('controller_grants_user_order').on(t.userId, t.since, t.id),
    index('controller_grants_controller_order').on(t.controllerId, t.since, t.id),
    ...historyIndexes('controller_grants', t),
    check('controller_grants_level', sql`${t.level} in ('LOGIN', 'ADD_MODEL', 'SUPERUSER')`),
    check('controller_grants_not_empty', sql`${t.endedAt} > ${t.since}`),
  ],
)
