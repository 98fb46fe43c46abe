import type { Target } from '../errors.ts'

/** The credential is not valid. There is one message for every cause, so that an attacker who guesses learns nothing. */
export class BadCredentialError extends Error {
  override name = 'BadCredentialError'
  /** The key or the session, where it was right once and has ended: the audit records that it was presented. */
  readonly ended: Target | null
  constructor(ended: Target | null = null) {
    super()
    this.ended = ended
  }
}
