import { isNull } from 'drizzle-orm'
import { foreignKey, index, pgTable, text, unique, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { instant, instantNow, nameKey } from '../../db/columns.ts'
import { organizations } from '../organization/table.ts'

export const projects = pgTable(
  'projects',
  {
    id: uuid('id').primaryKey(),
    organizationId: uuid('organization_id').notNull(),
    code: text('code').notNull(),
    codeKey: nameKey('code_key', 'code'),
    title: text('title'),
    createdAt: instantNow('created_at'),
    deletedAt: instant('deleted_at'),
  },
  (t) => [
    foreignKey({
      name: 'projects_organization',
      columns: [t.organizationId],
      foreignColumns: [organizations.id],
    }).onDelete('restrict'),
    unique('projects_id_organization').on(t.id, t.organizationId),
    uniqueIndex('projects_code_unique').on(t.codeKey).where(isNull(t.deletedAt)),
    index('projects_code_order').on(t.codeKey, t.id),
    index('projects_created_order').on(t.createdAt, t.id),
    index('projects_organization_code_order').on(t.organizationId, t.codeKey, t.id),
    index('projects_organization_created_order').on(t.organizationId, t.createdAt, t.id),
  ],
)
