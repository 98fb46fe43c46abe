/** The mutations that create users, together with their keys, passwords and roles. */

import {
  grantedByMembership,
  grantedByRoles,
  grantedByTakeover,
  grantedTogether,
  type RoleItem,
} from '../../authority/guard.ts'
import { ADMINISTRATOR } from '../../authority/permissions.ts'
import { ConflictError } from '../../errors.ts'
import { builder } from '../../graphql/builder.ts'
import { nameIssues, titleIssues } from '../../graphql/input-checks.ts'
import { secretText } from '../../graphql/secret-input.ts'
import { mutation } from '../../mutation/declare.ts'
import type { Operation } from '../../mutation/run.ts'
import { expiryNotices } from '../api-key/notices.ts'
import { insertApiKey } from '../api-key/operations.ts'
import { ApiKey } from '../api-key/type.ts'
import { changeIn } from '../audit/operations.ts'
import { findHomeOrganization } from '../organization/lookup.ts'
import { Organization } from '../organization/type.ts'
import { hashPassword } from '../password/hash.ts'
import { setPassword } from '../password/operations.ts'
import { confirmationIssues, passwordIssues } from '../password/policy.ts'
import { RoleGrantInput, roleIssues } from '../role/inputs.ts'
import { type FoundRole, findRoles } from '../role/lookup.ts'
import { grantRoles } from '../role/operations.ts'
import { findUserIfAny } from './lookup.ts'
import { usernameIssues } from './mutations.ts'
import { changeUser, insertUser, SERVICE_PREFIX } from './operations.ts'
import { User } from './type.ts'

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
    'Creates a user for a person, with roles and a password or a first key, whose secret is shown only once. The user belongs to an organization permanently and holds what its members hold.',
  input: (t) => ({
    username: t.string({ required: true, description: 'The username, unique in the server regardless of case.' }),
    displayName: t.string({ description: 'A name for people to read.' }),
    email: t.field({ type: 'EmailAddress', description: 'The address for notifications.' }),
    organization: t.string({
      description: 'The name or id of the permanent home organization; by default the caller’s.',
    }),
    isAdmin: t.boolean({ description: 'True to grant ADMINISTRATOR everywhere.' }),
    roles: t.field({ type: [RoleGrantInput], description: 'The roles to grant to the new user.' }),
    password: secretText(t, { required: false, description: 'The first password; the user can change it.' }),
    confirmPassword: secretText(t, { required: false, description: 'The password again, where it is typed twice.' }),
    withApiKey: t.boolean({ description: 'True to create a first key; by default only without a password.' }),
  }),
  payload: (p) => ({
    user: p.loadedIfAny(User, 'The user that was created; null where the caller may not see users.'),
    apiKey: p.loadedIfAny(ApiKey, 'The first key; null where none was requested.'),
    secret: p.secret('The secret of the first key, shown only once; null in a dry run.'),
  }),
  check: (input, config) => [
    ...usernameIssues('username', input.username),
    ...titleIssues('displayName', input.displayName),
    ...roleIssues('roles', input.roles),
    ...passwordIssues('password', input.password, config),
    ...confirmationIssues('confirmPassword', input.confirmPassword, input.password),
  ],
  prepare: async (_ctx, { password }) => ({ hash: typeof password === 'string' ? await hashPassword(password) : null }),
  find: async (finder, input) => ({
    organization: await findHomeOrganization(finder, input.organization, 'organization'),
    items: [...(input.isAdmin ? [ADMINISTRATION] : []), ...(await findRoles(finder, 'roles', input.roles))],
  }),
  may: (by) =>
    by.both(
      by.permission('users.manage', 'in the organization', (refs) => inOrganization(refs.organization.id)),
      by.permission('roles.grant', 'on the scope of every given role', (refs) => refs.items),
    ),
  shownOn: [
    {
      on: Organization,
      as: 'CreateUser',
      refs: (organization) => ({ organization, items: [] }),
      input: { withApiKey: false },
      isGuarded: true,
    },
  ],
  grants: ({ refs }) => grantedTogether(grantedByRoles(refs.items), grantedByMembership(refs.organization.id)),
  touchesCredentials: (input) => hasFirstKey(input) || typeof input.password === 'string',
  errors: ['CONFLICT'],
  async run(operation) {
    const { tx, caller, input, refs, prepared } = operation
    const fields = { username: input.username, displayName: input.displayName ?? null, email: input.email ?? null }
    const id = await insertUser(tx, { ...fields, organizationId: refs.organization.id, kind: 'HUMAN' })
    if (prepared.hash) await setPassword(tx, caller, id, prepared.hash)
    const key = await furnish(operation, id, refs.items, hasFirstKey(input))
    const password = prepared.hash ? 'set' : null
    const after = { ...fields, password, organization: refs.organization.name, roles: describeRoles(refs.items) }
    return {
      values: { user: id, apiKey: key?.id ?? null, secret: key?.secret ?? null },
      change: { targetType: 'User', targetId: id, organizationId: refs.organization.id, after },
      notices: [{ userId: id, kind: 'USER_CREATED' }, ...firstKeyNotices(id, key)],
    }
  },
})

