/** Writes schema.graphql, the description of the API, from the current declarations. */
import { writeFileSync } from 'node:fs'
import { lexicographicSortSchema, printSchema } from 'graphql'
import { schema } from './schema.ts'

/** Returns the text of schema.graphql. */
export function printedSchema(): string {
  return `${printSchema(lexicographicSortSchema(schema))}\n`
}

if (import.meta.main) writeFileSync(new URL('../../schema.graphql', import.meta.url), printedSchema())
