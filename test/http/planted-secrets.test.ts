/** A secret in the wrong place of any mutation's input is repeated in no error and not in the log. */
import {
  type GraphQLInputField,
  type GraphQLInputType,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isRequiredInputField,
} from 'graphql'
import { describe, expect, test, vi } from 'vitest'
import { schema } from '../../src/graphql/schema.ts'
import { type Client, startApp } from '../support/app.ts'
import { argumentsOf } from '../support/change.ts'
import { createApiKey, createUser } from '../support/seed.ts'

const app = startApp()
const world = app.world(async () => {
  const bob = await createUser(app, 'bob')
  const { key } = await createApiKey(app.root, { isReadOnly: true })
  return { bob, reader: app.as(key) }
})

const SECRET = 's3cret-of-the-caller'
const WORD = 's3cret_of_the_caller'
const NUMBER = 4_711_081_547
const HIDDEN = /s3cret|4711081547|471108/i
const ERROR = '__typename ... on MutationError { code message ... on InvalidInputError { issues { path message } } }'

/** A value that is written into a document as it is. */
class Word {
  readonly text = WORD
}

type Json = Record<string, unknown>

/** The values that stand for the secret: of each kind, and as the type of the field may wrap it. */
function planted(type: GraphQLInputType): unknown[] {
  const wrapped = isListType(nullable(type)) ? [[SECRET], [NUMBER], [[SECRET]]] : []
  return [SECRET, NUMBER, [SECRET], { text: SECRET }, { [WORD.slice(7)]: { text: NUMBER } }, new Word(), ...wrapped]
}

function nullable(type: GraphQLInputType): GraphQLInputType {
  return isNonNullType(type) ? type.ofType : type
}

/** A value that fits a type, so that only the planted one does not. */
function fitting(type: GraphQLInputType): unknown {
  const inner = nullable(type)
  if (isListType(inner)) return [fitting(inner.ofType)]
  if (isEnumType(inner)) return inner.getValues()[0]?.name
  if (isInputObjectType(inner)) return fittingObject(inner.getFields(), inner.isOneOf)
  const known: Json = { Boolean: true, Int: 1, DateTime: '2027-01-31T09:00:00Z', Duration: 'PT1H' }
  return known[getNamedType(inner).name] ?? 'bob'
}

function fittingObject(fields: Record<string, GraphQLInputField>, isOneOf: boolean): Json {
  const needed = Object.values(fields).filter((field, index) => isRequiredInputField(field) || (isOneOf && index === 0))
  return Object.fromEntries(needed.map((field) => [field.name, fitting(field.type)]))
}

/** Every value of a type with the secret in one place of it. */
function spoiled(type: GraphQLInputType, depth = 0): unknown[] {
  const inner = nullable(type)
  if (isListType(inner)) return [...planted(type), ...spoiled(inner.ofType, depth).map((item) => [item])]
  if (!isInputObjectType(inner) || depth === 3) return planted(type)
  const fields = inner.getFields()
  const whole = fittingObject(fields, inner.isOneOf)
  const beside = { ...whole, ...Object.fromEntries(Object.keys(fields).map((name) => [name, SECRET])) }
  const misspelt = Object.keys(fields).flatMap((name) => [
    { ...whole, [`${name}s`]: SECRET },
    { ...beside, [`${name.slice(0, -1)}`]: SECRET },
  ])
  const placed = Object.values(fields).flatMap((field) =>
    spoiled(field.type, depth + 1).map((value) => ({ ...(inner.isOneOf ? {} : whole), [field.name]: value })),
  )
  return [...planted(type), beside, ...misspelt, ...placed]
}

/** A value as a document writes it. */
function literal(value: unknown): string {
  if (value instanceof Word) return value.text
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  return `{ ${Object.entries(value)
    .map(([key, inner]) => `${key}: ${literal(inner)}`)
    .join(', ')} }`
}

/** Sends the mutation with an input in the document and in variables; a dry run where it has one. */
async function toldOf(client: Client, name: string, type: string, input: unknown): Promise<string> {
  const dry = argumentsOf(name).includes('dryRun') ? ', dryRun: true' : ''
  const inline = await client.send(`mutation { ${name}(input: ${literal(input)}${dry}) { ${ERROR} } }`)
  const document = `mutation ($input: ${type}) { ${name}(input: $input${dry}) { ${ERROR} } }`
  const inVariables = await client.send(document, { input })
  return JSON.stringify([inline.errors, inline.data, inVariables.errors, inVariables.data])
}

