/** Creates users for programs. */

import { inOrganization } from '../../authority/caller.ts'
import { grantedByMembership, grantedByRoles, grantedByTakeover, grantedTogether } from '../../authority/guard.ts'
import { ConflictError, InvalidInputError, type Issue, RaceLostError } from '../../errors.ts'
import { builder } from '../../graphql/builder.ts'
import { titleIssues, usernameFormIssues } from '../../graphql/input-checks.ts'
import { mutation } from '../../mutation/declare.ts'
import { unchanging } from '../../mutation/lookup.ts'
import { ApiKey } from '../api-key/type.ts'
import { target } from '../audit/targets.ts'
import { findHomeOrganization } from '../organization/lookup.ts'
import { Organization } from '../organization/type.ts'
import { RoleGrantInput, roleIssues } from '../role/inputs.ts'
import { describeRoles, findRoles } from '../role/lookup.ts'
import { grantRoles } from '../role/operations.ts'
import { describeKey, firstKeyNotices, furnish } from './furnish.ts'
import { findUserIfAny } from './lookup.ts'
import { namingOf } from './mutations.ts'
import { emailNotices } from './notices.ts'
import { changeUser, insertUser, SERVICE_PREFIX } from './operations.ts'
import { User } from './type.ts'

const IfExists = builder.enumType('IfExists', {
  description: 'What happens where the user exists already.',
  values: {
    FAIL: { description: 'The mutation answers with Conflict.' },
    UPDATE: { description: 'The e-mail, display name and roles are updated; no key is created.' },
  },
})

mutation({
  name: 'createServiceUser',
  makes: true,
  description:
    'Creates a user for a program, with a first key, whose secret is shown only once. `api-` is added before the username where it is missing. With `ifExists: UPDATE` it can be repeated; no secret is shown then.',
  input: (t) => ({
    username: t.string({ required: true, description: 'The username, with or without `api-`.' }),
    email: t.field({
      type: 'EmailAddress',
      description: 'The address of the person in charge; required for a new user, and left as it is by default.',
    }),
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
    secret: p.secret('The secret of the first key, shown only once; null in a dry run and in a repetition.'),
    created: p.boolean('False where the user existed and was updated.'),
  }),
  check: (input) => [
    ...serviceNameIssues('username', input.username),
    ...titleIssues('displayName', input.displayName),
    ...roleIssues('roles', input.roles),
  ],
  find: (finder, input) => ({
    organization: findHomeOrganization(finder, input.organization, 'organization'),
    items: findRoles(finder, 'roles', input.roles),
    existing: input.ifExists === 'UPDATE' ? findUserIfAny(finder, serviceName(input.username)) : unchanging(null),
  }),
  target: ({ existing, organization }) => (existing ? target('User', existing) : target('Organization', organization)),
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
      refs.existing ? grantedByTakeover(refs.existing) : grantedByMembership(refs.organization.id),
    ),
  touchesCredentials: true,
  errors: ['CONFLICT'],
  async run(operation) {
    const { ctx, tx, caller, input, refs } = operation
    const username = serviceName(input.username)
    if (refs.existing) {
      const { existing, items, organization } = refs
      if (typeof input.organization === 'string' && existing.organizationId !== organization.id) {
        throw new ConflictError(`${existing.username} has another home organization, which is permanent.`)
      }
      if (input.email === null) throw new InvalidInputError([{ path: 'email', message: IN_CHARGE }])
      await changeUser(tx, namingOf(ctx, caller), existing, { email: input.email, displayName: input.displayName })
      const granted = await grantRoles(tx, caller, existing.id, items)
      const before = { email: existing.email, displayName: existing.displayName }
      const given = items.filter((item) => granted.includes(item))
      const after = {
        email: input.email ?? existing.email,
        displayName: input.displayName === undefined ? existing.displayName : input.displayName,
        ...(given.length > 0 && { roles: describeRoles(given) }),
      }
      return {
        values: { user: existing.id, apiKey: null, secret: null, created: false },
        change: { before, after },
        notices: emailNotices(existing, input.email),
      }
    }
    if (!input.email) throw new InvalidInputError([{ path: 'email', message: IN_CHARGE }])
    const fields = { username, displayName: input.displayName ?? null, email: input.email }
    const row = { ...fields, organizationId: refs.organization.id, kind: 'SERVICE' as const }
    const id = await insertUser(tx, namingOf(ctx, caller), row).catch((error: unknown) => {
      // Another call may have created it meanwhile; then this one is to update it.
      throw input.ifExists === 'UPDATE' && error instanceof ConflictError ? new RaceLostError(error) : error
    })
    const key = await furnish(operation, id, refs.items, true)
    const after = {
      ...fields,
      organization: refs.organization.name,
      roles: describeRoles(refs.items),
      apiKey: describeKey(key),
    }
    return {
      values: { user: id, apiKey: key?.id ?? null, secret: key?.secret ?? null, created: true },
      change: { target: target('User', { id, organizationId: refs.organization.id }), after },
      notices: [{ userId: id, kind: 'USER_CREATED' }, ...firstKeyNotices(id, key)],
    }
  },
})

export const IN_CHARGE = 'A service user has the e-mail of the person in charge.'

/** The problems of the name of a service user, which is checked without the prefix. */
export function serviceNameIssues(path: string, username: string): Issue[] {
  return usernameFormIssues(path, serviceName(username).slice(SERVICE_PREFIX.length))
}

/** The name of a service user, with the prefix. */
export function serviceName(username: string): string {
  return username.toLowerCase().startsWith(SERVICE_PREFIX) ? username : SERVICE_PREFIX + username
}
