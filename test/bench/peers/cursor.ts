/** The server's cursors in the list of users by name. */

const ORDER = 'USERNAME asc'

/** @returns the key of the name and the id of a user */
export function readCursor(cursor: string): string[] {
  return JSON.parse(Buffer.from(cursor, 'base64url').toString()).slice(1)
}

/** PostgreSQL, which writes the server's, has a space after each comma. */
export function writeCursor(key: string[]): string {
  const parts = [ORDER, ...key].map((part) => JSON.stringify(part))
  return Buffer.from(`[${parts.join(', ')}]`).toString('base64url')
}
