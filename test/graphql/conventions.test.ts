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
import { schema } from '../../src/graphql/schema.ts'

type Field = GraphQLField<unknown, unknown>

const types = Object.values(schema.getTypeMap()).filter(({ name }) => !name.startsWith('__'))
const objectTypes = types.filter(isObjectType)
const nodeTypes = objectTypes.filter((type) => type.getInterfaces().some(({ name }) => name === 'Node'))
const queries = fieldsOf(schema.getQueryType())
const mutations = fieldsOf(schema.getMutationType())

/** Object types that carry no scopes of their own: parts of a list, reached only through a field that has them. */
const PARTS = /^(PageInfo|\w+(Connection|Edge))$/

/** What somebody may call who has not said who they are. */
const PUBLIC = ['signIn']
/** What needs to be told nothing. */
const NO_INPUT = ['signOut']

/** The fields of an input that name what is there already; the attributes of a cloud's credential name things of the cloud. */
const REFERENCES = /^(user|organization|project|role|controller|model)$/

/** What a mutation's name begins with. */
const VERBS = [
  'create update delete restore disable enable rotate revoke grant set',
  'signIn signOut signOutEverywhere change add remove replace reveal unlock end import test replay',
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

    expect(bare.map(({ name }) => name)).toEqual([])
  })

  test('nobody may call anything but what is listed as public', () => {
    const open = [...queries, ...mutations].filter((field) => 'anyone' in (scopesOf(field) ?? {}))

    expect(open.map(({ name }) => name)).toEqual(PUBLIC)
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

    // One of its fields is for nobody too; each of them has scopes of its own.
    expect(bare.map(({ name }) => name)).toEqual(['Mutation'])
    expect(nodeTypes.map(({ name }) => name).filter((name) => PARTS.test(name))).toEqual([])
    expect(nodeTypes.map(({ name }) => name).sort()).toEqual([
      'ApiKey',
      'AuditEvent',
      'Controller',
      'Credential',
      'Model',
      'Notification',
      'Organization',
      'Project',
      'Role',
      'Session',
      'SshKey',
      'User',
      'Webhook',
      'WebhookDelivery',
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
      'Model.authorizedKeys',
      'User.apiKeys',
      'User.controllers',
      'User.createdAt',
      'User.credentials',
      'User.effectiveAccess',
      'User.email',
      'User.isAdmin',
      'User.lastSeenAt',
      'User.mustChangePassword',
      'User.organization',
      'User.roles',
      'User.sessions',
      'User.signInLockedUntil',
      'User.sshKeys',
    ])
  })
})

describe('secrets', () => {
  const SECRET = /password|secret|token|privateKey|passPhrase|^key$|^file$/i
  test('what comes in is marked as one, wherever its name says so', () => {
    const inputs = types
      .filter(isInputObjectType)
      .flatMap((type) =>
        Object.values(type.getFields()).map((field) => ({ name: `${type.name}.${field.name}`, field })),
      )
    const roots = [...queries, ...mutations].flatMap(({ name, args }) =>
      args.map((field) => ({ name: `${name}.${field.name}`, field })),
    )
    const texts = [...inputs, ...roots].filter(({ field }) => getNamedType(field.type).name === 'String')

    const named = texts.filter(({ field }) => SECRET.test(field.name)).map(({ name }) => name)
    const marked = texts.filter(({ field }) => field.extensions.isSecret === true).map(({ name }) => name)

    // Of an ssh key only the public half comes in.
    expect(named.filter((name) => !marked.includes(name))).toEqual(['AddSshKeyInput.key', 'RemoveSshKeyInput.key'])
    expect(marked.length).toBe(23)
  })

  test('goes out by what makes or reveals it, and by nothing else', () => {
    const leaves = objectTypes.flatMap((type) =>
      fieldsOf(type)
        .filter((field) => getNamedType(field.type).name === 'String' && SECRET.test(field.name))
        .map((field) => `${type.name}.${field.name}`),
    )

    expect(leaves.sort()).toEqual([
      'CreateApiKeyPayload.secret',
      'CreateServiceUserPayload.secret',
      'CreateUserPayload.secret',
      'CreateWebhookPayload.secret',
      'RotateApiKeyPayload.secret',
      'RotateWebhookSecretPayload.secret',
      'SignInPayload.token',
    ])
  })
})

