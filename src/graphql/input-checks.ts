/** Checks of the input by itself. Each check returns the issues that it found; no check uses the database. */

import { permissionProblem } from '../authority/permissions.ts'
import type { Issue } from '../errors.ts'
import { parseId } from './node-id.ts'

const MAX_TEXT_LENGTH = 1000
const MAX_LONG_TEXT_LENGTH = 20_000
export const MAX_LIST_LENGTH = 100
const NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]*$/
/** Users of directories are called `name@domain`, and mail programs know `name+tag@domain`. */
const USERNAME_PATTERN = /^[A-Za-z0-9]([A-Za-z0-9._@+-]*[A-Za-z0-9._-])?$/

/** Returns the texts in an input that are too long or cannot be stored as text, and the lists that are too long. */
export function textProblems(input: unknown, longTexts: string[], path = ''): Issue[] {
  if (typeof input === 'string') {
    const message = textProblem(input, isLong(path, longTexts) ? MAX_LONG_TEXT_LENGTH : MAX_TEXT_LENGTH)
    return message ? [{ path, message }] : []
  }
  if (Array.isArray(input) && input.length > MAX_LIST_LENGTH) {
    return [{ path, message: `At most ${MAX_LIST_LENGTH} items at once.` }]
  }
  if (typeof input !== 'object' || input === null || input instanceof Date) return []
  return Object.entries(input).flatMap(([key, value]) => textProblems(value, longTexts, path ? `${path}.${key}` : key))
}

/** Whether a text is in a field that may hold long ones. The positions in lists are not part of the name of a field. */
function isLong(path: string, longTexts: string[]): boolean {
  const field = path.replaceAll(/\.\d+/g, '')
  return longTexts.some((name) => field === name || field.startsWith(`${name}.`))
}

function textProblem(text: string, maxLength: number): string | null {
  if (text.length > maxLength) return `At most ${maxLength} characters.`
  if (text.includes('\0')) return 'A null byte is not text.'
  return text.isWellFormed() ? null : 'A lone surrogate is not text.'
}

/** Checks a name that people type and URLs contain: ASCII, 1 to 64 characters. */
export function nameIssues(path: string, name: string | null | undefined): Issue[] {
  const form = 'A name has 1 to 64 letters, digits, ".", "_" or "-", and begins with a letter or digit.'
  return formIssues(path, name, NAME_PATTERN, form)
}

/** Checks a username, which may also have "@" and "+" inside. */
export function usernameFormIssues(path: string, name: string | null | undefined): Issue[] {
  const form =
    'A username has 1 to 64 letters, digits, ".", "_", "-", "@" or "+"; it begins with a letter or digit, and ends without "@" or "+".'
  return formIssues(path, name, USERNAME_PATTERN, form)
}

function formIssues(path: string, name: string | null | undefined, pattern: RegExp, form: string): Issue[] {
  if (name === undefined) return []
  if (name === null) return [{ path, message: 'A name can’t be cleared.' }]
  // Names are the same in any case, ids are lower case.
  if (parseId(name.toLowerCase())) return [{ path, message: 'A name can’t look like an id.' }]
  return name.length <= 64 && pattern.test(name) ? [] : [{ path, message: form }]
}

/** Checks a title for people; null clears it. */
export function titleIssues(path: string, title: string | null | undefined): Issue[] {
  if (title === undefined || title === null || (title.trim() !== '' && title.length <= 200)) return []
  return [{ path, message: 'A title has 1 to 200 characters; null clears it.' }]
}

export function permissionIssues(path: string, words: readonly string[] | null | undefined): Issue[] {
  return (words ?? []).flatMap((word, index) => {
    const message = permissionProblem(word)
    return message ? [{ path: `${path}.${index}`, message }] : []
  })
}

/** Checks that a planned end is in the future. */
export function expiryIssues(path: string, expiresAt: Date | null | undefined): Issue[] {
  if (!expiresAt || expiresAt.getTime() > Date.now()) return []
  return [{ path, message: 'An end must lie in the future.' }]
}

/** Refuses null for values whose absence means more: an empty field of a form must not grant more than was meant. */
export function nullIssues(path: string, values: Record<string, unknown>): Issue[] {
  return Object.entries(values)
    .filter(([, value]) => value === null)
    .map(([name]) => ({ path: path + name, message: 'Give a value, or omit this: null is not taken for more.' }))
}

/** Refuses permissions that are to be added and removed at once. */
export function crossedIssues(
  path: string,
  added: readonly string[] | null = [],
  removed: readonly string[] | null = [],
) {
  return (added ?? []).flatMap((word, index): Issue[] =>
    removed?.includes(word) ? [{ path: `${path}.${index}`, message: 'This is to be removed at the same time.' }] : [],
  )
}
