/** Checks clocks at a start: what was granted counts from its time on, so a clock that was put back would take it away. */
import { sql } from 'drizzle-orm'
import { type Database, readRows } from './database.ts'

/** The newest row of the database is ahead of its clock. */
export class WrongClockError extends Error {
  override name = 'WrongClockError'
  constructor({ table, newest, now }: Newest) {
    super(
      `The newest row of the database, in ${table}, is of ${newest}, but the clock of the database says ${now}: correct that clock, or wait until then where it is right.`,
    )
  }
}

const TOLERATED_SECONDS = 60

interface Newest {
  table: string
  /** Both times are texts in whole seconds. */
  newest: string
  now: string
}

const text = (at: ReturnType<typeof sql>) => sql`to_char(${at} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`

/** Each change has an audit row of the same moment. The facts are asked too: an audit can be shortened, and facts are what counts. */
const NEWEST = sql`
  select t."table", ${text(sql`t.newest`)} as newest, ${text(sql`clock_timestamp()`)} as now from (
    select 'audit_events' as "table", max(at) as newest from audit_events
    union all select 'role_grants', max(since) from role_grants
    union all select 'controller_grants', max(since) from controller_grants
    union all select 'model_grants', max(since) from model_grants
    union all select 'user_suspensions', max(since) from user_suspensions
  ) as t
  where t.newest > clock_timestamp() + ${TOLERATED_SECONDS} * interval '1 second'
  order by t.newest desc limit 1`

/** Refuses a database whose newest row is ahead of its clock by more than a minute. @throws WrongClockError */
export async function refuseWrongClock({ db }: Database) {
  const [newest] = await readRows<Newest>(db, NEWEST)
  if (newest) throw new WrongClockError(newest)
}

/**
 * Returns a sentence where the clock of this server and that of the database differ by more than a minute; otherwise null.
 * It stops no start: the ends of sessions, keys and grants are decided by the clock of the database alone.
 */
export async function clockWarning({ db }: Database): Promise<string | null> {
  const asked = Date.now()
  const [row] = await readRows<{ now: number }>(
    db,
    sql`select extract(epoch from clock_timestamp())::double precision as now`,
  )
  const answered = Date.now()
  const ahead = ((asked + answered) / 2 - (row?.now ?? 0) * 1000) / 1000
  if (Math.abs(ahead) <= TOLERATED_SECONDS + (answered - asked) / 2000) return null
  const direction = ahead > 0 ? 'ahead of' : 'behind'
  return `The clock of this server is ${direction} that of the database by ${Math.round(Math.abs(ahead))} s: correct it, because times that callers give are compared with it.`
}
