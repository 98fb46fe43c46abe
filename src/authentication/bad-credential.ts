/** The credential is not good. One message for every cause: nothing is told to who guesses. */
export class BadCredentialError extends Error {
  override name = 'BadCredentialError'
}
