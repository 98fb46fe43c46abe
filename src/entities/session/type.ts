import { eq, sql } from 'drizzle-orm'
import { isOpenSession } from '../../authentication/validity.ts'
import { SESSION_ID } from '../../authority/caller-values.ts'
import { NOW } from '../../authority/held.ts'
import { reads } from '../../graphql/builder.ts'
import { mayReadOwned } from '../user/owned.ts'
import { User } from '../user/type.ts'

export const Session = reads.type('Session', {
  table: 'sessions',
  id: 'session',
  description: 'One sign-in of a user. It is visible to the user and to callers that may read their record.',
  authScopes: { signedIn: true },
  visible: (session, caller) => mayReadOwned(session.userId, caller),
  fields: (f) => ({
    user: f.one('user', User, { implied: true, description: 'The user who signed in.' }),
    address: f.column('address', { type: 'String', description: 'The network address from which the user signed in.' }),
    isActive: f.expression({
      type: 'Boolean',
      description: 'True where the session has neither ended nor expired.',
      sql: (session) => isOpenSession(session, NOW),
    }),
    isCurrent: f.expression({
      type: 'Boolean',
      description: 'True where the request uses this session.',
      sql: (session, caller) => sql`coalesce(${eq(session.id, caller.param(SESSION_ID))}, false)`,
    }),
    createdAt: f.column('createdAt', { type: 'DateTime', description: 'The time when the user signed in.' }),
    expiresAt: f.column('expiresAt', { type: 'DateTime', description: 'The planned end of the session.' }),
    endedAt: f.column('endedAt', {
      type: 'DateTime',
      description: 'The time when it was ended before its planned end; null where it was not.',
    }),
  }),
})

export const SessionConnection = reads.connection('Session', {
  table: 'sessions',
  node: Session,
  orders: { CREATED_AT: ['createdAt'] },
  defaultOrder: 'CREATED_AT',
})

reads.extend(User, (f) => ({
  sessions: f.connection('sessions', SessionConnection, {
    guard: 'record',
    description: 'The sessions of the user, including those that ended in the last 30 days.',
  }),
}))
