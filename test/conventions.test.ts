import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLObjectType,
  getNamedType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isNonNullType,
  isObjectType,
  isUnionType,
} from 'graphql'
import { describe, expect, test } from 'vitest'
import { schema } from '../src/schema.ts'

type Field = GraphQLField<unknown, unknown>

const types = Object.values(schema.getTypeMap()).filter(({ name }) => !name.startsWith('__'))
const objectTypes = types.filter(isObjectType)
const nodeTypes = objectTypes.filter((type) => type.getInterfaces().some(({ name }) => name === 'Node'))
const queries = fieldsOf(schema.getQueryType())
const mutations = fieldsOf(schema.getMutationType())

/** Object types that carry no scopes of their own: parts of a list, reached only through a field that has them. */
const PARTS = /^(PageInfo|\w+(Connection|Edge))$/

/** Root fields that anybody may ask. */
const PUBLIC: string[] = []

/** What a mutation's name begins with. */
const VERBS = [
  'create update delete restore disable enable rotate revoke grant set',
  'signIn signOut signOutEverywhere change add remove reveal',
].flatMap((line) => line.split(' '))

/** Mutations that can't be tried without being done. */
const WITHOUT_DRY_RUN = ['signIn', 'signOut', 'signOutEverywhere']

function fieldsOf(type: GraphQLObjectType | undefined | null): Field[] {
  return Object.values(type?.getFields() ?? {})
}

function scopesOf(element: { extensions: object }): Record<string, unknown> | undefined {
  const { pothosOptions } = element.extensions as { pothosOptions?: { authScopes?: Record<string, unknown> } }
  return pothosOptions?.authScopes
}

function extensionOf<T>(field: Field, name: string): T | undefined {
  return field.extensions[name] as T | undefined
}

/** Every scope map within a scope map: alternatives and conjunctions hold lists or maps of scopes. */
function isOneKeyed(scopes: Record<string, unknown>): boolean {
  const [key, ...more] = Object.keys(scopes)
  return key !== undefined && more.length === 0
}

describe('authority', () => {
  test('every root field declares its scopes', () => {
    const bare = [...queries, ...mutations].filter((field) => scopesOf(field) === undefined)

    expect(bare.map(({ name }) => name)).toEqual(PUBLIC)
  })

  test('a scope map has exactly one key, so that nothing is an alternative by accident', () => {
    const elements = [...types, ...objectTypes.flatMap(fieldsOf)]
    const loose = elements.filter((element) => {
      const scopes = scopesOf(element)
      return scopes !== undefined && !isOneKeyed(scopes)
    })

    expect(loose.map(({ name }) => name)).toEqual([])
  })

  test('every object type carries scopes, but the parts of lists', () => {
    const bare = objectTypes.filter((type) => scopesOf(type) === undefined && !PARTS.test(type.name))

    expect(bare.map(({ name }) => name)).toEqual([])
    expect(nodeTypes.map(({ name }) => name).filter((name) => PARTS.test(name))).toEqual([])
    expect(nodeTypes.map(({ name }) => name).sort()).toEqual([
      'ApiKey',
      'Controller',
      'Model',
      'Organization',
      'Project',
      'Role',
      'User',
    ])
  })

  test('a field that can be refused is nullable', () => {
    const guarded = objectTypes.flatMap((type) =>
      fieldsOf(type)
        .filter((field) => extensionOf<{ guard?: string }>(field, 'read')?.guard !== undefined)
        .map((field) => ({ name: `${type.name}.${field.name}`, required: isNonNullType(field.type) })),
    )
    const roots = [...queries, ...mutations].map(({ name, type }) => ({ name, required: isNonNullType(type) }))

    expect([...guarded, ...roots].filter(({ required }) => required)).toEqual([])
    expect(guarded.map(({ name }) => name).sort()).toEqual([
      'User.apiKeys',
      'User.controllers',
      'User.createdAt',
      'User.email',
      'User.isAdmin',
      'User.organization',
      'User.roles',
    ])
  })
})

