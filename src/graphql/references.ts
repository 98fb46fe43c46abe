/** References to objects: people type a name, programs store an id; both are accepted in every input and argument. */
import { type SQL, sql } from 'drizzle-orm'
import type { ArgumentScope } from '../read/spec.ts'
import { parseId } from './node-id.ts'

/** Returns the UUID of a reference that is an id with this prefix; null where the reference is a name. */
export function uuidOfReference(prefix: string, reference: string): string | null {
  const parsed = parseId(reference)
  return parsed?.prefix === prefix ? parsed.uuid : null
}

/** The condition for the row with this id, or with this name in any case. @param key the column of the name's lower case */
export function fitsReference(prefix: string, row: { id: unknown; key: unknown }, reference: string): SQL {
  const uuid = uuidOfReference(prefix, reference)
  return uuid === null ? sql`${row.key} = ${reference.toLowerCase()}` : sql`${row.id} = ${uuid}`
}

/** The same condition for an argument of a list or root field: whether it is an id or a name becomes part of the plan. */
export function fitsArgument(
  prefix: string,
  row: { id: unknown; key: unknown },
  args: ArgumentScope,
  path: string,
): SQL {
  const uuid = (value: unknown) => (typeof value === 'string' ? uuidOfReference(prefix, value) : null)
  if (args.matches(path, `an id of ${prefix}`, (value) => uuid(value) !== null)) {
    return sql`${row.id} = ${args.param(path, 'uuid', uuidOf)}`
  }
  return sql`${row.key} = ${args.param(path, 'text', lowerCase)}`
}

const uuidOf = (reference: string) => parseId(reference)?.uuid ?? null
const lowerCase = (name: string) => name.toLowerCase()

/** Something that an input names; it may be hidden from the caller or missing. */
export interface Named {
  targetType: 'ApiKey' | 'User' | 'Role' | 'Project' | 'Controller' | 'Organization'
  reference: string
}

/** The fields of an input that name something, the most telling first. */
const NAMING_FIELDS: [string, Named['targetType']][] = [
  ['apiKey', 'ApiKey'],
  ['user', 'User'],
  ['role', 'Role'],
  ['project', 'Project'],
  ['controller', 'Controller'],
  ['organization', 'Organization'],
]

/** Returns what an input names, the most telling first. */
export function namedIn(input: unknown): Named[] {
  if (typeof input !== 'object' || input === null) return []
  const values = new Map<string, unknown>(Object.entries(input))
  return NAMING_FIELDS.flatMap(([field, targetType]) => {
    const reference = values.get(field)
    return typeof reference === 'string' ? [{ targetType, reference }] : []
  })
}
