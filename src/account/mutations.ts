/** Making and ending users: the mutations in which users, keys and roles come together. */
import { insertApiKey } from '../api-key/operations.ts'
import { ApiKey } from '../api-key/type.ts'
import { allConfer, membershipConfers, type RoleItem, rolesConfer, userConfers } from '../auth/guard.ts'
import { ADMINISTRATOR } from '../auth/permissions.ts'
import { builder } from '../builder.ts'
import type { Operation } from '../change.ts'
import { ConflictError } from '../errors.ts'
import { mutation } from '../mutation.ts'
import { readId } from '../node-id.ts'
import { findHomeOrganization, findOrganizationById } from '../organization/reference.ts'
import { type FoundRole, findRoles, RoleGrantInput, roleIssues } from '../role/items.ts'
import { grantRoles } from '../role/operations.ts'
import { refuseReservedName, userChange, usernameIssues } from '../user/mutations.ts'
import { bringBackUser, changeUser, insertUser, isRoot, removeUser, SERVICE_PREFIX } from '../user/operations.ts'
import { findDeletedUser, findUser, findUserIfAny } from '../user/reference.ts'
import { User } from '../user/type.ts'
import { nameIssues, titleIssues } from '../validate.ts'
import { LostAccessType, readAccess } from './lost-access.ts'

const ADMINISTRATION: FoundRole = {
  roleId: ADMINISTRATOR.id,
  role: ADMINISTRATOR.name,
  scope: 'everywhere',
  organizationId: null,
  projectId: null,
  expiresAt: null,
}

mutation({
  name: 'createUser',
  description:
    'Creates a person, with roles and a first key; its secret is shown this once. They join an organization for good and hold what its members hold.',
  input: (t) => ({
    username: t.string({ required: true, description: 'Unique in the server, whatever its case.' }),
    displayName: t.string({ description: 'For people.' }),
    email: t.field({ type: 'EmailAddress', description: 'Where notifications go.' }),
    organization: t.string({ description: 'Their home, for good; by default the caller’s.' }),
    isAdmin: t.boolean({ description: 'Grants ADMINISTRATOR everywhere.' }),
    roles: t.field({ type: [RoleGrantInput], description: 'Roles to hold from the beginning.' }),
    withApiKey: t.boolean({ description: 'Make a first key: true by default.' }),
  }),
  payload: (p) => ({
    user: p.loaded(User, 'The new user.'),
    apiKey: p.loaded(ApiKey, 'Their first key; null where none was wanted.'),
    secret: p.string('The secret of the first key, shown this once; null in a dry run.'),
  }),
  check: (input) => [
    ...usernameIssues('username', input.username),
    ...titleIssues('displayName', input.displayName),
    ...roleIssues('roles', input.roles),
  ],
  find: async (finder, input) => ({
    organization: await findHomeOrganization(finder, input.organization, 'organization'),
    items: [...(input.isAdmin ? [ADMINISTRATION] : []), ...(await findRoles(finder, 'roles', input.roles))],
  }),
  may: (by) =>
    by.both(
      by.permission('users.manage', 'in the organization', (refs) => inOrganization(refs.organization.id)),
      by.permission('roles.grant', 'on the scope of every role given', (refs) => refs.items),
    ),
  confers: ({ refs }) => allConfer(rolesConfer(refs.items), membershipConfers(refs.organization.id)),
  touchesCredentials: (input) => input.withApiKey !== false,
  errors: ['CONFLICT'],
  async run(operation) {
    const { tx, input, refs } = operation
    const fields = { username: input.username, displayName: input.displayName ?? null, email: input.email ?? null }
    const id = await insertUser(tx, { ...fields, organizationId: refs.organization.id, kind: 'HUMAN' })
    const key = await furnish(operation, id, refs.items, input.withApiKey !== false)
    const after = { ...fields, organization: refs.organization.name, roles: describeRoles(refs.items) }
    return {
      values: { user: id, apiKey: key?.id ?? null, secret: key?.secret ?? null },
      change: { targetType: 'User', targetId: id, organizationId: refs.organization.id, after },
    }
  },
})

const IfExists = builder.enumType('IfExists', {
  description: 'What to do where the user exists already.',
  values: {
    FAIL: { description: 'Answer with Conflict.' },
    UPDATE: { description: 'Bring e-mail, display name and roles up to date; no key is made.' },
  },
})

