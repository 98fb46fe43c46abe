import { isNull, sql } from 'drizzle-orm'
import { boolean, check, foreignKey, index, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { byteText, history, historyIndexes, instant, instantNow, nameKey } from '../../db/columns.ts'
import { organizations } from '../organization/table.ts'
import { projects } from '../project/table.ts'
import { users } from '../user/table.ts'

/**
 * Every permission in use. The permissions of the server are written at start; a permission of an application is stored
 * when a role or an organization first names it. The built-in roles hold two special permissions that no input can
 * name, `*` and `@applications`, instead of a list that would become outdated.
 */
export const permissions = pgTable('permissions', {
  name: byteText('name').primaryKey(),
  description: text('description'),
  createdAt: instantNow('created_at'),
})

/** A named set of permissions. It belongs to the whole server (`organizationId` is null) or to one organization. */
export const roles = pgTable(
  'roles',
  {
    id: uuid('id').primaryKey(),
    organizationId: uuid('organization_id'),
    name: text('name').notNull(),
    nameKey: nameKey('name_key', 'name'),
    title: text('title'),
    isBuiltIn: boolean('is_built_in').notNull().default(false),
    createdAt: instantNow('created_at'),
    deletedAt: instant('deleted_at'),
  },
  (t) => [
    foreignKey({
      name: 'roles_organization',
      columns: [t.organizationId],
      foreignColumns: [organizations.id],
    }).onDelete('restrict'),
    uniqueIndex('roles_name_unique').on(t.nameKey).where(isNull(t.deletedAt)),
    index('roles_name_order').on(t.nameKey, t.id),
    index('roles_created_order').on(t.createdAt, t.id),
    index('roles_organization_name_order').on(t.organizationId, t.nameKey, t.id),
    index('roles_organization_created_order').on(t.organizationId, t.createdAt, t.id),
  ],
)

/** A permission that a role holds, with its period. */
export const rolePermissions = pgTable(
  'role_permissions',
  {
    id: uuid('id').primaryKey(),
    roleId: uuid('role_id').notNull(),
    permission: text('permission').notNull(),
    ...history(),
  },
  (t) => [
    foreignKey({ name: 'role_permissions_role', columns: [t.roleId], foreignColumns: [roles.id] }).onDelete('restrict'),
    foreignKey({
      name: 'role_permissions_permission',
      columns: [t.permission],
      foreignColumns: [permissions.name],
    }).onDelete('restrict'),
    foreignKey({
      name: 'role_permissions_granted_by',
      columns: [t.grantedBy],
      foreignColumns: [users.id],
    }).onDelete('restrict'),
    foreignKey({ name: 'role_permissions_ended_by', columns: [t.endedBy], foreignColumns: [users.id] }).onDelete(
      'restrict',
    ),
    uniqueIndex('role_permissions_held_once').on(t.roleId, t.permission).where(isNull(t.endedAt)),
    index('role_permissions_role_index').on(t.roleId),
    check('role_permissions_not_empty', sql`${t.endedAt} > ${t.since}`),
  ],
)

/**
 * A role that a user holds on a scope: everywhere (both ids are null), in an organization (`organizationId`), or on a
 * project (both ids; the organization is that of the project, which never changes). `scopeId` names the scope in one
 * column for uniqueness.
 */
export const roleGrants = pgTable(
  'role_grants',
  {
    id: uuid('id').primaryKey(),
    userId: uuid('user_id').notNull(),
    roleId: uuid('role_id').notNull(),
    organizationId: uuid('organization_id'),
    projectId: uuid('project_id'),
    scopeId: uuid('scope_id')
      .notNull()
      .generatedAlwaysAs(sql`coalesce(project_id, organization_id, '00000000-0000-0000-0000-000000000000'::uuid)`),
    ...history(),
  },
  (t) => [
    foreignKey({ name: 'role_grants_user', columns: [t.userId], foreignColumns: [users.id] }).onDelete('restrict'),
    foreignKey({ name: 'role_grants_role', columns: [t.roleId], foreignColumns: [roles.id] }).onDelete('restrict'),
    foreignKey({
      name: 'role_grants_organization',
      columns: [t.organizationId],
      foreignColumns: [organizations.id],
    }).onDelete('restrict'),
    foreignKey({
      name: 'role_grants_project',
      columns: [t.projectId, t.organizationId],
      foreignColumns: [projects.id, projects.organizationId],
    }).onDelete('restrict'),
    foreignKey({ name: 'role_grants_granted_by', columns: [t.grantedBy], foreignColumns: [users.id] }).onDelete(
      'restrict',
    ),
    foreignKey({ name: 'role_grants_ended_by', columns: [t.endedBy], foreignColumns: [users.id] }).onDelete('restrict'),
    uniqueIndex('role_grants_held_once').on(t.userId, t.roleId, t.scopeId).where(isNull(t.endedAt)),
    index('role_grants_user_order').on(t.userId, t.since, t.id),
    index('role_grants_role_order').on(t.roleId, t.since, t.id),
    index('role_grants_project_order').on(t.projectId, t.since, t.id),
    index('role_grants_in_organization_order').on(t.organizationId, t.since, t.id).where(isNull(t.projectId)),
    index('role_grants_everywhere_order').on(t.since, t.id).where(isNull(t.organizationId)),
    ...historyIndexes('role_grants', t),
    check('role_grants_project_in_organization', sql`${t.projectId} is null or ${t.organizationId} is not null`),
    check('role_grants_not_empty', sql`${t.endedAt} > ${t.since}`),
  ],
)

/** A permission that every active member of an organization holds in it. */
export const basePermissions = pgTable(
  'base_permissions',
  {
    id: uuid('id').primaryKey(),
    organizationId: uuid('organization_id').notNull(),
    permission: text('permission').notNull(),
    ...history(),
  },
  (t) => [
    foreignKey({
      name: 'base_permissions_organization',
      columns: [t.organizationId],
      foreignColumns: [organizations.id],
    }).onDelete('restrict'),
    foreignKey({
      name: 'base_permissions_permission',
      columns: [t.permission],
      foreignColumns: [permissions.name],
    }).onDelete('restrict'),
    foreignKey({
      name: 'base_permissions_granted_by',
      columns: [t.grantedBy],
      foreignColumns: [users.id],
    }).onDelete('restrict'),
    foreignKey({ name: 'base_permissions_ended_by', columns: [t.endedBy], foreignColumns: [users.id] }).onDelete(
      'restrict',
    ),
    uniqueIndex('base_permissions_held_once').on(t.organizationId, t.permission).where(isNull(t.endedAt)),
    index('base_permissions_organization_index').on(t.organizationId),
    check('base_permissions_not_empty', sql`${t.endedAt} > ${t.since}`),
  ],
)
