import { and, eq, or, type SQL, sql } from 'drizzle-orm'
import { administersAt } from '../../authority/administrators.ts'
import { holdsAt, isActiveAt, NOW } from '../../authority/held.ts'
import {
  grantsSomewhere,
  holdsEverywhere,
  holdsInOrganization,
  holdsOnProject,
  holdsSomewhere,
  isCaller,
  isThere,
} from '../../authority/visibility.ts'
import type { users } from '../../db/tables.ts'
import { builder, filters, reads } from '../../graphql/builder.ts'
import { lowerCase } from '../../read/filters.ts'
import type { CallerScope } from '../../read/spec.ts'
import { Organization } from '../organization/type.ts'

const UserKind = builder.enumType('UserKind', {
  description: 'What stands behind a user.',
  values: {
    HUMAN: { description: 'A person.' },
    SERVICE: { description: 'A program; its name begins with `api-`, its e-mail is that of the person in charge.' },
  },
})

const GRANT = { since: sql`g.since`, expiresAt: sql`g.expires_at`, endedAt: sql`g.ended_at` }

/** Whose records the caller may read: their own, and those of organizations whose users they may read. */
export function mayReadRecord(user: typeof users, caller: CallerScope): SQL | undefined {
  if (holdsEverywhere(caller, 'users.read')) return undefined
  return or(isCaller(caller, user.id), holdsInOrganization(caller, 'users.read', user.organizationId))
}

/** Whoever may grant somewhere may name any active user. */
function mayBeGrantedTo(user: typeof users, caller: CallerScope, time: SQL): SQL | undefined {
  return grantsSomewhere(caller) ? isActiveAt(user, time) : undefined
}

/** Whom the caller meets in lists: whose records they read, and who holds something where they read the users. */
export function isMet(user: typeof users, caller: CallerScope, time: SQL = NOW): SQL | undefined {
  const readable = mayReadRecord(user, caller)
  return readable && or(readable, holdsWhereCallerReads(user, caller, time))
}

/** Whoever reads the users of a scope meets all who hold something on it. */
function holdsWhereCallerReads(user: typeof users, caller: CallerScope, time: SQL): SQL | undefined {
  if (!holdsSomewhere(caller, 'users.read')) return undefined
  const inReach = holdsOnProject(caller, 'users.read', sql`g.project_id`, sql`g.organization_id`)
  const ofOrganization = holdsInOrganization(caller, 'users.read', sql`c.organization_id`)
  return or(
    sql`exists (select from role_grants as g where g.user_id = ${user.id} and ${holdsAt(GRANT, time)} and ${inReach})`,
    sql`exists (select from controller_grants as g join controllers as c on c.id = g.controller_id where g.user_id = ${user.id} and ${holdsAt(GRANT, time)} and ${ofOrganization})`,
    sql`exists (select from model_grants as g join models as m on m.id = g.model_id join controllers as c on c.id = m.controller_id where g.user_id = ${user.id} and ${holdsAt(GRANT, time)} and ${ofOrganization})`,
  )
}

const RECORD_NEEDS = { what: 'users.read', where: 'in the user’s organization' }

export const User = reads.type('User', {
  table: 'users',
  id: 'user',
  description:
    'A person or a program. Id, username, displayName, kind and active are the *reference*, for whoever meets the user in a list they may see. All else is the *record*: for the user, for holders of `users.read` over their organization, and for administrators; others get null and FORBIDDEN.',
  authScopes: { signedIn: true },
  visible(user, caller, time) {
    const met = isMet(user, caller, time)
    return and(isThere(user, time), met && or(met, mayBeGrantedTo(user, caller, time ?? NOW)))
  },
  guards: { record: { allows: mayReadRecord, missing: 'users.read', needs: RECORD_NEEDS } },
  fields: (f) => ({
    username: f.column('username', { type: 'String', description: 'Unique in the server, whatever its case.' }),
    displayName: f.column('displayName', { type: 'String', description: 'For people.' }),
    kind: f.column('kind', { type: UserKind as never, description: 'Person or program.' }),
    active: f.expression({
      type: 'Boolean',
      description: 'Not suspended: they can do what they hold.',
      sql: (user) => isActiveAt(user, NOW),
    }),
    email: f.column('email', {
      type: 'EmailAddress',
      guard: 'record',
      description: 'Where notifications go; of a SERVICE user, the person in charge.',
    }),
    organization: f.one('organization', Organization, {
      guard: 'record',
      nullable: true,
      description: 'Their home, for good.',
    }),
    isAdmin: f.expression({
      type: 'Boolean',
      guard: 'record',
      description: 'Holds the role ADMINISTRATOR.',
      sql: (user) => administersAt(user.id, NOW),
    }),
    createdAt: f.column('createdAt', { type: 'DateTime', guard: 'record', description: 'When they were created.' }),
  }),
})

export const UserConnection = reads.connection('User', {
  table: 'users',
  node: User,
  orders: { USERNAME: ['usernameKey'], CREATED_AT: ['createdAt'] },
  defaultOrder: 'USERNAME',
  filters: {
    username: filters.name('usernameKey', 'Only users whose name fits.'),
    createdAt: filters.time('createdAt', 'Only what was created then.'),
    organization: {
      type: 'String',
      description: 'The name of their home organization.',
      column: 'organizationId',
      where: (user, args, path) =>
        sql`${user.organizationId} in (select o.id from organizations as o where o.name_key = ${args.param(path, 'text', lowerCase)} and o.deleted_at is null)`,
    },
  },
})

reads.queryOne('user', User, {
  description:
    'A user by exact name. Whoever may grant roles somewhere finds any active user so, to grant to them; only the reference is shown then.',
  authScopes: { signedIn: true },
  args: (arg) => ({ username: arg.string({ required: true, description: 'Their name, in any case.' }) }),
  where: (user, _caller, args) => eq(user.usernameKey, args.param('username', 'text', lowerCase)),
})

reads.queryConnection('users', UserConnection, {
  description: 'The users whose records the caller may read: at least themselves.',
  authScopes: { signedIn: true },
  where: mayReadRecord,
})

reads.extend(Organization, (f) => ({
  users: f.connection('users', UserConnection, {
    description: 'The users whose home this is and whose records the caller may read.',
    where: mayReadRecord,
  }),
}))
