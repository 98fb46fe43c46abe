import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../config.ts'
import { isNotRandom } from '../strength.ts'
import { ConfigError } from '../variables.ts'
import { type Keyring, parseKeyring } from './keyring.ts'

const HOW_TO = '32 random bytes in base64, as "openssl rand -base64 32" gives them'

/**
 * Returns the keys of ENCRYPTION_KEY; with an embedded database they can instead be in a file, which is created when it is
 * missing. It must be called while the data folder is open. @throws ConfigError
 */
export function openKeyring(config: Config): Keyring {
  return readKeyring(config, readOrMake)
}

/** Returns the keys that there are, and makes none. @throws ConfigError where there is none */
export function openPresentKeyring(config: Config): Keyring {
  return readKeyring(config, (path) => {
    const text = readOrNull(path)
    if (text !== null) return text
    throw new ConfigError(
      `ENCRYPTION_KEY is not set, and there is no ${path}: give the key of the server that the data is from.`,
    )
  })
}

function readKeyring({ encryptionKey, databaseUrl, dataDir }: Config, read: (path: string) => string): Keyring {
  if (encryptionKey !== null) {
    const keyring = parseOr(
      encryptionKey,
      `ENCRYPTION_KEY must be ${HOW_TO}; several are separated by commas, the new one first.`,
    )
    return refuseGuessable(keyring, 'ENCRYPTION_KEY')
  }
  if (databaseUrl !== null) {
    throw new ConfigError(
      `ENCRYPTION_KEY must be set where DATABASE_URL is: ${HOW_TO}. Secrets are kept encrypted with it, and every server on the database needs the same.`,
    )
  }
  const path = fileIn(dataDir)
  return refuseGuessable(parseOr(read(path), `${path} must hold ${HOW_TO}.`), path)
}

/** The key that seals must be random. Those after it are only there to open what they sealed, so that they can be replaced. */
function refuseGuessable(keyring: Keyring, origin: string): Keyring {
  if (!isNotRandom(keyring.current.bytes)) return keyring
  throw new ConfigError(
    `${origin} begins with a key that is not random: set ${HOW_TO}, and put a comma and the old key behind it where something is sealed with that.`,
  )
}

export function fileIn(dataDir: string): string {
  return join(dataDir, 'encryption.key')
}

/**
 * Returns the keyring with which everything is sealed again. The keyring of ENCRYPTION_KEY stays as it is; in a data folder
 * a new key is put before the others, and `done` then removes all others but the most recent. @throws ConfigError
 */
export function renewKeyring(config: Config): { keyring: Keyring; done: () => void } {
  if (config.encryptionKey !== null) return { keyring: openKeyring(config), done: () => {} }
  const path = fileIn(config.dataDir)
  const present = readOrMake(path)
  // A key that is not random is accepted here, because it is about to be replaced.
  parseOr(present, `${path} must hold ${HOW_TO}.`)
  const fresh = newKey()
  writeKey(path, `${fresh},${present}`)
  // The previous key is kept: where the embedded database has not written the new texts to disk yet, those on disk are
  // still sealed with it.
  const done = () => writeKey(path, `${fresh},${present.split(',')[0]}`)
  return { keyring: parseOr(`${fresh},${present}`, `${path} must hold ${HOW_TO}.`), done }
}

function newKey(): string {
  return randomBytes(32).toString('base64')
}

/** Replaces the file in one step: a crash leaves either the old keys or the new ones. */
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

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return null
  }
}

function readOrMake(path: string): string {
  const present = readOrNull(path)
  if (present !== null) return present
  const text = newKey()
  writeKey(path, text)
  return text
}
