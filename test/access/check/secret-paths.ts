/** Every secret that a question about a mutation can hold, found in the schema. */
import {
  type GraphQLInputObjectType,
  type GraphQLInputType,
  getNamedType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isListType,
  isRequiredInputField,
} from 'graphql'
import { schema } from '../../../src/graphql/schema.ts'

const QUESTION = schema.getType('MutationQuestionInput') as GraphQLInputObjectType

/** Where secrets are below `mutation`, like `addCredential.attributes.userpass.password`. */
export function secretPaths(): string[] {
  return pathsBelow(QUESTION, [])
}

function pathsBelow(type: GraphQLInputObjectType, within: GraphQLInputObjectType[]): string[] {
  if (within.includes(type)) return []
  return Object.values(type.getFields()).flatMap((field) => {
    if (field.extensions.isSecret) return [field.name]
    const inner = getNamedType(field.type)
    if (!isInputObjectType(inner)) return []
    return pathsBelow(inner, [...within, type]).map((path) => `${field.name}.${path}`)
  })
}

/** The smallest question that holds a secret there. */
export function withSecretAt(path: string): object {
  return { mutation: objectWith(QUESTION, path.split('.')) }
}

function objectWith(type: GraphQLInputObjectType, [name = '', ...rest]: string[]): object {
  const needed = type.isOneOf ? [] : Object.values(type.getFields()).filter(isRequiredInputField)
  const others = Object.fromEntries(needed.map((field) => [field.name, sampleOf(field.type)]))
  const field = type.getFields()[name]
  if (!field) throw new Error(`${type.name} has no ${name}.`)
  return { ...others, [name]: rest.length > 0 ? nested(field.type, rest) : 'a secret' }
}

function nested(type: GraphQLInputType, path: string[]): object {
  const bare = getNullableType(type)
  const inner = objectWith(getNamedType(type) as GraphQLInputObjectType, path)
  return isListType(bare) ? [inner] : inner
}

/** A value that the type takes. */
function sampleOf(type: GraphQLInputType): unknown {
  const bare = getNullableType(type)
  if (isListType(bare)) return []
  if (isEnumType(bare)) return bare.getValues()[0]?.name
  if (isInputObjectType(bare)) return sampleObject(bare)
  const samples: Record<string, unknown> = { Boolean: true, EmailAddress: 'bob@example.test' }
  return samples[String(bare)] ?? 'x'
}

function sampleObject(type: GraphQLInputObjectType): object {
  const fields = Object.values(type.getFields())
  const given = type.isOneOf ? fields.slice(0, 1) : fields.filter(isRequiredInputField)
  return Object.fromEntries(given.map((field) => [field.name, sampleOf(field.type)]))
}