describe('mutations', () => {
  test('each is declared through the helper and says whether it confers', () => {
    const strays = mutations.filter(
      (field) => typeof extensionOf<{ confers?: boolean }>(field, 'mutation')?.confers !== 'boolean',
    )

    expect(strays.map(({ name }) => name)).toEqual([])
  })

  test('each that confers can answer MissingAuthority, and no other can', () => {
    const wrong = mutations.filter((field) => {
      const members = membersOf(field).includes('MissingAuthority')
      return members !== extensionOf<{ confers: boolean }>(field, 'mutation')?.confers
    })

    expect(wrong.map(({ name }) => name)).toEqual([])
  })

  test('those that take over or give are marked as conferring', () => {
    const conferring = mutations.filter((field) => extensionOf<{ confers: boolean }>(field, 'mutation')?.confers)

    expect(conferring.map(({ name }) => name).sort()).toEqual([
      'createApiKey',
      'createOrganization',
      'createServiceUser',
      'createUser',
      'enableUser',
      'grantControllerAccess',
      'grantModelAccess',
      'grantRoles',
      'restoreUser',
      'rotateApiKey',
      'setControllerAccess',
      'setModelAccess',
      'updateOrganization',
      'updateRole',
      'updateUser',
    ])
  })

  test('the name begins with a verb of the list', () => {
    const odd = mutations.filter(({ name }) => !VERBS.some((verb) => name === verb || isVerbNoun(name, verb)))

    expect(odd.map(({ name }) => name)).toEqual([])
  })

  test('input, payload and result are named after the mutation', () => {
    const odd = mutations.filter((field) => {
      const base = field.name.charAt(0).toUpperCase() + field.name.slice(1)
      const input = field.args.find(({ name }) => name === 'input')
      const names = [String(input?.type), getNamedType(field.type).name, membersOf(field).includes(`${base}Payload`)]
      return JSON.stringify(names) !== JSON.stringify([`${base}Input!`, `${base}Result`, true])
    })

    expect(odd.map(({ name }) => name)).toEqual([])
  })

  test('each can be tried without being done', () => {
    const untried = mutations.filter(({ args }) => {
      const dryRun = args.find(({ name }) => name === 'dryRun')
      return (
        `${dryRun?.type} ${JSON.stringify(dryRun?.default ?? dryRun?.defaultValue)}`.match(/^Boolean! .*false/) === null
      )
    })

    expect(untried.map(({ name }) => name).filter((name) => !WITHOUT_DRY_RUN.includes(name))).toEqual([])
  })

  test('everything in a result but the payload is an Error', () => {
    const odd = mutations.flatMap((field) => {
      const result = getNamedType(field.type)
      if (!isUnionType(result)) return [field.name]
      const others = result.getTypes().filter(({ name }) => !name.endsWith('Payload'))
      return others.filter((type) => !type.getInterfaces().some(({ name }) => name === 'Error')).map(({ name }) => name)
    })

    expect(odd).toEqual([])
  })
})

function isVerbNoun(name: string, verb: string): boolean {
  return name.startsWith(verb) && /^[A-Z]/.test(name.slice(verb.length))
}

function membersOf(field: Field): string[] {
  const result = getNullableType(field.type)
  return isUnionType(result) ? result.getTypes().map(({ name }) => name) : []
}

interface Element {
  name: string
  description: string | null | undefined
}

/** Everything that has a name in the schema, with its path. */
function elementsOf(type: GraphQLNamedType): Element[] {
  const at = (name: string, { description }: { description?: string | null }) => ({
    name: `${type.name}.${name}`,
    description,
  })
  const own = [{ name: type.name, description: type.description }]
  if (isEnumType(type)) return [...own, ...type.getValues().map((value) => at(value.name, value))]
  if (isInputObjectType(type)) return [...own, ...Object.values(type.getFields()).map((field) => at(field.name, field))]
  if (!isObjectType(type) && !isInterfaceType(type)) return own
  const fields = Object.values(type.getFields()).flatMap((field) => [
    at(field.name, field),
    ...field.args.map((arg) => at(`${field.name}.${arg.name}`, arg)),
  ])
  return [...own, ...fields]
}

describe('descriptions', () => {
  const BUILT_IN = ['String', 'Int', 'Float', 'Boolean', 'ID']
  const elements = types.filter(({ name }) => !BUILT_IN.includes(name)).flatMap(elementsOf)

  test('every element of the schema is described', () => {
    const silent = elements.filter(({ description }) => (description ?? '').trim() === '')

    expect(silent.map(({ name }) => name)).toEqual([])
  })

  test('a description never just repeats the name', () => {
    const echoing = elements.filter(({ name, description }) => isEcho(name, description ?? ''))

    expect(echoing.map(({ name }) => name)).toEqual([])
  })

  test('a mutation’s description says who may and which errors it answers with', () => {
    const vague = mutations.filter((field) => {
      const errors = membersOf(field).filter((member) => !member.endsWith('Payload'))
      const text = field.description ?? ''
      return !text.includes('Who may: ') || !errors.every((error) => text.includes(`\`${error}\``))
    })

    expect(vague.map(({ name }) => name)).toEqual([])
  })
})

const FILLERS = ['a', 'an', 'the', 'of', 'by', 'its', 'their', 'this', 'is']

function isEcho(path: string, description: string): boolean {
  const name = path.split('.').at(-1) ?? ''
  const words = (text: string) => text.toLowerCase().match(/[a-z]+/g) ?? []
  const spoken = words(description).filter((word) => !FILLERS.includes(word))
  const repeated = words(name.replace(/([a-z])([A-Z])/g, '$1 $2').replaceAll('_', ' '))
  return spoken.join(' ') === repeated.filter((word) => !FILLERS.includes(word)).join(' ')
}

test('text goes into a statement raw only where the statement is built', () => {
  const source = fileURLToPath(new URL('../src', import.meta.url))
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
  const raw = files.filter((file) => readFileSync(join(source, file), 'utf8').includes('sql.raw('))

  const elsewhere = raw.filter((file) => !/^(read\/|db\/|auth\/references\.ts$)/.test(file))

  expect(elsewhere).toEqual([])
})
