/** How strong secrets are that people choose. */
import { ZxcvbnFactory, type ZxcvbnResult } from '@zxcvbn-ts/core'
import { adjacencyGraphs, dictionary } from '@zxcvbn-ts/language-common'

/**
 * The guesses, as a power of ten, that a secret must withstand. A key is not protected by a limit on guesses or by a slow
 * hash. 32 random digits have at least 21 here, and 32 random hexadecimal digits at least 26.
 */
const MIN_GUESSES_LOG10 = 18

/** Whether a key is a repetition, a sequence, a common password, or anything else that is found in few guesses. */
export function isGuessable(key: string): boolean {
  return score(key).guessesLog10 < MIN_GUESSES_LOG10
}

let scorer: ZxcvbnFactory | null = null

/** Estimates how many guesses a text withstands. @param ownWords what an attacker who knows its user tries first */
export function score(text: string, ownWords: string[] = []): ZxcvbnResult {
  scorer ??= new ZxcvbnFactory({ dictionary, graphs: adjacencyGraphs })
  return scorer.check(text, ownWords)
}

/** A random key of 32 bytes has fewer than 17 different ones with a probability of 1 to 10 to the power of 10. */
const MAX_REPEATING_BYTES = 16

/** Whether bytes are not those of a random key: they repeat, count upwards or downwards, or are typed text. */
export function isNotRandom(bytes: Uint8Array): boolean {
  if (new Set(bytes).size <= MAX_REPEATING_BYTES) return true
  const steps = new Set(bytes.slice(1).map((byte, i) => byte - (bytes[i] ?? 0)))
  return steps.size === 1 || bytes.every((byte) => byte >= 0x20 && byte < 0x7f)
}
