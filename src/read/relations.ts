import type { Relations } from './declarations.ts'
import type { Link } from './spec.ts'

/** The data that Drizzle keeps of a relation; `key` is the name of the column's property in its table. */
interface DrizzleRelation {
  sourceColumns?: { _: { key: string } }[]
  targetColumns?: { _: { key: string } }[]
  optional?: boolean
  through?: unknown
  where?: unknown
}

/** Finds a relation. @throws Error for a relation that the compiler cannot follow. */
function relationOf(relations: Relations, table: string, name: string): DrizzleRelation {
  const relation = relations[table]?.relations[name] as DrizzleRelation | undefined
  if (!relation) throw new Error(`The table ${table} has no relation ${name}.`)
  // A relation without its own filter has a symbol here.
  if (relation.through || typeof relation.where === 'object') {
    throw new Error(`${table}.${name}: relations with "through" or "where" are not built.`)
  }
  return relation
}

/** Returns how the rows of a relation's target belong to a row. */
export function linkOf(relations: Relations, table: string, name: string): Link {
  const { sourceColumns = [], targetColumns = [] } = relationOf(relations, table, name)
  return { from: sourceColumns.map((column) => column._.key), to: targetColumns.map((column) => column._.key) }
}

/** Whether the relation may point to no row. */
export function isOptional(relations: Relations, table: string, name: string): boolean {
  return relationOf(relations, table, name).optional !== false
}
