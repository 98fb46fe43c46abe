/** Calls the API in this process, as the operator, who has access to the database. */
import type { Writable } from 'node:stream'
import { OPERATOR } from '../authority/caller.ts'
import type { Config } from '../config.ts'
import { type Database, openDatabase } from '../db/database.ts'
import { createId } from '../db/id.ts'
import { migrate, refusePending } from '../db/migrate.ts'
import type { Keyring } from '../encryption/keyring.ts'
import { openKeyring } from '../encryption/open.ts'
import { openMailerIfWanted } from '../entities/notification/mailer.ts'
import type { Mailer } from '../entities/notification/operations.ts'
import { answerRequest } from '../http/answers.ts'
import { createApp } from '../http/yoga.ts'
import { createServices } from '../services.ts'
import { bootstrapAndPrint } from './bootstrap.ts'
import type { Result, Send } from './send.ts'
import type { Terminal } from './terminal.ts'

/**
 * Opens the database for documents of the operator, and closes it after their use.
 * @throws FolderInUseError while a server holds the embedded database
 */
export async function inProcess<T>(config: Config, { stderr }: Terminal, use: (send: Send) => Promise<T>): Promise<T> {
  const database = await openDatabase(config)
  let mailer: Mailer | null = null
  try {
    if (database.kind === 'POSTGRESQL') await refusePending(database)
    const keyring = openKeyring(config)
    if (database.kind === 'EMBEDDED') await prepare(database, keyring, config, stderr)
    mailer = await openMailerIfWanted(database, config)
    const app = createApp(createServices(database, keyring, config, mailer))
    return await use(async (document, variables) => {
      const context = { caller: OPERATOR, requestId: createId(), address: null, isGet: false, proof: null }
      const params = { query: document, variables: { ...variables }, operationName: null }
      return JSON.parse((await answerRequest(app, params, undefined, context)).body) as Result
    })
  } finally {
    await mailer?.close()
    await database.close()
  }
}

/** Migrates the embedded database, which only this command uses at that moment; a shared database is left to `migrate`. */
async function prepare(database: Database, keyring: Keyring, config: Config, stderr: Writable) {
  await migrate(database)
  await bootstrapAndPrint({ database, keyring }, config, stderr)
}
