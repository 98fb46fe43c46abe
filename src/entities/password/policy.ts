import { dictionary } from '@zxcvbn-ts/language-common'
import type { Issue } from '../../errors.ts'

/** The rules for passwords, from the configuration. */
export interface PasswordPolicy {
  passwordMinLength: number
  allowCommonPasswords: boolean
}

const MAX_LENGTH = 128
let common: ReadonlySet<string> | null = null

/** The problems of a new password. It is used exactly as given: it is not trimmed, and its case is not changed. */
export function passwordIssues(
  path: string,
  password: string | null | undefined,
  { passwordMinLength, allowCommonPasswords }: PasswordPolicy,
): Issue[] {
  if (password === null || password === undefined) return []
  const length = [...password].length
  if (length < passwordMinLength || length > MAX_LENGTH) {
    return [{ path, message: `A password has ${passwordMinLength} to ${MAX_LENGTH} characters.` }]
  }
  if (!allowCommonPasswords && isCommon(password)) {
    return [{ path, message: 'This is one of the passwords that are tried first: choose another.' }]
  }
  return []
}

/** The problem of a password that is typed twice and not the same both times. */
export function confirmationIssues(path: string, confirmation: unknown, password: unknown): Issue[] {
  if (confirmation === null || confirmation === undefined || confirmation === password) return []
  return [{ path, message: 'The two passwords differ.' }]
}

function isCommon(password: string): boolean {
  common ??= new Set(dictionary['passwords-common'])
  return common.has(password.toLowerCase())
}
