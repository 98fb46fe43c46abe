/** The credential is not valid. There is one message for every cause, so that an attacker who guesses learns nothing. */
export class BadCredentialError extends Error {
  override name = 'BadCredentialError'
}
