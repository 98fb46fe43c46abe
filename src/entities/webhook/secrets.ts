/** The secrets that sign for a webhook, in the form of Standard Webhooks. After a rotation the old one signs too, for a day. */
import { randomBytes } from 'node:crypto'
import { type Keyring, seal, unseal } from '../../encryption/keyring.ts'

interface Secret {
  secret: string
  /** Until when it signs, in milliseconds since 1970; null for the current one. */
  until: number | null
}

const OVERLAP_MS = 24 * 60 * 60 * 1000

/** The context to which the sealed secrets are bound. */
export function sealingOfWebhook(id: string): string {
  return `webhooks/${id}`
}

export function createSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`
}

/** Seals a new secret, with those that still sign beside it. */
export async function sealSecrets(keyring: Keyring, id: string, secret: string, former: readonly Secret[] = []) {
  const kept = former.map((one) => ({ ...one, until: one.until ?? Date.now() + OVERLAP_MS })).filter(isSigning)
  const secrets = await seal(keyring, JSON.stringify([{ secret, until: null }, ...kept]), sealingOfWebhook(id))
  return { secrets, keyId: keyring.current.id }
}

/** Returns the secrets that sign now, the current one first. @throws SealError */
export async function openSecrets(
  keyring: Keyring,
  { id, secrets }: { id: string; secrets: string | null },
): Promise<Secret[]> {
  const kept: Secret[] = JSON.parse(await unseal(keyring, secrets ?? '', sealingOfWebhook(id)))
  return kept.filter(isSigning)
}

function isSigning({ until }: Secret): boolean {
  return until === null || until > Date.now()
}
