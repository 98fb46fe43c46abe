import type { Scope } from '../../authority/caller.ts'
import { roleEditConfers, rolesConfer } from '../../authority/guard.ts'
import { ADMINISTRATOR } from '../../authority/permissions.ts'
import { ConflictError } from '../../errors.ts'
import { nameIssues, permissionIssues, titleIssues } from '../../graphql/input-checks.ts'
import { mutation } from '../../mutation/declare.ts'
import { changeOf } from '../audit/operations.ts'
import { findOrganization } from '../organization/lookup.ts'
import { Organization } from '../organization/type.ts'
import { Project } from '../project/type.ts'
import { findUser } from '../user/lookup.ts'
import { isRoot } from '../user/operations.ts'
import { User } from '../user/type.ts'
import { RoleGrantInput, RoleScopeInput, roleIssues } from './inputs.ts'
import { type FoundRole, findRole, findRoles } from './lookup.ts'
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

const ofRole = ({ role }: { role: RoleRow }): Scope => ({ organizationId: role.organizationId, projectId: null })

mutation({
  name: 'createRole',
  description: 'Creates a role, of the server or of one organization. It confers nothing until it is granted.',
  input: (t) => ({
    name: t.string({ required: true, description: 'Unique in the server, whatever its case.' }),
    title: t.string({ description: 'For people.' }),
    organization: t.string({
      description: 'Whose it is, and the only one it can be granted in; omitted, the server’s.',
    }),
    permissions: t.stringList({ required: true, description: 'What it allows, like `version.create`.' }),
  }),
  payload: (p) => ({ role: p.loaded(Role, 'The new role.') }),
  check: (input) => [
    ...nameIssues('name', input.name),
    ...titleIssues('title', input.title),
    ...permissionIssues('permissions', input.permissions),
  ],
  find: async (finder, { organization }) => ({
    organization:
      typeof organization === 'string' ? await findOrganization(finder, organization, 'organization') : null,
  }),
  may: (by) =>
    by.permission('roles.manage', 'in the organization, or everywhere for a role of the server', (refs) => ({
      organizationId: refs.organization?.id ?? null,
      projectId: null,
    })),
  shownOn: [{ on: Organization, as: 'CreateRole', refs: (organization) => ({ organization }) }],
  confers: 'nothing',
  errors: ['CONFLICT'],
  async run({ tx, caller, input, refs: { organization } }) {
    const { name, title = null, permissions } = input
    const organizationId = organization?.id ?? null
    const id = await insertRole(tx, caller, { name, title, organizationId, permissions })
    const after = { name, title, permissions, organization: organization?.name ?? null }
    return { values: { role: id }, change: { targetType: 'Role', targetId: id, organizationId, after } }
  },
})

mutation({
  name: 'updateRole',
  description:
    'Changes a role. What is omitted stays. Adding a permission confers it on everyone who holds the role, so the caller must hold it wherever they do.',
  input: (t) => ({
    role: t.string({ required: true, description: 'Its name.' }),
    name: t.string({ description: 'The new name.' }),
    title: t.string({ description: 'For people; null clears it.' }),
    addPermissions: t.stringList({ description: 'What it is to allow from now on.' }),
    removePermissions: t.stringList({ description: 'What it no longer allows.' }),
  }),
  payload: (p) => ({ role: p.loaded(Role, 'The role after the change.') }),
  check: (input) => [
    ...nameIssues('name', input.name),
    ...titleIssues('title', input.title),
    ...permissionIssues('addPermissions', input.addPermissions),
  ],
  find: async (finder, input) => ({ role: await findRole(finder, input.role, 'role', 'CHANGE') }),
  may: (by) => by.permission('roles.manage', 'where the role belongs', ofRole),
  shownOn: [{ on: Role, as: 'Update', refs: (role) => ({ role }) }],
  confers: ({ input, refs }) => roleEditConfers(refs.role.id, input.addPermissions ?? []),
  errors: ['CONFLICT'],
  async run({ tx, caller, input, refs: { role } }) {
    const permissions = await readPermissions(tx, role.id)
    await changeRole(tx, caller, role, {
      name: input.name ?? undefined,
      title: input.title,
      addPermissions: input.addPermissions ?? [],
      removePermissions: input.removePermissions ?? [],
    })
    const { id, name, title, organizationId } = role
    const after = {
      name: input.name ?? name,
      title: input.title === undefined ? title : input.title,
      permissions: await readPermissions(tx, id),
    }
    return {
      values: { role: id },
      change: { targetType: 'Role', targetId: id, organizationId, before: { name, title, permissions }, after },
    }
  },
})

