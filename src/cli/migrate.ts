import { readConfig } from '../config.ts'
import { openDatabase } from '../db/database.ts'
import { migrate } from '../db/migrate.ts'
import { openKeyring } from '../encryption/open.ts'
import { migrateQueue } from '../entities/notification/mailer.ts'
import { bootstrapAndPrint } from './bootstrap.ts'
import type { Terminal } from './terminal.ts'

/** Brings the database up to date, and makes root where it is missing. */
export async function migrateOnly({ env, stdout }: Terminal) {
  const config = readConfig(env)
  const database = await openDatabase(config)
  try {
    const keyring = openKeyring(config)
    await migrate(database)
    await bootstrapAndPrint({ database, keyring }, config, stdout)
    // This command may know no SMTP_URL: its servers do.
    if (database.kind === 'POSTGRESQL') await migrateQueue(database)
    stdout.write('The database is up to date.\n')
  } finally {
    await database.close()
  }
}
