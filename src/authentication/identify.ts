import { timingSafeEqual } from 'node:crypto'
import { and, eq, isNotNull, type SQL, sql } from 'drizzle-orm'
import type { Caller } from '../authority/caller.ts'
import { NOW } from '../authority/held.ts'
import type { Connection } from '../db/database.ts'
import { apiKeys, sessions, users } from '../db/tables.ts'
import { hashToken, looksLikeToken, readTokenId } from '../entities/api-key/token.ts'
import type { Target } from '../errors.ts'
import type { Services } from '../services.ts'
import { BadCredentialError } from './bad-credential.ts'
import { type Credentials, type HeaderReader, readCredentials } from './credentials.ts'
import type { KeptCaller } from './kept.ts'
import { type Proven, readCaller } from './read-caller.ts'
import { isSessionOf, isUsableKey } from './validity.ts'

/** The origin of a request: its id and the client's address. */
export interface Origin {
  requestId: string
  address: string | null
}

/**
 * Determines the caller. It returns null where there is no credential. A caller who is kept from an earlier request has a
 * `basis`, and must be proven before anything is answered; any other is read in one statement, with their authority.
 * Two credentials must both be valid: the caller is the user of the session or password, within the limits of the key.
 * @param isFresh true where no kept caller is to be used, because one was not proven
 * @throws BadCredentialError
 * @throws RateLimitedError where there were too many attempts with a wrong password, or with keys of other systems
 */
export async function identify(
  services: Services,
  header: HeaderReader,
  origin: Origin,
  isFresh = false,
): Promise<Caller | null> {
  const credentials = readCredentials(header)
  if (credentials === null) return null
  const { keptCallers, keyGuesses, noteUse, noteVisit } = services
  if (isFresh) keptCallers.forget(credentials)
  // Who guesses must not find a key in what is kept either.
  const isGuesser = isOfOtherForm(credentials) && keyGuesses.isBlocked(origin.address)
  const kept = isGuesser ? undefined : keptCallers.get(credentials)
  const known = kept ?? (await findCaller(services, credentials, origin))
  if (known.keyHash) noteUse(known.keyHash)
  if (credentials.user) noteVisit(known.caller)
  if (kept) return kept.caller
  keptCallers.keep(credentials, known)
  return { ...known.caller, basis: null }
}

function findCaller(services: Services, credentials: Credentials, origin: Origin): Promise<KeptCaller> {
  const find = () => findBy(services, credentials, origin)
  return isOfOtherForm(credentials) ? services.keyGuesses.inTurn(origin.address, find) : find()
}

/** Whether the key has another form than ours, as that of ROOT_API_KEY and imported ones. */
function isOfOtherForm({ apiKey }: Credentials): boolean {
  return apiKey !== null && !looksLikeToken(apiKey)
}

async function findBy(services: Services, credentials: Credentials, origin: Origin): Promise<KeptCaller> {
  const { db } = services.database
  const { apiKey } = credentials
  const proven = await prove(services, credentials, origin)
  const found = await readCaller(db, proven)
  if (found && (apiKey === null || isSecretOf(found.keyHash, apiKey))) return found
  const { key } = proven
  if (key !== null && isOfOtherForm(credentials) && !(await isThere(db, key)))
    await services.keyGuesses.count(origin.address)
  throw new BadCredentialError(await findEnded(db, proven, apiKey))
}

/** Verifies the token or the password. The secret of a key is compared with what is read by it. */
async function prove(services: Services, { apiKey, user }: Credentials, origin: Origin): Promise<Proven> {
  const key = apiKey === null ? null : whichKey(apiKey, services.keyGuesses.isBlocked(origin.address))
  if (user === null) return { key }
  if ('token' in user) return { key, session: await services.tokens.verify(services.database.db, user.token) }
  if (key === null && services.config.passwordNeedsApiKey) throw new BadCredentialError()
  const asked = { ...origin, action: 'signIn', caller: null }
  return { key, password: await services.passwords.check(user.username, user.password, asked) }
}

/** Whether there is such a key, also one that has ended or whose user is not active. */
async function isThere(db: Connection, key: SQL): Promise<boolean> {
  const rows = await db.select({ id: apiKeys.id }).from(apiKeys).where(key).limit(1)
  return rows.length > 0
}

/** Returns the key or the session that was presented, where it is right but has ended. */
async function findEnded(db: Connection, { key, session }: Proven, apiKey: string | null): Promise<Target | null> {
  if (key !== null && apiKey !== null) {
    const [row] = await db
      .select({ id: apiKeys.id, hash: apiKeys.hash, organizationId: users.organizationId })
      .from(apiKeys)
      .innerJoin(users, eq(users.id, apiKeys.userId))
      .where(and(key, sql`not ${isUsableKey(apiKeys, NOW)}`))
      .limit(1)
    if (row && isSecretOf(row.hash, apiKey))
      return { targetType: 'ApiKey', targetId: row.id, organizationId: row.organizationId }
  }
  if (!session) return null
  const [row] = await db
    .select({ id: sessions.id, organizationId: users.organizationId })
    .from(sessions)
    .innerJoin(users, eq(users.id, sessions.userId))
    .where(and(eq(sessions.id, session.sessionId), isSessionOf(sessions, session), isNotNull(sessions.endedAt)))
  return row ? { targetType: 'Session', targetId: row.id, organizationId: row.organizationId } : null
}

function isSecretOf(hash: Buffer | null, secret: string): boolean {
  return hash !== null && timingSafeEqual(hash, hashToken(secret))
}

/**
 * The condition for the row of a key. A key that this server made contains the id of its row. Any other is found by its
 * hash: it is root's, set by ROOT_API_KEY, or it was imported. @param onlyRoot true where imported keys are not looked for
 */
function whichKey(presented: string, onlyRoot: boolean): SQL {
  if (!looksLikeToken(presented)) {
    const fromOutside = onlyRoot ? sql`= 'ENVIRONMENT'` : sql`<> 'CREATED'`
    return sql`(${eq(apiKeys.hash, hashToken(presented))} and ${apiKeys.source} ${fromOutside})`
  }
  const id = readTokenId(presented)
  if (id === null) throw new BadCredentialError()
  return eq(apiKeys.id, id)
}