mutation({
  name: 'createServiceUser',
  description:
    'Creates a user for a program, with a first key; its secret is shown this once. `api-` is put before the username where it is missing. With `ifExists: UPDATE` it can be repeated: then nothing secret is shown.',
  input: (t) => ({
    username: t.string({ required: true, description: 'With or without `api-`.' }),
    email: t.field({ type: 'EmailAddress', required: true, description: 'Of the person in charge.' }),
    displayName: t.string({ description: 'What it is for.' }),
    organization: t.string({ description: 'Its home, for good; by default the caller’s.' }),
    roles: t.field({
      type: [RoleGrantInput],
      description: 'Roles to hold. Without any it may do what every member may.',
    }),
    ifExists: t.field({ type: IfExists, description: 'What to do where it exists already: FAIL by default.' }),
  }),
  payload: (p) => ({
    user: p.loaded(User, 'The service user.'),
    apiKey: p.loaded(ApiKey, 'Its first key; null where it existed already.'),
    secret: p.string('The secret of the first key, shown this once; null in a dry run.'),
    created: p.boolean('False where it existed and was updated.'),
  }),
  check: (input) => [
    // What is checked is the name of its own, without the prefix.
    ...nameIssues('username', serviceName(input.username).slice(SERVICE_PREFIX.length)),
    ...titleIssues('displayName', input.displayName),
    ...roleIssues('roles', input.roles),
  ],
  find: async (finder, input) => ({
    organization: await findHomeOrganization(finder, input.organization, 'organization'),
    items: await findRoles(finder, 'roles', input.roles),
    existing: input.ifExists === 'UPDATE' ? await findUserIfAny(finder, serviceName(input.username)) : null,
  }),
  may: (by) =>
    by.both(
      by.permission('users.manage', 'in the organization', (refs) => [
        inOrganization(refs.organization.id),
        ...(refs.existing ? [inOrganization(refs.existing.organizationId)] : []),
      ]),
      by.permission('roles.grant', 'on the scope of every role given', (refs) => refs.items),
    ),
  // Whoever sets its e-mail takes it over.
  confers: ({ refs }) =>
    allConfer(
      rolesConfer(refs.items),
      refs.existing ? userConfers(refs.existing.id) : membershipConfers(refs.organization.id),
    ),
  touchesCredentials: true,
  errors: ['CONFLICT'],
  async run(operation) {
    const { tx, caller, input, refs } = operation
    const username = serviceName(input.username)
    if (refs.existing) {
      const { existing, items, organization } = refs
      if (typeof input.organization === 'string' && existing.organizationId !== organization.id) {
        throw new ConflictError(`${existing.username} has another home, and a home is for good.`)
      }
      await changeUser(tx, existing, { email: input.email, displayName: input.displayName })
      const granted = await grantRoles(tx, caller, existing.id, items)
      const before = { email: existing.email, displayName: existing.displayName, roles: [] }
      const after = {
        email: input.email,
        displayName: input.displayName ?? existing.displayName,
        roles: describeRoles(items.filter((item) => granted.includes(item))),
      }
      return {
        values: { user: existing.id, apiKey: null, secret: null, created: false },
        change: userChange(existing, { before, after }),
      }
    }
    const fields = { username, displayName: input.displayName ?? null, email: input.email }
    const id = await insertUser(tx, { ...fields, organizationId: refs.organization.id, kind: 'SERVICE' })
    const key = await furnish(operation, id, refs.items, true)
    const after = { ...fields, organization: refs.organization.name, roles: describeRoles(refs.items) }
    return {
      values: { user: id, apiKey: key?.id ?? null, secret: key?.secret ?? null, created: true },
      change: { targetType: 'User', targetId: id, organizationId: refs.organization.id, after },
    }
  },
})

mutation({
  name: 'deleteUser',
  description:
    'Deletes a user: their roles and keys end with them and their name is free; a new user of that name inherits nothing. An administrator must be demoted first.',
  input: (t) => ({ user: t.string({ required: true, description: 'Their username.' }) }),
  payload: (p) => ({
    id: p.value('ID', 'Their id, for `restoreUser`.'),
    username: p.value('String', 'The name that is free again.'),
    accessLost: p.value([LostAccessType], 'The roles and levels they held, as far as the caller may know.'),
  }),
  find: async (finder, input) => ({ user: await findUser(finder, input.user, 'user') }),
  may: (by) => by.permissionOverUser('users.manage', (refs) => refs.user),
  confers: 'nothing',
  endangersAdministration: true,
  errors: ['CONFLICT'],
  async run({ tx, caller, refs: { user } }) {
    if (user.isAdministrator && !isRoot(user)) {
      throw new ConflictError(`${user.username} is an administrator: revoke ADMINISTRATOR first.`)
    }
    const access = await readAccess(tx, user.id, null)
    const accessLost = await readAccess(tx, user.id, caller)
    await removeUser(tx, caller, user)
    const { id, username } = user
    return {
      values: { id: `user_${id}`, username, accessLost },
      change: userChange(user, { before: { username, access } }),
    }
  },
})

mutation({
  name: 'restoreUser',
  description:
    'Brings a deleted user back, disabled and without rights, under the old or a new name. They hold what every member holds once they are enabled, so the caller must hold that.',
  input: (t) => ({
    id: t.id({ required: true, description: 'The id that `deleteUser` gave.' }),
    username: t.string({ description: 'A new name; the old one by default.' }),
  }),
  payload: (p) => ({ user: p.loaded(User, 'The user, disabled.') }),
  check: (input) => nameIssues('username', input.username),
  async find(finder, input) {
    const user = await findDeletedUser(finder, readId('user', input.id, 'id'), 'id')
    return {
      user,
      organization: await findOrganizationById(finder, user.organizationId, 'id', 'The home of that user'),
    }
  },
  may: (by) => by.permissionOverUser('users.manage', (refs) => refs.user),
  confers: ({ refs }) => membershipConfers(refs.user.organizationId),
  errors: ['CONFLICT'],
  async run({ tx, input, refs: { user } }) {
    const username = input.username ?? user.username
    refuseReservedName(user, username)
    await bringBackUser(tx, user, username)
    return { values: { user: user.id }, change: userChange(user, { after: { username, active: false } }) }
  },
})

/** Gives a new user their roles and first key. */
async function furnish(
  { tx, caller, dryRun }: Operation<unknown, unknown>,
  userId: string,
  items: RoleItem[],
  withApiKey: boolean,
) {
  await grantRoles(tx, caller, userId, items)
  if (!withApiKey) return null
  const expiresAt = caller.apiKey?.expiresAt ?? null
  return insertApiKey(tx, caller, { userId, label: 'first key', readOnly: false, limits: null, expiresAt }, dryRun)
}

function serviceName(username: string): string {
  return username.toLowerCase().startsWith(SERVICE_PREFIX) ? username : SERVICE_PREFIX + username
}

function inOrganization(organizationId: string) {
  return { organizationId, projectId: null }
}

function describeRoles(items: FoundRole[]) {
  return items.map(({ role, scope, expiresAt }) => ({ role, scope, expiresAt }))
}
