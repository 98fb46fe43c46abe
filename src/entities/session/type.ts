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
  description: 'One sign-in of a user. Seen by them and by who may read their record.',
  authScopes: { signedIn: true },
  visible: (session, caller) => mayReadOwned(session.userId, caller),
  fields: (f) => ({
    user: f.one('user', User, { implied: true, description: 'Who signed in.' }),
    address: f.column('address', { type: 'String', description: 'The network address they came from.' }),
    isActive: f.expression({
      type: 'Boolean',
      description: 'Neither ended nor expired.',
      sql: (session) => isOpenSession(session, NOW),
    }),
    isCurrent: f.expression({
      type: 'Boolean',
      description: 'The request came with it.',
      sql: (session, caller) => sql`coalesce(${eq(session.id, caller.param(SESSION_ID))}, false)`,
    }),
    createdAt: f.column('createdAt', { type: 'DateTime', description: 'When they signed in.' }),
    expiresAt: f.column('expiresAt', { type: 'DateTime', description: 'When it ends by itself.' }),
    endedAt: f.column('endedAt', { type: 'DateTime', description: 'When it was ended before that.' }),
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
    description: 'Where they are signed in, ended sessions of the last 30 days too.',
  }),
}))
