/** Creates users for people. */

import { inOrganization } from '../../authority/caller.ts'
import { grantedByMembership, grantedByRoles, grantedTogether } from '../../authority/guard.ts'
import { ADMINISTRATOR } from '../../authority/permissions.ts'
import { nullIssues, titleIssues } from '../../graphql/input-checks.ts'
import { secretText } from '../../graphql/secret-input.ts'
import { mutation } from '../../mutation/declare.ts'
import type { Found } from '../../mutation/lookup.ts'
import { ApiKey } from '../api-key/type.ts'
import { target } from '../audit/targets.ts'
import { findHomeOrganization } from '../organization/lookup.ts'
import { Organization } from '../organization/type.ts'
import { hashPassword } from '../password/hash.ts'
import { refuseGuessable, setPassword } from '../password/operations.ts'
import { confirmationIssues, passwordIssues } from '../password/policy.ts'
import { RoleGrantInput, roleIssues } from '../role/inputs.ts'
import { describeRoles, type FoundRole, findRoles } from '../role/lookup.ts'
import { describeKey, firstKeyNotices, furnish } from './furnish.ts'
import { namingOf, usernameIssues } from './mutations.ts'
import { insertUser } from './operations.ts'
import { User } from './type.ts'

/** The role of administrators, where a new user is to be one. */
export const ADMINISTRATION: FoundRole = {
  roleId: ADMINISTRATOR.id,
  role: ADMINISTRATOR.name,
  scope: 'everywhere',
  organizationId: null,
  projectId: null,
  expiresAt: null,
}

mutation({
  name: 'createUser',
  makes: true,
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
    password: secretText(t, { required: false, description: 'The first password.' }),
    confirmPassword: secretText(t, { required: false, description: 'The password again, where it is typed twice.' }),
    mustChangePassword: t.boolean({
      defaultValue: true,
      description:
        'True where the user must change the first password before they can do anything else with it. It has no effect without a password.',
    }),
    withApiKey: t.boolean({ description: 'True to create a first key; by default only without a password.' }),
  }),
  payload: (p) => ({
    user: p.loadedIfAny(User, 'The user that was created; null where the caller may not see users.'),
    apiKey: p.loadedIfAny(ApiKey, 'The first key; null where none was requested.'),
    secret: p.secret('The secret of the first key, shown only once; null in a dry run and in a repetition.'),
  }),
  check: (input, config) => [
    ...usernameIssues('username', input.username),
    ...titleIssues('displayName', input.displayName),
    ...roleIssues('roles', input.roles),
    ...passwordIssues('password', input.password, config),
    ...confirmationIssues('confirmPassword', input.confirmPassword, input.password),
    ...nullIssues('', { mustChangePassword: input.mustChangePassword }),
  ],
  prepare: async (_ctx, { password }) => ({ hash: typeof password === 'string' ? await hashPassword(password) : null }),
  find: (finder, input) => ({
    organization: findHomeOrganization(finder, input.organization, 'organization'),
    items: findRoles(finder, 'roles', input.roles).then((found) => withAdministration(input.isAdmin ?? false, found)),
  }),
  target: ({ organization }) => target('Organization', organization),
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
  makesWayIn: ({ password }) => typeof password === 'string',
  errors: ['CONFLICT'],
  async run(operation) {
    const { ctx, tx, caller, input, refs, prepared } = operation
    const mustChange = input.mustChangePassword ?? true
    const fields = { username: input.username, displayName: input.displayName ?? null, email: input.email ?? null }
    const id = await insertUser(tx, namingOf(ctx, caller), {
      ...fields,
      organizationId: refs.organization.id,
      kind: 'HUMAN',
    })
    if (prepared.hash && typeof input.password === 'string') {
      await refuseGuessable(tx, ctx.services.config, id, { path: 'password', password: input.password })
      await setPassword(tx, caller, id, { hash: prepared.hash, mustChange })
    }
    const key = await furnish(operation, id, refs.items, hasFirstKey(input))
    const after = {
      ...fields,
      ...(prepared.hash ? { password: 'set', mustChangePassword: mustChange } : { password: null }),
      organization: refs.organization.name,
      roles: describeRoles(refs.items),
      apiKey: describeKey(key),
    }
    return {
      values: { user: id, apiKey: key?.id ?? null, secret: key?.secret ?? null },
      change: { target: target('User', { id, organizationId: refs.organization.id }), after },
      notices: [{ userId: id, kind: 'USER_CREATED' }, ...firstKeyNotices(id, key)],
    }
  },
})

/** The given roles, and the role of administrators where the new user is to be one. */
function withAdministration(isAdmin: boolean, given: Found<FoundRole[]>): Found<FoundRole[]> {
  return { locked: () => [...(isAdmin ? [ADMINISTRATION] : []), ...given.locked()] }
}

/** Whether a first key is created. A user with a password needs no key, unless it is requested. */
function hasFirstKey({ withApiKey, password }: { withApiKey?: boolean | null; password?: string | null }): boolean {
  return withApiKey ?? typeof password !== 'string'
}
