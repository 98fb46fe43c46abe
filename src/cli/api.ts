/** The schema as the command line needs it, from its printed form: to declare it takes three times as long as a command. */
import { readFileSync } from 'node:fs'
import {
  buildASTSchema,
  type DefinitionNode,
  type FieldDefinitionNode,
  type GraphQLSchema,
  type InputValueDefinitionNode,
  isInputObjectType,
  isObjectType,
  Kind,
  parse,
} from 'graphql'
import type { ApiMarks } from '../graphql/print-schema.ts'

let api: GraphQLSchema | null = null

/** Returns the schema, which is read once. */
export function readApi(): GraphQLSchema {
  api ??= buildApi()
  return api
}

function buildApi(): GraphQLSchema {
  const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')
  const marks: ApiMarks = JSON.parse(read('./api.json'))
  const { definitions, ...document } = parse(read('../../schema.graphql'), { noLocation: true })
  const inOrder = definitions.map((definition) => orderFields(definition, marks))
  const schema = buildASTSchema({ ...document, definitions: inOrder }, { assumeValid: true })
  for (const name of marks.secrets) mark(schema, name, { isSecret: true })
  for (const name of marks.forManagers) mark(schema, name, { read: { guard: 'manager' } })
  return schema
}

function orderFields(definition: DefinitionNode, marks: ApiMarks): DefinitionNode {
  if (definition.kind === Kind.INPUT_OBJECT_TYPE_DEFINITION) {
    return { ...definition, fields: sorted(definition.fields, marks.order[definition.name.value]) }
  }
  if (definition.kind === Kind.UNION_TYPE_DEFINITION) {
    return { ...definition, types: sorted(definition.types, marks.order[definition.name.value]) }
  }
  if (definition.kind !== Kind.OBJECT_TYPE_DEFINITION) return definition
  const type = definition.name.value
  const fields = sorted<FieldDefinitionNode>(definition.fields, marks.order[type])
  return {
    ...definition,
    fields: fields.map((field) => ({
      ...field,
      arguments: sorted<InputValueDefinitionNode>(field.arguments, marks.order[`${type}.${field.name.value}`]),
    })),
  }
}

function sorted<Node extends { name: { value: string } }>(nodes: readonly Node[] = [], order: string[] = []): Node[] {
  const place = (node: Node) => order.indexOf(node.name.value)
  return nodes.toSorted((a, b) => place(a) - place(b))
}

/** Marks a field, an argument or a field of an input, by its type and names. */
function mark(schema: GraphQLSchema, path: string, extensions: object) {
  const [typeName = '', fieldName = '', argumentName] = path.split('.')
  const type = schema.getType(typeName)
  const field = isObjectType(type) || isInputObjectType(type) ? type.getFields()[fieldName] : undefined
  const found = argumentName && field && 'args' in field ? field.args.find(({ name }) => name === argumentName) : field
  if (found) Object.assign(found.extensions, extensions)
}
