/** The mutations that end sessions. */
import { eq, sql } from 'drizzle-orm'
import { sessions } from '../../db/tables.ts'
import { readId } from '../../graphql/node-id.ts'
import { mutation } from '../../mutation/declare.ts'
import { type Finder, type Finding, findRow } from '../../mutation/lookup.ts'
import { target } from '../audit/targets.ts'
import { findOwner, findSelf, findUserOrSelf, ownerColumns, type UserReference, userColumns } from '../user/lookup.ts'
import { User } from '../user/type.ts'
import { endOwnSession, endSession, endSessions, type Session as SessionRow } from './operations.ts'
import { Session } from './type.ts'

mutation({
  name: 'signOut',
  description: 'Ends the session of the request: the next request with its token is refused.',
  hasDryRun: false,
  payload: (p) => ({ changed: p.boolean('False where the request did not use a session.') }),
  find: (finder) => ({ user: findSelf(finder, 'session') }),
  target: ({ user }) => target('User', user),
  may: (by) => by.anyUser(),
  readOnlyMode: 'ALLOWED',
  grants: 'nothing',
  touchesCredentials: true,
  async run({ tx, caller, refs: { user } }) {
    const changed = await endOwnSession(tx, caller)
    const ended = target('Session', { id: caller.session?.id ?? '', organizationId: user.organizationId })
    const change = { target: ended, before: { user: user.username } }
    return { values: { changed }, change: changed ? change : null }
  },
})

mutation({
  name: 'signOutEverywhere',
  description:
    'Ends all sessions of a user, by default of the caller: the next request with any of their tokens is refused.',
  hasDryRun: false,
  input: (t) => ({ user: t.string({ description: 'The username or id of the user; by default the caller.' }) }),
  payload: (p) => ({
    user: p.loaded(User, 'The user whose sessions ended.'),
    ended: p.value('Int', 'The number of open sessions that ended.'),
  }),
  find: (finder, { user }) => ({
    user: findUserOrSelf(finder, user, 'user'),
  }),
  target: ({ user }) => target('User', user),
  may: (by) =>
    by.either(
      by.self((refs) => refs.user.id),
      by.permissionOverUser('users.manage', (refs) => refs.user),
    ),
  readOnlyMode: 'ALLOWED',
  shownOn: [{ on: User, as: 'SignOutEverywhere', refs: (row) => ({ user: userColumns(row.id, row.organizationId) }) }],
  grants: 'nothing',
  touchesCredentials: true,
  async run({ tx, caller, refs: { user } }) {
    const ended = await endSessions(tx, caller, user.id)
    const change = ended > 0 ? { before: { sessions: ended } } : null
    return { values: { user: user.id, ended }, change }
  },
})

interface SessionRefs {
  session: SessionRow
  user: UserReference
}

/** Finds the visible session with this id, and its user. @throws NotFoundError */
async function findSession(finder: Finder, id: string) {
  const what = 'The session'
  const fits = eq(sessions.id, readId('session', id, 'session'))
  const session = await findRow(finder, sessions, Session.visible, fits, { path: 'session', what, lock: 'CHANGE' })
  const owner = sql`(select s.user_id from ${sessions} as s where s.id = ${session.id})`
  return { session, user: await findOwner(finder, owner, 'session', what) }
}

mutation({
  name: 'endSession',
  description: 'Ends one session at once: the next request with its token is refused.',
  input: (t) => ({ session: t.id({ required: true, description: 'The id of the session.' }) }),
  payload: (p) => ({
    session: p.loaded(Session, 'The session after it was ended.'),
    changed: p.boolean('False where the session had already ended.'),
  }),
  find: (finder, input): Finding<SessionRefs> => findSession(finder, input.session),
  target: ({ session, user }) => target('Session', { id: session.id, organizationId: user.organizationId }),
  may: (by) =>
    by.either(
      by.self((refs) => refs.user.id),
      by.permissionOverUser('users.manage', (refs) => refs.user),
    ),
  readOnlyMode: 'ALLOWED',
  shownOn: [{ on: Session, as: 'End', refs: (row) => ({ user: ownerColumns(row.userId) }) }],
  grants: 'nothing',
  touchesCredentials: true,
  async run({ tx, caller, refs: { session, user } }) {
    const changed = await endSession(tx, caller, session.id)
    return { values: { session: session.id, changed }, change: changed ? { before: { user: user.username } } : null }
  },
})
