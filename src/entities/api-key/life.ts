/** How long the keys of a user may live: an organization can set the longest life of its members’ keys. */
import { type SQL, sql } from 'drizzle-orm'
import { readRows, type Transaction } from '../../db/database.ts'
import { InvalidInputError } from '../../errors.ts'
import { durationText } from '../organization/duration.ts'

interface LongestLife {
  organization: string
  seconds: number
  /** The latest end of the key. */
  until: string
}

/** The longest life of a key of the user; null where their organization sets none. @param begin when the key began; null is now */
async function readLongestLife(tx: Transaction, userId: string, begin: string | null): Promise<LongestLife | null> {
  const from = sql`coalesce(${begin}::timestamptz, clock_timestamp())`
  const until: SQL = sql`to_json(${from} + make_interval(secs => o.max_key_ttl_seconds)) #>> '{}'`
  const [row] = await readRows<LongestLife>(
    tx,
    sql`select o.name as organization, o.max_key_ttl_seconds as seconds, ${until} as until
      from users as u join organizations as o on o.id = u.organization_id
      where u.id = ${userId} and o.max_key_ttl_seconds is not null`,
  )
  return row ?? null
}

/**
 * The end of a new key of the user: the one that is wanted, or the latest that is allowed.
 * @throws InvalidInputError where the input asks for a later one
 */
export async function endWithinLife(
  tx: Transaction,
  userId: string,
  { expiresAt, isAskedFor = false }: { expiresAt: string | null; isAskedFor?: boolean },
): Promise<string | null> {
  const longest = await readLongestLife(tx, userId, null)
  if (!longest || (expiresAt !== null && Date.parse(expiresAt) <= Date.parse(longest.until))) return expiresAt
  if (isAskedFor) throw tooLong(longest)
  return new Date(longest.until).toISOString()
}

/** @param begin when the key began @throws InvalidInputError where a key of the user may not live until then */
export async function refuseLongLife(tx: Transaction, userId: string, wanted: Date | null | undefined, begin: string) {
  const longest = wanted ? await readLongestLife(tx, userId, begin) : null
  if (wanted && longest && wanted.getTime() > Date.parse(longest.until)) throw tooLong(longest)
}

function tooLong({ organization, seconds, until }: LongestLife): InvalidInputError {
  const latest = new Date(until).toISOString()
  const message = `A key of a member of ${organization} lives at most ${durationText(seconds)}: its end is ${latest} at the latest.`
  return new InvalidInputError([{ path: 'expiresAt', message }])
}
