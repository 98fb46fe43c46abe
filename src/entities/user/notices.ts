import type { Notice } from '../notification/operations.ts'

/**
 * Returns the mails about a new e-mail address, to the new address and to the old one, so that a takeover by a changed
 * address is noticed. There is none where the address stays as it is.
 */
export function emailNotices(user: { id: string; email: string | null }, email: string | null | undefined): Notice[] {
  if (email === undefined || email === user.email) return []
  const changed = { userId: user.id, kind: 'EMAIL_CHANGED' } as const
  return user.email === null ? [changed] : [changed, { ...changed, formerEmail: user.email }]
}
