import type { Notice } from '../notification/operations.ts'

const WARNED_BEFORE_MS = 7 * 24 * 60 * 60 * 1000

/** Returns the warning that is sent a week before a key expires, or no warning for a key that expires sooner. */
export function expiryNotices(key: { id: string; userId: string; label: string; expiresAt: string | null }): Notice[] {
  const { id, userId, label, expiresAt } = key
  if (expiresAt === null) return []
  const at = new Date(Date.parse(expiresAt) - WARNED_BEFORE_MS)
  if (at.getTime() < Date.now()) return []
  return [{ userId, kind: 'KEY_EXPIRING', details: { label, until: expiresAt, apiKeyId: id }, at }]
}
