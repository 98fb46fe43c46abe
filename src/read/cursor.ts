import { badUserInput } from './errors.ts'

/**
 * Encodes a cursor. A cursor is the sort key of a row: the name of the order, and then the text of each of its columns.
 * The database writes it as a JSON array (text keeps the microseconds); clients see it as base64url.
 */
export function encodeCursor(json: string): string {
  return Buffer.from(json).toString('base64url')
}

/** Returns the column texts of a cursor. @throws BAD_USER_INPUT where it is malformed or was made for another order. */
export function decodeCursor(argument: string, cursor: string, order: string, sqlTypes: string[]): string[] {
  const malformed = `"${argument}" is not a cursor of this list: use one that the list itself gave.`
  const [madeFor, ...keys] = parseKeys(cursor) ?? []
  if (madeFor === undefined) throw badUserInput(malformed)
  if (madeFor !== order) throw badUserInput(`"${argument}" is a cursor of another ordering of this list.`)
  if (keys.length !== sqlTypes.length || !keys.every((key, i) => isOfType(key, sqlTypes[i]))) {
    throw badUserInput(malformed)
  }
  return keys
}

function parseKeys(cursor: string): string[] | null {
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    return Array.isArray(parts) && parts.every((part) => typeof part === 'string') ? parts : null
  } catch {
    return null
  }
}

function isOfType(key: string, sqlType: string | undefined) {
  if (sqlType === 'uuid') return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(key)
  if (sqlType?.startsWith('timestamp'))
    return /^\d{4,6}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?[+-]\d\d(:\d\d){0,2}$/.test(key)
  if (sqlType === 'integer') return /^-?\d{1,10}$/.test(key)
  if (sqlType === 'bigint') return /^\d{1,18}$/.test(key)
  return !key.includes('\0')
}
