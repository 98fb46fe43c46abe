import { dictionary } from '@zxcvbn-ts/language-common'
import type { Issue } from '../../errors.ts'

/** What passwords must be like; from the configuration. */
export interface PasswordPolicy {
  passwordMinLength: number
  allowCommonPasswords: boolean
}

const MAX_LENGTH = 128
let common: ReadonlySet<string> | null = null

/** What is wrong with a new password. It is taken as it is: nothing is trimmed or folded. */
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

/** A password typed twice must be typed the same. */
export function confirmationIssues(path: string, confirmation: unknown, password: unknown): Issue[] {
  if (confirmation === null || confirmation === undefined || confirmation === password) return []
  return [{ path, message: 'The two passwords differ.' }]
}

function isCommon(password: string): boolean {
  common ??= new Set(dictionary['passwords-common'])
  return common.has(password.toLowerCase())
}
