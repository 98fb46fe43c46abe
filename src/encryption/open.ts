import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Config, ConfigError } from '../config.ts'
import { type Keyring, parseKeyring } from './keyring.ts'

const HOW_TO = '32 random bytes in base64, as "openssl rand -base64 32" gives them'

/**
 * The keys of ENCRYPTION_KEY; beside an embedded database a file of its own will do, made when it is missing. Call it
 * with the folder open. @throws ConfigError
 */
export function openKeyring({ encryptionKey, databaseUrl, dataDir }: Config): Keyring {
  if (encryptionKey !== null) {
    return parseOr(
      encryptionKey,
      `ENCRYPTION_KEY must be ${HOW_TO}; several are separated by commas, the new one first.`,
    )
  }
  if (databaseUrl !== null) {
    throw new ConfigError(
      `ENCRYPTION_KEY must be set where DATABASE_URL is: ${HOW_TO}. Secrets are kept encrypted with it, and every server on the database needs the same.`,
    )
  }
  const path = fileIn(dataDir)
  return parseOr(readOrMake(path), `${path} must hold ${HOW_TO}.`)
}

function fileIn(dataDir: string): string {
  return join(dataDir, 'encryption.key')
}

/**
 * The keyring to seal everything anew with: that of ENCRYPTION_KEY as it is; in a data folder with a new key before the
 * others, of which `done` forgets all but the last. @throws ConfigError
 */
export function renewKeyring(config: Config): { keyring: Keyring; done: () => void } {
  const keyring = openKeyring(config)
  if (config.encryptionKey !== null) return { keyring, done: () => {} }
  const path = fileIn(config.dataDir)
  const present = readFileSync(path, 'utf8').trim()
  const fresh = newKey()
  writeKey(path, `${fresh},${present}`)
  // The one before stays: what the embedded database has not written to the disk yet may still be sealed with it.
  const done = () => writeKey(path, `${fresh},${present.split(',')[0]}`)
  return { keyring: parseOr(`${fresh},${present}`, `${path} must hold ${HOW_TO}.`), done }
}

function newKey(): string {
  return randomBytes(32).toString('base64')
}

/** Replaced in one step: a crash leaves the old keys or the new ones. */
function writeKey(path: string, text: string) {
  const fresh = `${path}.new`
  const file = openSync(fresh, 'w', 0o600)
  try {
    writeFileSync(file, `${text}\n`)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(fresh, path)
}

function parseOr(text: string, message: string): Keyring {
  const keyring = parseKeyring(text)
  if (!keyring) throw new ConfigError(message)
  return keyring
}

function readOrMake(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  const text = newKey()
  writeKey(path, text)
  return text
}