/** Whether a first key is created. A user with a password needs no key, unless it is requested. */
function hasFirstKey({ withApiKey, password }: { withApiKey?: boolean | null; password?: string | null }): boolean {
  return withApiKey ?? typeof password !== 'string'
}

const IfExists = builder.enumType('IfExists', {
  description: 'What happens where the user exists already.',
  values: {
    FAIL: { description: 'The mutation answers with Conflict.' },
    UPDATE: { description: 'The e-mail, display name and roles are updated; no key is created.' },
  },
})

mutation({
  name: 'createServiceUser',
  description:
    'Creates a user for a program, with a first key, whose secret is shown only once. `api-` is added before the username where it is missing. With `ifExists: UPDATE` it can be repeated; no secret is shown then.',
  input: (t) => ({
    username: t.string({ required: true, description: 'The username, with or without `api-`.' }),
    email: t.field({ type: 'EmailAddress', required: true, description: 'The address of the person in charge.' }),
    displayName: t.string({ description: 'The purpose of the service user.' }),
    organization: t.string({
      description: 'The name or id of the permanent home organization; by default the caller’s.',
    }),
    roles: t.field({
      type: [RoleGrantInput],
      description: 'The roles to grant. Without roles it may do what every member may do.',
    }),
    ifExists: t.field({ type: IfExists, description: 'What happens where it exists already; FAIL by default.' }),
  }),
  payload: (p) => ({
    user: p.loadedIfAny(User, 'The service user that was created or updated; null where the caller may not see users.'),
    apiKey: p.loadedIfAny(ApiKey, 'The first key; null where the user existed already.'),
    secret: p.secret('The secret of the first key, shown only once; null in a dry run.'),
    created: p.boolean('False where the user existed and was updated.'),
  }),
  check: (input) => [
    // The name is checked without the prefix.
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
      by.permission('roles.grant', 'on the scope of every given role', (refs) => refs.items),
    ),
  shownOn: [
    {
      on: Organization,
      as: 'CreateServiceUser',
      refs: (organization) => ({ organization, items: [] }),
      isGuarded: true,
    },
  ],
  // A caller that sets the e-mail of the user can take the user over.
  grants: ({ refs }) =>
    grantedTogether(
      grantedByRoles(refs.items),
      refs.existing ? grantedByTakeover(refs.existing.id) : grantedByMembership(refs.organization.id),
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
        change: changeIn('User', existing, { before, after }),
      }
    }
    const fields = { username, displayName: input.displayName ?? null, email: input.email }
    const id = await insertUser(tx, { ...fields, organizationId: refs.organization.id, kind: 'SERVICE' })
    const key = await furnish(operation, id, refs.items, true)
    const after = { ...fields, organization: refs.organization.name, roles: describeRoles(refs.items) }
    return {
      values: { user: id, apiKey: key?.id ?? null, secret: key?.secret ?? null, created: true },
      change: { targetType: 'User', targetId: id, organizationId: refs.organization.id, after },
      notices: [{ userId: id, kind: 'USER_CREATED' }, ...firstKeyNotices(id, key)],
    }
  },
})

const FIRST_KEY = 'first key'

/** Grants the roles of a new user and creates their first key, which never outlives the key that creates it. */
async function furnish(
  { tx, caller, dryRun }: Pick<Operation<unknown, unknown>, 'tx' | 'caller' | 'dryRun'>,
  userId: string,
  items: RoleItem[],
  withApiKey: boolean,
) {
  await grantRoles(tx, caller, userId, items)
  if (!withApiKey) return null
  const expiresAt = caller.apiKey?.expiresAt ?? null
  const key = { userId, label: FIRST_KEY, readOnly: false, limits: null, expiresAt }
  return { ...(await insertApiKey(tx, caller, key, dryRun)), expiresAt }
}

function firstKeyNotices(userId: string, key: { id: string; expiresAt: string | null } | null) {
  return key ? expiryNotices({ ...key, userId, label: FIRST_KEY }) : []
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