mutation({
  name: 'deleteRole',
  description: 'Deletes a role. Every grant of it ends; its name is free again. Keys limited to it stay limited.',
  input: (t) => ({ role: t.string({ required: true, description: 'Its name.' }) }),
  payload: (p) => ({
    name: p.string('The name that is free again.'),
    endedGrants: p.value('Int', 'How many grants ended.'),
  }),
  find: async (finder, input) => ({ role: await findRole(finder, input.role, 'role', 'CHANGE') }),
  may: (by) => by.permission('roles.manage', 'where the role belongs', ofRole),
  shownOn: [{ on: Role, as: 'Delete', refs: (role) => ({ role }) }],
  confers: 'nothing',
  errors: ['CONFLICT'],
  async run({ tx, caller, refs: { role } }) {
    const endedGrants = await removeRole(tx, caller, role)
    const { id, name, organizationId } = role
    return {
      values: { name, endedGrants },
      change: { targetType: 'Role', targetId: id, organizationId, before: { name, endedGrants } },
    }
  },
})

mutation({
  name: 'grantRoles',
  description:
    'Grants roles to a user: all of them or, where one can’t be granted, none. A role already held there as long or longer stays as it is; granting never shortens. ADMINISTRATOR is granted by administrators.',
  input: (t) => ({
    user: t.string({ required: true, description: 'Their username.' }),
    roles: t.field({ type: [RoleGrantInput], required: true, description: 'The roles and where to hold them.' }),
  }),
  payload: (p) => ({
    user: p.loaded(User, 'The user after the change.'),
    changed: p.boolean('False where they held all of it already.'),
  }),
  check: (input) => [...someIssues(input.roles), ...roleIssues('roles', input.roles)],
  find: async (finder, input) => ({
    user: await findUser(finder, input.user, 'user'),
    items: await findRoles(finder, 'roles', input.roles),
  }),
  may: (by) => by.permission('roles.grant', 'on every scope named', (refs) => refs.items),
  shownOn: [
    { on: Organization, as: 'GrantRoles', refs: ({ id }) => ({ items: [{ organizationId: id, projectId: null }] }) },
    {
      on: Project,
      as: 'GrantRoles',
      refs: ({ id, organizationId }) => ({ items: [{ organizationId, projectId: id }] }),
    },
  ],
  confers: ({ refs }) => rolesConfer(refs.items),
  async run({ tx, caller, refs: { user, items } }) {
    const granted = await grantRoles(tx, caller, user.id, items)
    return {
      values: { user: user.id, changed: granted.length > 0 },
      change: granted.length > 0 ? changeOf('User', user, { after: { roles: describeItems(items, granted) } }) : null,
    }
  },
})

mutation({
  name: 'revokeRoles',
  description:
    'Revokes roles from a user: all of them or, where one can’t be revoked, none. One that is not held is passed over. Anyone may give up their own.',
  input: (t) => ({
    user: t.string({ required: true, description: 'Their username.' }),
    roles: t.field({ type: [RoleScopeInput], required: true, description: 'The roles and where they are held.' }),
  }),
  payload: (p) => ({
    user: p.loaded(User, 'The user after the change.'),
    changed: p.boolean('False where they held none of it.'),
  }),
  check: (input) => [...someIssues(input.roles), ...roleIssues('roles', input.roles)],
  find: async (finder, input) => ({
    user: await findUser(finder, input.user, 'user'),
    items: await findRoles(finder, 'roles', input.roles),
  }),
  may: (by) =>
    by.either(
      by.self((refs) => refs.user.id),
      by.notAgainstAdministrator(
        by.permission('roles.grant', 'on every scope named', (refs) => refs.items),
        (refs) => refs.user,
      ),
    ),
  confers: 'nothing',
  endangersAdministration: true,
  errors: ['CONFLICT'],
  async run({ tx, caller, refs: { user, items } }) {
    if (isRoot(user) && items.some((item) => item.roleId === ADMINISTRATOR.id)) {
      throw new ConflictError('root is never demoted.')
    }
    const revoked = await revokeRoles(tx, caller, user.id, items)
    return {
      values: { user: user.id, changed: revoked.length > 0 },
      change: revoked.length > 0 ? changeOf('User', user, { before: { roles: describeItems(items, revoked) } }) : null,
    }
  },
})

function someIssues(items: readonly unknown[]) {
  return items.length > 0 ? [] : [{ path: 'roles', message: 'Name at least one role.' }]
}

/** The items that changed, as people name them. */
function describeItems(
  items: FoundRole[],
  changed: { roleId: string; organizationId: string | null; projectId: string | null }[],
) {
  return items
    .filter((item) =>
      changed.some(
        (one) =>
          one.roleId === item.roleId && one.organizationId === item.organizationId && one.projectId === item.projectId,
      ),
    )
    .map(({ role, scope, expiresAt }) => ({ role, scope, expiresAt }))
}
