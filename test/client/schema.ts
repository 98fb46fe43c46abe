import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { buildSchema, type GraphQLObjectType, isAbstractType, isObjectType } from 'graphql'

/** The file that a frontend's tools read. */
export const SCHEMA_FILE = fileURLToPath(new URL('../../schema.graphql', import.meta.url))

export const schema = buildSchema(readFileSync(SCHEMA_FILE, 'utf8'))

/** The types that a cache cannot find again by an id: it keeps them within the object that has them. */
export function typesWithoutId(): string[] {
  const roots: unknown[] = [schema.getQueryType(), schema.getMutationType()]
  return Object.values(schema.getTypeMap())
    .filter((type): type is GraphQLObjectType => isObjectType(type) && !type.name.startsWith('__'))
    .filter((type) => !roots.includes(type) && !('id' in type.getFields()))
    .map(({ name }) => name)
}

/** The object types of every interface and union. */
export function possibleTypes(): Record<string, string[]> {
  return Object.fromEntries(
    Object.values(schema.getTypeMap())
      .filter(isAbstractType)
      .map((type) => [type.name, schema.getPossibleTypes(type).map(({ name }) => name)]),
  )
}
