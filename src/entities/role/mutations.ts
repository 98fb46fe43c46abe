import { sql } from 'drizzle-orm'
import { inOrganization } from '../../authority/caller.ts'
import { grantedByRoleEdit, grantedByRoles, type RoleItem } from '../../authority/guard.ts'
import { ADMINISTRATOR } from '../../authority/permissions.ts'
import { ConflictError } from '../../errors.ts'
import { crossedIssues, nameIssues, nullIssues, permissionIssues, titleIssues } from '../../graphql/input-checks.ts'
import { mutation } from '../../mutation/declare.ts'
import { unchanging } from '../../mutation/lookup.ts'
import type { Row } from '../../read/spec.ts'
import { target } from '../audit/targets.ts'
import { findOrganization } from '../organization/lookup.ts'
import { Organization } from '../organization/type.ts'
import { Project } from '../project/type.ts'
import { findUser } from '../user/lookup.ts'
import { isRoot } from '../user/operations.ts'
import { User } from '../user/type.ts'
import { RoleGrantInput, RoleScopeInput, roleIssues } from './inputs.ts'
import { describeRoles, type FoundRole, findRole, findRoles } from './lookup.ts'
import {
  changeRole,
  grantRoles,
  insertRole,
  type Role as RoleRow,
  readPermissions,
  removeRole,
  revokeRoles,
} from './operations.ts'
import { Role } from './type.ts'

const isBuiltIn = (role: Row) => sql`${role.isBuiltIn}`

const ofRole = ({ role }: { role: RoleRow }) => inOrganization(role.organizationId)

mutation({
  name: 'createRole',
  makes: true,
  description: 'Creates a role of the server or of one organization. It has no effect until it is granted.',
  input: (t) => ({
    name: t.string({ required: true, description: 'The name, unique in the server regardless of case.' }),
    title: t.string({ description: 'A title for people to read.' }),
    organization: t.string({
      description:
        'The name or id of the organization of the role, which is the only one it can be granted in; omitted for a role of the server.',
    }),
    permissions: t.stringList({ required: true, description: 'The permissions of the role, like `version.create`.' }),
  }),
  payload: (p) => ({ role: p.loaded(Role, 'The role that was created.') }),
  check: (input) => [
    ...nameIssues('name', input.name),
    ...titleIssues('title', input.title),
    ...permissionIssues('permissions', input.permissions),
    ...nullIssues('', { organization: input.organization }),
  ],
  find: (finder, { organization }) => ({
    organization:
      typeof organization === 'string' ? findOrganization(finder, organization, 'organization') : unchanging(null),
  }),
  target: ({ organization }) => (organization ? target('Organization', organization) : null),
  may: (by) =>
    by.permission('roles.manage', 'in the organization, or everywhere for a role of the server', (refs) =>
      inOrganization(refs.organization?.id ?? null),
    ),
  shownOn: [{ on: Organization, as: 'CreateRole', refs: (organization) => ({ organization }) }],
  grants: 'nothing',
  errors: ['CONFLICT'],
  async run({ tx, caller, input, refs: { organization } }) {
    const { name, title = null, permissions } = input
    const organizationId = organization?.id ?? null
    const id = await insertRole(tx, caller, { name, title, organizationId, permissions })
    const after = { name, title, permissions, organization: organization?.name ?? null }
    return { values: { role: id }, change: { target: target('Role', { id, organizationId }), after } }
  },
})

mutation({
  name: 'updateRole',
  description:
    'Changes a role. Fields that are omitted stay as they are. Adding a permission grants it to all users who hold the role, so the caller must hold it on every scope on which they hold the role.',
  input: (t) => ({
    role: t.string({ required: true, description: 'The name or id of the role.' }),
    name: t.string({ description: 'The new name of the role.' }),
    title: t.string({ description: 'A title for people to read; null removes it.' }),
    addPermissions: t.stringList({ description: 'The permissions to add to the role.' }),
    removePermissions: t.stringList({ description: 'The permissions to remove from the role.' }),
  }),
  payload: (p) => ({ role: p.loaded(Role, 'The role after the change.') }),
  check: (input) => [
    ...nameIssues('name', input.name),
    ...titleIssues('title', input.title),
    ...permissionIssues('addPermissions', input.addPermissions),
    ...crossedIssues('addPermissions', input.addPermissions, input.removePermissions),
  ],
  find: (finder, input) => ({ role: findRole(finder, input.role, 'role', 'CHANGE') }),
  target: ({ role }) => target('Role', role),
  may: (by) =>
    by.permission('roles.manage', 'in the role’s organization, or everywhere for a role of the server', ofRole),
  shownOn: [{ on: Role, as: 'Update', refs: (role) => ({ role }), never: isBuiltIn }],
  grants: ({ input, refs }) => grantedByRoleEdit(refs.role.id, input.addPermissions ?? []),
  errors: ['CONFLICT'],
  async run({ tx, caller, input, refs: { role } }) {
    const permissions = await readPermissions(tx, role.id)
    await changeRole(tx, caller, role, {
      name: input.name ?? undefined,
      title: input.title,
      addPermissions: input.addPermissions ?? [],
      removePermissions: input.removePermissions ?? [],
    })
    const { id, name, title } = role
    const after = {
      name: input.name ?? name,
      title: input.title === undefined ? title : input.title,
      permissions: await readPermissions(tx, id),
    }
    return {
      values: { role: id },
      change: { before: { name, title, permissions }, after },
    }
  },
})

