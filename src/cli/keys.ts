/** Commands that rotate the signing key and the encryption key. They access the database directly. */

import type { Writable } from 'node:stream'
import { OPERATOR } from '../authority/caller.ts'
import type { Config } from '../config.ts'
import { type Database, openDatabase } from '../db/database.ts'
import { isUuid } from '../db/id.ts'
import { refusePending } from '../db/migrate.ts'
import type { Keyring } from '../encryption/keyring.ts'
import { openKeyring, renewKeyring } from '../encryption/open.ts'
import { sealAnew } from '../encryption/rotation.ts'
import { recordChange } from '../entities/audit/operations.ts'
import { SERVER } from '../entities/audit/targets.ts'
import { makeSigningKey, withdrawSigningKey } from '../entities/session/signing-keys.ts'

const ACTOR = { caller: OPERATOR, requestId: null, address: null }

/** No signing key has the id that was given. */
export class UnknownSigningKeyError extends Error {
  override name = 'UnknownSigningKeyError'
  constructor() {
    super(
      'There is no signing key with this id: /.well-known/jwks.json lists them, and a token has its own as "kid" in its header.',
    )
  }
}

/**
 * Makes a new key that signs all tokens from now on; tokens that were signed before stay valid. With the id of a key that
 * leaked, it withdraws that key instead. @throws UnknownSigningKeyError
 */
export async function rotateSigningKey(config: Config, stdout: Writable, leaked?: string) {
  const database = await openDatabase(config)
  try {
    await refusePending(database)
    const keyring = openKeyring(config)
    const said = leaked === undefined ? await rotate(database, keyring) : await withdraw(database, keyring, leaked)
    stdout.write(`${said}\n`)
  } finally {
    await database.close()
  }
}

async function rotate(database: Database, keyring: Keyring): Promise<string> {
  const kid = await database.transaction(async (tx) => {
    const id = await makeSigningKey(tx, keyring)
    await recordChange(tx, ACTOR, 'rotateSigningKey', { ...SERVER, after: { kid: id } })
    return id
  })
  return `Tokens are signed with ${kid} from now on. Tokens that were signed before are valid until they expire.`
}

async function withdraw(database: Database, keyring: Keyring, kid: string): Promise<string> {
  if (!isUuid(kid)) throw new UnknownSigningKeyError()
  const withdrawn = await database.transaction(async (tx) => {
    const made = await withdrawSigningKey(tx, keyring, kid)
    const after = made?.successor ? { after: { kid: made.successor } } : {}
    if (made?.changed) await recordChange(tx, ACTOR, 'withdrawSigningKey', { ...SERVER, before: { kid }, ...after })
    return made
  })
  if (!withdrawn) throw new UnknownSigningKeyError()
  if (!withdrawn.changed) return `The key ${kid} was withdrawn before; nothing was changed.`
  const said = `The key ${kid} was withdrawn: tokens that it signed are refused from now on.`
  return withdrawn.successor ? `${said} Tokens are signed with ${withdrawn.successor}.` : said
}

/** Seals all encrypted data again with the first key of ENCRYPTION_KEY, or with a new key of the data folder. */
export async function rotateEncryptionKey(config: Config, stdout: Writable) {
  const database = await openDatabase(config)
  try {
    await refusePending(database)
    const { keyring, done } = renewKeyring(config)
    const count = await sealAnew(database, keyring)
    await database.transaction((tx) =>
      recordChange(tx, ACTOR, 'rotateEncryptionKey', { ...SERVER, after: { kid: keyring.current.id } }),
    )
    done()
    stdout.write(`${count} secrets were sealed again with the key ${keyring.current.id}.\n`)
    if (config.encryptionKey) {
      stdout.write('Once every server has this key first, run it again; then nothing needs the other keys.\n')
    }
  } finally {
    await database.close()
  }
}
