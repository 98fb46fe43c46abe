import type pg from 'pg'
import { ConfigError } from '../variables.ts'
import type { Database } from './database.ts'

const PROBLEM = 'DATABASE_URL leads to a pooler that gives each transaction another session'

/**
 * Refuses a pooler that gives each transaction another session: prepared statements, settings and locks would be another
 * client's. Where the configuration says that there is one, only what needs a session of its own asks this.
 * @throws ConfigError
 */
export async function refuseMixingPooler({ isMixed, kind }: Database, connect: () => Promise<pg.Client>) {
  if (kind === 'EMBEDDED' || !(await isMixing(connect))) return
  const advice = isMixed
    ? 'migrate with the address of the database itself.'
    : 'set it to session mode, or set DATABASE_POOLER=transaction here.'
  throw new ConfigError(`${PROBLEM}: ${advice}`)
}

/**
 * Whether a connection has several sessions, or two that are open at once have the same one. A pooler that lends its idle
 * sessions in turn may give each connection its own where they ask alternately, and not where the second asks twice.
 */
async function isMixing(connect: () => Promise<pg.Client>): Promise<boolean> {
  const first = await connect()
  try {
    const second = await connect()
    try {
      const sessions = []
      for (const client of [first, second, second, first]) sessions.push(await sessionOf(client))
      const [atFirst, other, otherAgain, again] = sessions
      return atFirst === other || other !== otherAgain || again !== atFirst
    } finally {
      await second.end()
    }
  } finally {
    await first.end()
  }
}

async function sessionOf(client: pg.Client): Promise<number> {
  return (await client.query('select pg_backend_pid() as pid')).rows[0]?.pid
}
