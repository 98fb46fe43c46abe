/**
 * The database may answer a query by itself only where the executor would refuse nothing. The scopes of Pothos are in resolvers,
 * which do not run then: whatever has scopes must tell them to the read path.
 */
import { type GraphQLField, type GraphQLObjectType, isObjectType } from 'graphql'
import { expect, test } from 'vitest'
import { finalResolverOf } from '../../src/graphql/final-resolver.ts'
import { schema } from '../../src/graphql/schema.ts'
import { type FieldSpec, fieldSpec, type TypeSpec } from '../../src/read/spec.ts'

const types = Object.values(schema.getTypeMap()).filter(isObjectType)
const readTypes = types.filter((type) => (type.extensions.read as TypeSpec | undefined)?.kind === 'type')

function scopesOf({ extensions }: { extensions: Readonly<Record<string, unknown>> }): object | undefined {
  return (extensions.pothosOptions as { authScopes?: object } | undefined)?.authScopes
}

function toldScope(spec: { scope?: { name: string } } | undefined): string | undefined {
  return spec?.scope?.name
}

function named(scopes: object | undefined): string | undefined {
  return scopes && `scopes ${JSON.stringify(scopes)}`
}

test('every type of the read path tells its scopes', () => {
  expect(readTypes.length).toBeGreaterThan(30)
  const told = readTypes.map((type) => [type.name, toldScope(type.extensions.read as TypeSpec)])
  expect(told).toEqual(readTypes.map((type) => [type.name, named(scopesOf(type))]))
})

test('every root field of the read path tells its scopes', () => {
  const query = schema.getQueryType() as GraphQLObjectType
  const fields = Object.values(query.getFields()).filter((field) => fieldSpec(field))
  expect(fields.length).toBeGreaterThan(10)
  const told = fields.map((field) => [
    field.name,
    toldScope(fieldSpec(field) as FieldSpec & { scope?: { name: string } }),
  ])
  expect(told).toEqual(fields.map((field) => [field.name, named(scopesOf(field))]))
})

test('no other field of the read path has scopes, nor an edge, a connection or a page’s position', () => {
  const parts = types.filter((type) => type.extensions.read !== undefined && !readTypes.includes(type))
  const fields = [...readTypes, ...parts].flatMap(
    (type) => Object.values(type.getFields()) as GraphQLField<unknown, unknown>[],
  )
  expect(fields.filter((field) => scopesOf(field)).map(({ name }) => name)).toEqual([])
  expect(parts.filter((type) => scopesOf(type)).map(({ name }) => name)).toEqual([])
})

test('the query type asks for no more than a known caller, which the answer by the database asks for too', () => {
  expect(scopesOf(schema.getQueryType() as GraphQLObjectType)).toEqual({ signedIn: true })
})

test('a field that is answered by a final resolver is for every caller who has signed in, like what it answers with', () => {
  const fields = Object.values((schema.getQueryType() as GraphQLObjectType).getFields())
  const resolved = fields.filter(finalResolverOf)
  expect(resolved.map(({ name }) => name)).toEqual(['checkAccess'])
  for (const field of resolved) expect(scopesOf(field)).toEqual({ signedIn: true })
  expect(scopesOf(schema.getType('AccessAnswer') as GraphQLObjectType)).toEqual({ signedIn: true })
})
