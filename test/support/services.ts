import { type Config, readConfig } from '../../src/config.ts'
import type { Database } from '../../src/db/database.ts'
import { openKeyring } from '../../src/encryption/open.ts'
import { openMailerIfWanted } from '../../src/entities/notification/mailer.ts'
import { createServices, type Services } from '../../src/services.ts'
import { ENCRYPTION_KEY } from './encryption-key.ts'

/** The queue of mails is looked at more often than by servers, so that tests need not wait for it. */
export const TEST_PACE = { mails: 0.5, lost: 5 }

/** What a server of the tests works with, on a free port. Mail is sent where `smtpUrl` says so. */
export async function openTestServices(database: Database, settings: Partial<Config> = {}): Promise<Services> {
  const config = { ...readConfig({ ENCRYPTION_KEY, HOST: '127.0.0.1' }), port: 0, ...settings }
  const mailer = await openMailerIfWanted(database, config, TEST_PACE)
  await mailer?.work()
  return createServices(database, openKeyring(config), config, mailer)
}
