import type { Relations } from './declarations.ts'
import type { Link } from './spec.ts'

/** What Drizzle keeps of a relation; `key` is the column's property in its table. */
interface DrizzleRelation {
  sourceColumns?: { _: { key: string } }[]
  targetColumns?: { _: { key: string } }[]
  optional?: boolean
  through?: unknown
  where?: unknown
}

/** @throws Error for a relation that the compiler does not know how to follow. */
function relationOf(relations: Relations, table: string, name: string): DrizzleRelation {
  const relation = relations[table]?.relations[name] as DrizzleRelation | undefined
  if (!relation) throw new Error(`The table ${table} has no relation ${name}.`)
  // Without a filter of its own a relation holds a symbol here.
  if (relation.through || typeof relation.where === 'object') {
    throw new Error(`${table}.${name}: relations with "through" or "where" are not built.`)
  }
  return relation
}

/** How the rows of a relation's target belong to a row. */
export function linkOf(relations: Relations, table: string, name: string): Link {
  const { sourceColumns = [], targetColumns = [] } = relationOf(relations, table, name)
  return { from: sourceColumns.map((column) => column._.key), to: targetColumns.map((column) => column._.key) }
}

/** May the relation lead nowhere? */
export function isOptional(relations: Relations, table: string, name: string): boolean {
  return relationOf(relations, table, name).optional !== false
}
