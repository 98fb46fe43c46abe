/** The statements that PostgreSQL ran, where it counts them: with pg_stat_statements, in the mode that explains. */
import { BenchError } from './cleanup.ts'
import { onDatabase } from './postgres.ts'

export interface StatementCount {
  text: string
  calls: number
  /** How many of the calls were planned: a kept plan is planned no more. */
  plans: number
  planMilliseconds: number
  runMilliseconds: number
}

/** Begins to count. False where the server does not have the extension. */
export async function beginCounting(url: string): Promise<boolean> {
  try {
    await onDatabase(url, async (client) => {
      await client.query('create extension if not exists pg_stat_statements')
      await client.query('select pg_stat_statements_reset()')
    })
    return true
  } catch (error) {
    if (error instanceof BenchError) return false
    throw error
  }
}

const MOST_STATEMENTS = 12

/** Returns the statements that took the most time. */
export function readCounts(url: string): Promise<StatementCount[]> {
  return onDatabase(url, async (client) => {
    const { rows } = await client.query(`select regexp_replace(query, '\\s+', ' ', 'g') as text, calls::int, plans::int,
        mean_plan_time as "planMilliseconds", mean_exec_time as "runMilliseconds"
      from pg_stat_statements where dbid = (select oid from pg_database where datname = current_database()) and query not like '%pg_stat_statements%'
      order by total_plan_time + total_exec_time desc limit ${MOST_STATEMENTS}`)
    return rows
  })
}
