import type { Contents } from '../db/backup/contents.ts'
import { boundTo } from '../entities/credential/operations.ts'
import { sealingOf } from '../entities/session/signing-keys.ts'
import { sealingOfWebhook } from '../entities/webhook/secrets.ts'
import { ConfigError } from '../variables.ts'
import { type Keyring, SealError, unseal } from './keyring.ts'

interface Sealed {
  text: string | null
  boundTo: string
}

/** The tables with encrypted columns, and how to read one of their rows. */
const SEALED: Record<string, (row: Record<string, string>) => Sealed> = {
  signing_keys: ({ id = '', private_key }) => ({ text: private_key ?? null, boundTo: sealingOf(id) }),
  webhooks: ({ id = '', secrets }) => ({ text: secrets ?? null, boundTo: sealingOfWebhook(id) }),
  credentials: ({ id = '', user_id = '', secrets }) => ({
    text: secrets ?? null,
    boundTo: boundTo({ id, userId: user_id }),
  }),
}

/**
 * Reads all rows of a backup and opens each secret in them. Where one can't be opened, the rest is read first: damage to the
 * backup is reported as that. @throws BackupError, ConfigError where the keys do not open a secret
 */
export async function refuseOtherKeys(keyring: Keyring, { batches }: Contents) {
  let problem: unknown = null
  for await (const { table, rows } of batches()) {
    const read = SEALED[table.name]
    if (!read || problem !== null) continue
    problem = await openAll(keyring, rows, read).catch((error: unknown) => error)
  }
  if (problem instanceof SealError)
    throw new ConfigError(
      `ENCRYPTION_KEY does not open what the backup holds: ${problem.message} Give the key of the server that the data is from.`,
    )
  if (problem !== null) throw problem
}

async function openAll(keyring: Keyring, rows: string[], read: (row: Record<string, string>) => Sealed): Promise<null> {
  for (const row of rows) {
    const sealed = read(JSON.parse(row))
    if (sealed.text !== null) await unseal(keyring, sealed.text, sealed.boundTo)
  }
  return null
}