const MUTATIONS = Object.values(schema.getMutationType()?.getFields() ?? {}).flatMap(({ name, args }) => {
  const input = args.find((arg) => arg.name === 'input')
  return input ? [[name, input.type] as const] : []
})

test.each(MUTATIONS)('nothing of a wrong input of %s is repeated to any kind of caller', async (name, type) => {
  const { bob, reader } = world()
  const others = [app.nobody, bob.client, reader]

  const told: string[] = []
  for (const [index, input] of spoiled(type).entries()) {
    told.push(await toldOf(app.root, name, String(type), input))
    told.push(await toldOf(others[index % others.length] as Client, name, String(type), input))
  }

  const logged = vi.mocked(process.stderr.write).mock.calls.map(([text]) => String(text))
  expect([...told, ...logged].filter((text) => HIDDEN.test(text))).toEqual([])
})

describe('a document that can’t be parsed', () => {
  test.each([
    [
      'a missing colon',
      `mutation { signIn(input: { username "${SECRET}" }) { __typename } }`,
      'Expected ":", found String.',
    ],
    [
      'a missing bracket',
      `mutation { signIn(input: { username: "bob" "${SECRET}" }) { __typename } }`,
      'Expected Name, found String.',
    ],
    [
      'a word without quotes',
      `mutation { signIn(input: { username: bob ${WORD} }) { __typename } }`,
      'Expected ":", found "}".',
    ],
    [
      'a number',
      `mutation { signIn(input: { username: "bob", ${NUMBER} }) { __typename } }`,
      'Expected Name, found Int.',
    ],
    ['an operation', `${WORD} { signIn }`, 'Unexpected Name.'],
    ['an escape', '{ user(username: "s3cret\\uD8zz") { id } }', 'Unexpected character.'],
    ['a digit', `{ user(username: .${NUMBER}) { id } }`, 'Unexpected character.'],
    ['a text without an end', `{ user(username: "${SECRET}) { id } }`, 'Unterminated string.'],
  ])('is described by the grammar alone: %s', async (_what, document, expected) => {
    const { errors } = await app.root.send(document)

    expect(errors.map(({ message }) => message)).toEqual([`Syntax Error: ${expected}`])
  })
})

describe('a message that repeats nothing stays helpful', () => {
  const CHANGE = 'mutation ($input: ChangePasswordInput!) { changePassword(input: $input) { __typename } }'
  const input = { currentPasword: SECRET, newPassword: 'another s3cret' }
  const told = `Expected value of type "ChangePasswordInput" not to include unknown field "currentPasword". Did you mean "currentPassword"?`

  test('in variables it names the variable and the field that was meant', async () => {
    const { message } = await app.root.refused('BAD_USER_INPUT', CHANGE, { input })

    expect(message).toBe(`Variable "$input" has invalid value: ${told}`)
  })

  test('in the document it names the argument and the field that was meant', async () => {
    const { message } = await app.root.refused(
      'GRAPHQL_VALIDATION_FAILED',
      `mutation { changePassword(input: ${literal(input)}) { __typename } }`,
    )

    expect(message).toBe(`Argument "input" has invalid value: ${told}`)
  })

  test('a name that is no name of a field is not shown', async () => {
    const { message } = await app.root.refused('BAD_USER_INPUT', CHANGE, { input: { newPassword: 'x', [SECRET]: 1 } })

    expect(message).toBe(
      'Variable "$input" has invalid value: Expected value of type "ChangePasswordInput" not to include an unknown field.',
    )
  })

  test('a position in lists and objects is named', async () => {
    const { errors } = await app.root.send(
      'mutation ($input: CreateUserInput!) { createUser(input: $input) { __typename } }',
      { input: { username: 'erin', roles: [{ role: 'X' }, SECRET, { project: SECRET }] } },
    )

    expect(errors.map(({ message }) => message)).toEqual([
      'Variable "$input" has invalid value at "input.roles[1]": Expected value of type "RoleGrantInput" to be an object.',
      'Variable "$input" has invalid value at "input.roles[2]": Expected value of type "RoleGrantInput" to include required field "role".',
    ])
  })
})
