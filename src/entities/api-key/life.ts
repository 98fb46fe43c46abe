/** How long the keys of a user may live: an organization can set the longest life of its members’ keys. */
import { type SQL, sql } from 'drizzle-orm'
import { readRows, type Transaction } from '../../db/database.ts'
import { InvalidInputError } from '../../errors.ts'
import { durationText } from '../organization/duration.ts'

interface LongestLife {
  organization: string
  seconds: number
  /** The latest end of a key that begins now. */
  until: string
}

/** The longest life of the user’s keys; null where their organization sets none. */
async function readLongestLife(tx: Transaction, userId: string): Promise<LongestLife | null> {
  const until: SQL = sql`to_json(clock_timestamp() + make_interval(secs => o.max_key_ttl_seconds)) #>> '{}'`
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
  const longest = await readLongestLife(tx, userId)
  if (!longest || (wanted !== null && Date.parse(wanted) <= Date.parse(longest.until))) return wanted
  return new Date(longest.until).toISOString()
}

/** @throws InvalidInputError where a key of the user may not live until then */
export async function refuseLongLife(tx: Transaction, userId: string, wanted: Date | null | undefined) {
  const longest = wanted ? await readLongestLife(tx, userId) : null
  if (!wanted || !longest || wanted.getTime() <= Date.parse(longest.until)) return
  const latest = new Date(longest.until).toISOString()
  const message = `A key of a member of ${longest.organization} lives at most ${durationText(longest.seconds)}: its end is ${latest} at the latest.`
  throw new InvalidInputError([{ path: 'expiresAt', message }])
}
