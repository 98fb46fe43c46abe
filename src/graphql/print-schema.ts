/** Writes schema.graphql, the description of the API, from the current declarations, and what it does not tell. */
import { writeFileSync } from 'node:fs'
import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLNamedType,
  isInputObjectType,
  isObjectType,
  isUnionType,
  lexicographicSortSchema,
  printSchema,
} from 'graphql'
import { schema } from './schema.ts'

/** Returns the text of schema.graphql. */
export function printedSchema(): string {
  return `${printSchema(lexicographicSortSchema(schema))}\n`
}

/** What the printed schema does not tell. A test holds it against the schema. */
export interface ApiMarks {
  /** The fields or members of each type in the order in which they are declared, and the arguments of each field, by `Type.field`. */
  order: Record<string, string[]>
  /** The arguments and fields of inputs that are secrets. */
  secrets: string[]
  /** The fields that only a manager of the user may read. */
  forManagers: string[]
}

/** Something that the schema names by a path, like `Query.verifyApiKey.secret`. */
interface Part {
  path: string
  /** The names of what is in it, in the order in which they are declared. */
  names: string[]
  extensions: { isSecret?: boolean; read?: { guard?: string } }
}

function partsOf(type: GraphQLNamedType): Part[] {
  const whole = (names: string[]): Part => ({ path: type.name, names, extensions: {} })
  if (isUnionType(type)) return [whole(namesOf(type.getTypes()))]
  if (!isObjectType(type) && !isInputObjectType(type)) return []
  const fields = Object.values<GraphQLField<unknown, unknown> | GraphQLInputField>(type.getFields())
  return [whole(namesOf(fields)), ...fields.flatMap((field) => partsOfField(`${type.name}.${field.name}`, field))]
}

function partsOfField(path: string, field: GraphQLField<unknown, unknown> | GraphQLInputField): Part[] {
  const args: readonly GraphQLArgument[] = 'args' in field ? field.args : []
  return [
    { path, names: namesOf(args), extensions: field.extensions },
    ...args.map(({ name, extensions }) => ({ path: `${path}.${name}`, names: [], extensions })),
  ]
}

function namesOf(some: readonly { name: string }[]): string[] {
  return some.map(({ name }) => name)
}

/** Returns the text of the file that the command line reads beside it. */
export function printedMarks(): string {
  const parts = Object.values(schema.getTypeMap())
    .filter(({ name }) => !name.startsWith('__'))
    .flatMap(partsOf)
  const pathsOf = (some: Part[]) => some.map(({ path }) => path)
  const marks: ApiMarks = {
    order: Object.fromEntries(parts.filter(({ names }) => names.length > 1).map(({ path, names }) => [path, names])),
    secrets: pathsOf(parts.filter(({ extensions }) => extensions.isSecret)),
    forManagers: pathsOf(parts.filter(({ extensions }) => extensions.read?.guard === 'manager')),
  }
  return `${JSON.stringify(marks, null, 1)}\n`
}

if (import.meta.main) {
  const write = (path: string, text: string) => writeFileSync(new URL(path, import.meta.url), text)
  write('../../schema.graphql', printedSchema())
  write('../cli/api.json', printedMarks())
}
