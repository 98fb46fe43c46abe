/** Commands that rotate the signing key and the encryption key. They access the database directly. */

import type { Writable } from 'node:stream'
import { OPERATOR } from '../authority/caller.ts'
import type { Config } from '../config.ts'
import { openDatabase } from '../db/database.ts'
import { refusePending } from '../db/migrate.ts'
import { openKeyring, renewKeyring } from '../encryption/open.ts'
import { sealAnew } from '../encryption/rotation.ts'
import { recordChange } from '../entities/audit/operations.ts'
import { SERVER } from '../entities/audit/targets.ts'
import { makeSigningKey } from '../entities/session/signing-keys.ts'

const ACTOR = { caller: OPERATOR, requestId: null, address: null }

/** Makes a new key that signs all tokens from now on; tokens that were signed before stay valid. */
export async function rotateSigningKey(config: Config, stdout: Writable) {
  const database = await openDatabase(config)
  try {
    await refusePending(database)
    const keyring = openKeyring(config)
    const kid = await database.transaction(async (tx) => {
      const id = await makeSigningKey(tx, keyring)
      await recordChange(tx, ACTOR, 'rotateSigningKey', { ...SERVER, after: { kid: id } })
      return id
    })
    stdout.write(
      `Tokens are signed with ${kid} from now on. Tokens that were signed before are valid until they expire.\n`,
    )
  } finally {
    await database.close()
  }
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
