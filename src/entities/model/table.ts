import { isNull, sql } from 'drizzle-orm'
import { check, foreignKey, index, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { history, historyIndexes, instant, instantNow, nameKey } from '../../db/columns.ts'
import { controllers } from '../controller/table.ts'
import { credentials } from '../credential/table.ts'
import { users } from '../user/table.ts'

/** A model is a workspace on a controller. Its controller never changes, and its name is unique on the controller. */
export const models = pgTable(
  'models',
  {
    id: uuid('id').primaryKey(),
    controllerId: uuid('controller_id').notNull(),
    name: text('name').notNull(),
    nameKey: nameKey('name_key', 'name'),
    /** The credential with which the model accesses its cloud. */
    credentialId: uuid('credential_id'),
    createdAt: instantNow('created_at'),
    deletedAt: instant('deleted_at'),
  },
  (t) => [
    foreignKey({ name: 'models_controller', columns: [t.controllerId], foreignColumns: [controllers.id] }).onDelete(
      'restrict',
    ),
    foreignKey({ name: 'models_credential', columns: [t.credentialId], foreignColumns: [credentials.id] }).onDelete(
      'restrict',
    ),
    uniqueIndex('models_name_unique').on(t.controllerId, t.nameKey).where(isNull(t.deletedAt)),
    index('models_credential_index').on(t.credentialId),
    index('models_name_order').on(t.nameKey, t.id),
    index('models_created_order').on(t.createdAt, t.id),
    index('models_controller_name_order').on(t.controllerId, t.nameKey, t.id),
    index('models_controller_created_order').on(t.controllerId, t.createdAt, t.id),
  ],
)

/** The grant of a level on a model to a user. The levels are READ < WRITE < ADMIN. */
export const modelGrants = pgTable(
  'model_grants',
  {
    id: uuid('id').primaryKey(),
    userId: uuid('user_id').notNull(),
    modelId: uuid('model_id').notNull(),
    level: text('level', { enum: ['READ', 'WRITE', 'ADMIN'] }).notNull(),
    ...history(),
  },
  (t) => [
    foreignKey({ name: 'model_grants_user', columns: [t.userId], foreignColumns: [users.id] }).onDelete('restrict'),
    foreignKey({ name: 'model_grants_model', columns: [t.modelId], foreignColumns: [models.id] }).onDelete('restrict'),
    foreignKey({ name: 'model_grants_granted_by', columns: [t.grantedBy], foreignColumns: [users.id] }).onDelete(
      'restrict',
    ),
    foreignKey({ name: 'model_grants_ended_by', columns: [t.endedBy], foreignColumns: [users.id] }).onDelete(
      'restrict',
    ),
    uniqueIndex('model_grants_held_once').on(t.userId, t.modelId).where(isNull(t.endedAt)),
    index('model_grants_user_order').on(t.userId, t.since, t.id),
    index('model_grants_model_order').on(t.modelId, t.since, t.id),
    ...historyIndexes('model_grants', t),
    check('model_grants_level', sql`${t.level} in ('READ', 'WRITE', 'ADMIN')`),
    check('model_grants_not_empty', sql`${t.endedAt} > ${t.since}`),
  ],
)