describe('mutations', () => {
  test('each is declared through the helper and says whether it confers', () => {
    const strays = mutations.filter(
      (field) => typeof extensionOf<{ grants?: boolean }>(field, 'mutation')?.grants !== 'boolean',
    )

    expect(strays.map(({ name }) => name)).toEqual([])
  })

  test('each that confers can answer MissingAuthorityError, and no other can', () => {
    const wrong = mutations.filter((field) => {
      const members = membersOf(field).includes('MissingAuthorityError')
      return members !== extensionOf<{ grants: boolean }>(field, 'mutation')?.grants
    })

    expect(wrong.map(({ name }) => name)).toEqual([])
  })

  test('those that make a way in are marked: a key that ends may not make one that lasts', () => {
    const marked = mutations.filter(
      (field) => extensionOf<{ makesWayIn: unknown }>(field, 'mutation')?.makesWayIn !== false,
    )

    expect(marked.map(({ name }) => name).sort()).toEqual([
      'addSshKey',
      'createUser',
      'createWebhook',
      'importUsers',
      'rotateWebhookSecret',
      'setUserPassword',
      'updateWebhook',
    ])
  })

  test('those that take over or give are marked as conferring', () => {
    const conferring = mutations.filter((field) => extensionOf<{ grants: boolean }>(field, 'mutation')?.grants)

    expect(conferring.map(({ name }) => name).sort()).toEqual([
      'addSshKey',
      'createApiKey',
      'createOrganization',
      'createServiceUser',
      'createUser',
      'enableUser',
      'grantControllerAccess',
      'grantModelAccess',
      'grantRoles',
      'importUsers',
      'restoreUser',
      'rotateApiKey',
      'setControllerAccess',
      'setModelAccess',
      'setRoles',
      'setUserPassword',
      'updateApiKey',
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
      const names = [
        input ? String(input.type) : NO_INPUT.includes(field.name) && `${base}Input!`,
        getNamedType(field.type).name,
        membersOf(field).includes(`${base}Payload`),
      ]
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
      return others
        .filter((type) => !type.getInterfaces().some(({ name }) => name === 'MutationError'))
        .map(({ name }) => name)
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

  test('every input that names a thing says that a name or an id is taken', () => {
    const references = types
      .filter(isInputObjectType)
      .filter(({ name }) => !name.endsWith('CredentialInput'))
      .flatMap((type) =>
        Object.values(type.getFields()).map((field) => ({ path: `${type.name}.${field.name}`, field })),
      )
      .filter(({ field }) => REFERENCES.test(field.name) && /^String!?$/.test(String(field.type)))

    expect(references.length).toBeGreaterThan(40)
    for (const { path, field } of references) expect(field.description, path).toMatch(/\bids?\b/)
  })

  test('whatever names an organization and a project also says the kind of scope: a null alone is not everywhere', () => {
    const unclear = objectTypes.filter((type) => {
      const { organization, project, scope } = type.getFields()
      return organization && project && !scope && type !== schema.getQueryType()
    })

    expect(unclear.map(({ name }) => name)).toEqual([])
  })

  test('a description never just repeats the name', () => {
    const echoing = elements.filter(({ name, description }) => isEcho(name, description ?? ''))

    expect(echoing.map(({ name }) => name)).toEqual([])
  })

  test('a mutation’s description ends with who may and with exactly the errors it answers with', () => {
    const vague = mutations.filter((field) => {
      const errors = membersOf(field).filter((member) => !member.endsWith('Payload'))
      const [, told] = field.description?.match(/\n\nWho may: [^\n]+\. Errors: ([^\n]+)\.$/) ?? []
      return told !== errors.map((error) => `\`${error}\``).join(', ')
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
  const source = fileURLToPath(new URL('../../src', import.meta.url))
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
  const raw = files.filter((file) => readFileSync(join(source, file), 'utf8').includes('sql.raw('))

  const elsewhere = raw.filter((file) => !/^(read\/|db\/|authority\/visibility\.ts$)/.test(file))

  expect(elsewhere).toEqual([])
})
