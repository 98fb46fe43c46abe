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

/** The end of a new key of the user: the one that is wanted, or the latest that is allowed. */
export async function endWithinLife(tx: Transaction, userId: string, wanted: string | null): Promise<string | null> {
  const longest = await readLongestLife(tx, userId, null)
  if (!longest || (wanted !== null && Date.parse(wanted) <= Date.parse(longest.until))) return wanted
  return new Date(longest.until).toISOString()
}

/** @param begin when the key began; null is now @throws InvalidInputError where a key of the user may not live until then */
export async function refuseLongLife(
  tx: Transaction,
  userId: string,
  wanted: Date | null | undefined,
  begin: string | null = null,
) {
  const longest = wanted ? await readLongestLife(tx, userId, begin) : null
  if (!wanted || !longest || wanted.getTime() <= Date.parse(longest.until)) return
  const latest = new Date(longest.until).toISOString()
  const message = `A key of a member of ${longest.organization} lives at most ${durationText(longest.seconds)}: its end is ${latest} at the latest.`
  throw new InvalidInputError([{ path: 'expiresAt', message }])
}
