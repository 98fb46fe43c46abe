import { type Config, readConfig } from '../../src/config.ts'
import type { Database } from '../../src/db/database.ts'
import { openKeyring } from '../../src/encryption/open.ts'
import { openMailerIfWanted } from '../../src/entities/notification/mailer.ts'
import { createServices, type Services } from '../../src/services.ts'
import { ENCRYPTION_KEY } from './encryption-key.ts'

/** What a server of the tests works with, on a free port. Mail is sent where `smtpUrl` says so. */
export async function openTestServices(database: Database, settings: Partial<Config> = {}): Promise<Services> {
  const config = { ...readConfig({ ENCRYPTION_KEY, HOST: '127.0.0.1' }), port: 0, ...settings }
  const mailer = await openMailerIfWanted(database, config, 0.5)
  await mailer?.work()
  return createServices(database, openKeyring(config), config, mailer)
}
