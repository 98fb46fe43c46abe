/** The rules for new passwords: how long they are, and how easily they are guessed. */
import type { ZxcvbnResult } from '@zxcvbn-ts/core'
import type { Issue } from '../../errors.ts'
import { score } from '../../strength.ts'
import { normalizePassword } from './hash.ts'

/** The rules for passwords, from the configuration. */
export interface PasswordPolicy {
  passwordMinLength: number
  allowCommonPasswords: boolean
}

const MAX_LENGTH = 128
/** The time to score a password grows with its length and blocks the server: this many characters take some 20 ms. */
const MAX_SCORED = 64
/** The score of zxcvbn, from 0 to 4, that stands against 10^8 guesses. */
const MIN_SCORE = 3
const SERVER_WORDS = ['chatelaine']
const MIN_WORD_LENGTH = 3

const NAMES = 'This password is made of the names of its user or of this server.'
const ADVICE = 'Choose another, for example four unrelated words.'

/**
 * The problems of a new password. It is not trimmed, and its case is not changed. Without the words of its user it can be
 * checked before the user is known.
 */
export function passwordIssues(
  path: string,
  given: string | null | undefined,
  { passwordMinLength, allowCommonPasswords }: PasswordPolicy,
  ownWords: string[] = [],
): Issue[] {
  if (given === null || given === undefined) return []
  const password = normalizePassword(given)
  const length = [...password].length
  if (length < passwordMinLength || length > MAX_LENGTH) {
    return [{ path, message: `A password has ${passwordMinLength} to ${MAX_LENGTH} characters.` }]
  }
  const weakness = allowCommonPasswords ? null : weaknessOf(password, ownWords)
  return weakness === null ? [] : [{ path, message: weakness }]
}

/** The problem of a password that is typed twice and not the same both times. */
export function confirmationIssues(path: string, confirmation: unknown, password: unknown): Issue[] {
  if (confirmation === null || confirmation === undefined) return []
  if (isSamePassword(String(confirmation), String(password))) return []
  return [{ path, message: 'The two passwords differ.' }]
}

/** Whether two texts are one password, in whatever form their characters are written. */
export function isSamePassword(one: string, other: string | null | undefined): boolean {
  return typeof other === 'string' && normalizePassword(one) === normalizePassword(other)
}

/** The words that an attacker who knows the user tries first: each text as a whole, and its parts. */
export function wordsOf(texts: (string | null)[]): string[] {
  const known = texts.filter((text) => text !== null)
  const words = [...known, ...known.flatMap((text) => [text.split('@')[0] ?? '', ...text.split(/[^\p{L}\p{N}]+/u)])]
  return [...new Set(words.map(normalizePassword))].filter((word) => word.length >= MIN_WORD_LENGTH)
}

/** Why a password is easily guessed; null where it is not. Only its beginning is scored. */
function weaknessOf(password: string, ownWords: string[]): string | null {
  const words = [...SERVER_WORDS, ...ownWords]
  const scored = password.slice(0, MAX_SCORED)
  const result = score(scored, words)
  if (result.score < MIN_SCORE) return `${reasonFor(result)} ${ADVICE}`
  // Names add nothing to a password: what is left without them must be enough.
  const rest = withoutWords(scored, words)
  return rest !== scored.toLowerCase() && score(rest).score < MIN_SCORE ? `${NAMES} ${ADVICE}` : null
}

function withoutWords(password: string, words: string[]): string {
  const longestFirst = [...words].sort((a, b) => b.length - a.length).map((word) => word.toLowerCase())
  return longestFirst.reduce((rest, word) => rest.split(word).join(''), password.toLowerCase())
}

/** Says it in words of ours, because zxcvbn's may quote the password. */
function reasonFor({ sequence, feedback: { warning } }: ZxcvbnResult): string {
  if (sequence.some(({ dictionaryName }) => dictionaryName === 'userInputs')) {
    return NAMES
  }
  if (sequence.some(({ dictionaryName }) => dictionaryName === 'passwords-common')) {
    return 'This password is made of the passwords that are tried first.'
  }
  const isPattern = sequence.some(({ pattern }) => ['repeat', 'sequence', 'spatial'].includes(pattern))
  return isPattern && warning !== null
    ? 'This password repeats itself, or is a row of characters or keys.'
    : 'This password is easy to guess.'
}
