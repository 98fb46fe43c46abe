import { InvalidInputError } from '../errors.ts'

/** Ids are a type's prefix and a UUIDv7: opaque to clients, readable in logs. */
const PATTERN = /^([a-z]{1,20})_([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/

/** The parts of an id; null where it is none. */
export function parseId(id: string): { prefix: string; uuid: string } | null {
  const [, prefix, uuid] = PATTERN.exec(id) ?? []
  return prefix && uuid ? { prefix, uuid } : null
}

/** The UUID in an id of this prefix, of a mutation's input. @throws InvalidInputError naming the path */
export function readId(prefix: string, id: string, path: string): string {
  const parsed = parseId(id)
  if (parsed?.prefix === prefix) return parsed.uuid
  throw new InvalidInputError([
    { path, message: `An id of this kind begins with "${prefix}_" and comes from the server.` },
  ])
}
