import { InvalidInputError } from '../errors.ts'

/** An id is the prefix of a type and a UUIDv7: it is opaque to clients and readable in logs. */
const PATTERN = /^([a-z]{1,20})_([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/

/** Returns the parts of an id; null where the text is not an id. */
export function parseId(id: string): { prefix: string; uuid: string } | null {
  const [, prefix, uuid] = PATTERN.exec(id) ?? []
  return prefix && uuid ? { prefix, uuid } : null
}

/** Returns the UUID of an id with this prefix, from a mutation's input. @throws InvalidInputError that names the path */
export function readId(prefix: string, id: string, path: string): string {
  const parsed = parseId(id)
  if (parsed?.prefix === prefix) return parsed.uuid
  throw new InvalidInputError([
    { path, message: `An id of this kind begins with "${prefix}_" and comes from the server.` },
  ])
}
