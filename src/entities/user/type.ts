import { and, or, type SQL, sql } from 'drizzle-orm'
import { administersAt } from '../../authority/administrators.ts'
import { isActiveAt, NOW } from '../../authority/held.ts'
import { isMet, mayReadRecord } from '../../authority/met-users.ts'
import { holdsEverywhere, holdsInOrganization, isGranter, isThere } from '../../authority/visibility.ts'
import type { users } from '../../db/tables.ts'
import { namedRequirement } from '../../errors.ts'
import { builder, filters, reads } from '../../graphql/builder.ts'
import { fitsArgument } from '../../graphql/references.ts'
import { unreadable } from '../../graphql/refusals.ts'
import type { CallerScope } from '../../read/spec.ts'
import { Organization } from '../organization/type.ts'

export const UserKind = builder.enumType('UserKind', {
  description: 'The kind of a user: a person or a program.',
  values: {
    HUMAN: { description: 'The user is a person.' },
    SERVICE: {
      description:
        'The user is a program; its name begins with `api-`, and its e-mail is that of the person in charge.',
    },
  },
})

/** True for users of organizations where the caller holds `users.manage`. */
function mayManage(user: typeof users, caller: CallerScope): SQL | undefined {
  return holdsEverywhere(caller, 'users.manage')
    ? undefined
    : holdsInOrganization(caller, 'users.manage', user.organizationId)
}

/** True for users that the caller may name to grant to: any active user, where the caller may grant on some scope. */
function mayBeGrantedTo(user: typeof users, caller: CallerScope, time: SQL): SQL | undefined {
  return isGranter(caller) ? isActiveAt(user, time) : undefined
}

const RECORD = namedRequirement({
  permission: 'users.read',
  scope: 'ORGANIZATION',
  text: 'users.read in the user’s organization',
})

const MANAGEMENT = namedRequirement({
  permission: 'users.manage',
  scope: 'ORGANIZATION',
  text: 'users.manage in the user’s organization',
})

export const User = reads.type('User', {
  table: 'users',
  id: 'user',
  description:
    'A person or a program. Id, username, displayName, kind and isActive are the *reference*: it is visible to every caller that may see the user in a list. All other fields are the *record*: it is visible to the user, to holders of `users.read` over their organization, and to administrators; other callers get null and FORBIDDEN.',
  authScopes: { signedIn: true },
  visible(user, caller, time) {
    const met = isMet(user, caller, time)
    return and(isThere(user, time), met && or(met, mayBeGrantedTo(user, caller, time ?? NOW)))
  },
  guards: {
    record: { allows: mayReadRecord, refusal: () => unreadable(RECORD) },
    manager: { allows: mayManage, refusal: () => unreadable(MANAGEMENT) },
  },
  fields: (f) => ({
    username: f.column('username', {
      type: 'String',
      description: 'The username, unique in the server regardless of case.',
    }),
    displayName: f.column('displayName', { type: 'String', description: 'A name for people to read.' }),
    kind: f.column('kind', { type: UserKind, description: 'Whether the user is a person or a program.' }),
    isActive: f.expression({
      type: 'Boolean',
      description: 'True where the user is not suspended, so that what they hold counts.',
      sql: (user) => isActiveAt(user, NOW),
    }),
    email: f.column('email', {
      type: 'EmailAddress',
      guard: 'record',
      description: 'The address for notifications; for a SERVICE user, that of the person in charge.',
    }),
    organization: f.one('organization', Organization, {
      guard: 'record',
      nullable: true,
      description: 'The home organization, which is permanent.',
    }),
    isAdmin: f.expression({
      type: 'Boolean',
      guard: 'record',
      description: 'True where the user holds the role ADMINISTRATOR.',
      sql: (user) => administersAt(user.id, NOW),
    }),
    createdAt: f.column('createdAt', {
      type: 'DateTime',
      guard: 'record',
      description: 'The time when the user was created.',
    }),
  }),
})

/** Its lists are of users whose records the caller may read, so that nothing of a record can be guessed by a filter. */
export const UserConnection = reads.connection('User', {
  table: 'users',
  node: User,
  orders: { USERNAME: ['usernameKey'], CREATED_AT: ['createdAt'] },
  defaultOrder: 'USERNAME',
  filters: {
    username: filters.name('usernameKey', 'Keeps only users whose username matches.'),
    displayName: filters.name('displayNameKey', 'Keeps only users whose display name matches.'),
    email: filters.name('emailKey', 'Keeps only users whose e-mail address matches.'),
    kind: filters.choice('kind', UserKind, 'Keeps only people, or only programs.'),
    createdAt: filters.time('createdAt', 'Keeps only users created in the given period.'),
    organization: {
      type: 'String',
      description: 'Keeps only users whose home organization has this name or id.',
      column: 'organizationId',
      where: (user, args, path) =>
        sql`${user.organizationId} in (select o.id from organizations as o where ${fitsArgument('organization', { id: sql`o.id`, key: sql`o.name_key` }, args, path)} and o.deleted_at is null)`,
    },
  },
})

reads.queryOne('user', User, {
  description:
    'Returns a user by exact name or id. A caller that may grant roles on any scope can find every active user this way, to grant roles to them; only the reference is shown then.',
  authScopes: { signedIn: true },
  args: (arg) => ({
    username: arg.string({ required: true, description: 'The username, in upper or lower case, or the id.' }),
  }),
  where: (user, _caller, args) => fitsArgument('user', { id: user.id, key: user.usernameKey }, args, 'username'),
})

reads.queryConnection('users', UserConnection, {
  description: 'The users whose records the caller may read: at least the caller.',
  authScopes: { signedIn: true },
  where: mayReadRecord,
})

reads.extend(Organization, (f) => ({
  users: f.connection('users', UserConnection, {
    description: 'The users that have this home organization and whose records the caller may read.',
    where: mayReadRecord,
  }),
}))
