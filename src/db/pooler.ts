import { ConfigError } from '../variables.ts'
import type { Database } from './database.ts'

/**
 * Refuses a pooler that gives each transaction another session, unless the configuration says that there is one: prepared
 * statements, settings and locks would be another client's. Two connections that are open at once have two sessions, unless
 * a program in between gives both the same one.
 * @throws ConfigError
 */
export async function refuseMixingPooler({ connectAlone, isMixed, kind }: Database) {
  if (isMixed || kind === 'EMBEDDED') return
  const [first, second] = [await connectAlone(), await connectAlone()]
  try {
    const pids = []
    for (const client of [first, second]) pids.push((await client.query('select pg_backend_pid() as pid')).rows[0]?.pid)
    if (pids[0] === pids[1]) {
      throw new ConfigError(
        'DATABASE_URL leads to a pooler that gives each transaction another session: set it to session mode, or set DATABASE_POOLER=transaction here.',
      )
    }
  } finally {
    await Promise.all([first.end(), second.end()])
  }
}