mutation({
  name: 'deleteRole',
  description:
    'Deletes a role. Every grant of it ends; its name can be used again. API keys that are limited to it stay limited.',
  input: (t) => ({ role: t.string({ required: true, description: 'The name or id of the role.' }) }),
  payload: (p) => ({
    deletedId: p.value('ID', 'The id of the deleted role.'),
    name: p.string('The name, which can be used again.'),
    endedGrants: p.value('Int', 'The number of all grants that ended, also of users that the caller does not see.'),
  }),
  find: (finder, input) => ({ role: findRole(finder, input.role, 'role', 'CHANGE') }),
  target: ({ role }) => target('Role', role),
  may: (by) =>
    by.permission('roles.manage', 'in the role’s organization, or everywhere for a role of the server', ofRole),
  shownOn: [{ on: Role, as: 'Delete', refs: (role) => ({ role }), never: isBuiltIn }],
  grants: 'nothing',
  errors: ['CONFLICT'],
  async run({ tx, caller, refs: { role } }) {
    const endedGrants = await removeRole(tx, caller, role)
    const { id, name } = role
    return {
      values: { deletedId: `role_${id}`, name, endedGrants },
      change: { before: { name, endedGrants } },
    }
  },
})

mutation({
  name: 'grantRoles',
  description:
    'Grants roles to a user: all of them, or none where one of them can’t be granted. A role that is already held on the scope as long or longer stays as it is; granting never shortens. Only administrators can grant ADMINISTRATOR.',
  input: (t) => ({
    user: t.string({ required: true, description: 'The username or id of the user.' }),
    roles: t.field({ type: [RoleGrantInput], required: true, description: 'The roles to grant, with their scopes.' }),
  }),
  payload: (p) => ({
    user: p.loaded(User, 'The user after the change.'),
    changed: p.boolean('False where the user already held all of them.'),
  }),
  check: (input) => [...someIssues(input.roles), ...roleIssues('roles', input.roles)],
  find: (finder, input) => ({
    user: findUser(finder, input.user, 'user'),
    items: findRoles(finder, 'roles', input.roles),
  }),
  target: ({ user }) => target('User', user),
  may: (by) => by.permission('roles.grant', 'on every named scope', (refs) => refs.items),
  shownOn: [
    { on: Organization, as: 'GrantRoles', refs: ({ id }) => ({ items: [{ organizationId: id, projectId: null }] }) },
    {
      on: Project,
      as: 'GrantRoles',
      refs: ({ id, organizationId }) => ({ items: [{ organizationId, projectId: id }] }),
    },
  ],
  grants: ({ refs }) => grantedByRoles(refs.items),
  async run({ tx, caller, refs: { user, items } }) {
    const granted = await grantRoles(tx, caller, user.id, items)
    return {
      values: { user: user.id, changed: granted.length > 0 },
      change: granted.length > 0 ? { after: { roles: describeChanged(items, granted) } } : null,
    }
  },
})

mutation({
  name: 'revokeRoles',
  description:
    'Revokes roles from a user: all of them, or none where one of them can’t be revoked. A role that is not held is ignored. Any user may revoke their own roles.',
  input: (t) => ({
    user: t.string({ required: true, description: 'The username or id of the user.' }),
    roles: t.field({ type: [RoleScopeInput], required: true, description: 'The roles to revoke, with their scopes.' }),
  }),
  payload: (p) => ({
    user: p.loadedIfAny(User, 'The user after the change; null where the caller may not see them any more.'),
    changed: p.boolean('False where the user held none of them.'),
  }),
  check: (input) => [...someIssues(input.roles), ...roleIssues('roles', input.roles)],
  find: (finder, input) => ({
    user: findUser(finder, input.user, 'user'),
    items: findRoles(finder, 'roles', input.roles),
  }),
  target: ({ user }) => target('User', user),
  may: (by) =>
    by.either(
      by.self((refs) => refs.user.id),
      by.notAgainstAdministrator(
        by.permission('roles.grant', 'on every named scope', (refs) => refs.items),
        (refs) => refs.user,
      ),
    ),
  grants: 'nothing',
  endangersAdministration: true,
  errors: ['CONFLICT'],
  async run({ tx, caller, refs: { user, items } }) {
    if (isRoot(user) && items.some((item) => item.roleId === ADMINISTRATOR.id)) {
      throw new ConflictError('root is never demoted.')
    }
    const revoked = await revokeRoles(tx, caller, user.id, items)
    return {
      values: { user: user.id, changed: revoked.length > 0 },
      change: revoked.length > 0 ? { before: { roles: describeChanged(items, revoked) } } : null,
    }
  },
})

function someIssues(items: readonly unknown[]) {
  return items.length > 0 ? [] : [{ path: 'roles', message: 'Name at least one role.' }]
}

/** The items that changed, as the audit records them. */
function describeChanged(items: FoundRole[], changed: Omit<RoleItem, 'expiresAt'>[]) {
  const isChanged = (item: FoundRole) =>
    changed.some(
      (one) =>
        one.roleId === item.roleId && one.organizationId === item.organizationId && one.projectId === item.projectId,
    )
  return describeRoles(items.filter(isChanged))
}
