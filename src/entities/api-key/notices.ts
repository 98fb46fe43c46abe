import type { Notice } from '../notification/operations.ts'

const LONGEST_WARNING_MS = 7 * 24 * 60 * 60 * 1000

/** The values of a key that the warning about its end depends on. */
interface ExpiringKey {
  id: string
  userId: string
  label: string
  expiresAt: string | null
}

/**
 * Returns the warning about the end of a key that was created at this time, by default now. It is sent 7 days before
 * the end, or in the last quarter of the life of a key that lives shorter than 28 days.
 */
export function expiryNotices({ id, userId, label, expiresAt }: ExpiringKey, createdAt = Date.now()): Notice[] {
  if (expiresAt === null) return []
  const end = Date.parse(expiresAt)
  const at = new Date(end - Math.min(LONGEST_WARNING_MS, (end - createdAt) / 4))
  return [{ userId, kind: 'KEY_EXPIRING', details: { label, until: new Date(end).toISOString(), apiKeyId: id }, at }]
}
