/** Random documents of the test schema. */
import {
  type DocumentNode,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isInterfaceType,
  isObjectType,
  parse,
  validate,
} from 'graphql'
import { data } from './data.ts'
import { listArguments } from './list-arguments.ts'
import { type ListName, orderings } from './oracle-lists.ts'
import type { Random } from './random.ts'
import { createVariables, type Variables } from './variables.ts'

export interface RandomDocument {
  source: string
  document: DocumentNode
  values(random: Random): Record<string, unknown>
}

interface Writer {
  schema: GraphQLSchema
  random: Random
  variables: Variables
  fragments: { name: string; type: string; text: string; depth: number }[]
  aliases: number
}

type Field = GraphQLField<unknown, unknown>

/** A wrong claim has no counterpart in the oracle; directed tests look at it. */
const EXCLUDED = new Set(['claimedOwner'])
const NODE_TYPES = ['Person', 'Team', 'Membership', 'Task']
/** What belongs to a list takes nothing of the depth. */
const isPartOfList = (name: string) => /Connection$|Edge$|^PageInfo$/.test(name)

/** A valid document; those that happen not to be valid are made anew. */
export function randomDocument(schema: GraphQLSchema, random: Random): RandomDocument {
  for (let attempt = 0; attempt < 50; attempt++) {
    const variables = createVariables(random)
    const writer: Writer = { schema, random, variables, fragments: [], aliases: 0 }
    const query = schema.getQueryType() as GraphQLObjectType
    const body = selection(writer, query, random.pick([2, 3, 3]), 1 + random.int(3))
    const fragments = writer.fragments.map(({ name, type, text }) => `fragment ${name} on ${type} ${text}`)
    const source = [`query ${variables.header()} ${body}`, ...fragments].join('\n')
    const document = parse(source)
    if (validate(schema, document).length === 0) return { source, document, values: variables.values }
  }
  throw new Error('No valid document in 50 attempts.')
}

function selection(w: Writer, type: GraphQLObjectType, depth: number, count = 1 + w.random.int(4)): string {
  const items = Array.from({ length: count }, () => item(w, type, depth))
  return `{ ${items.join(' ')} }`
}

function item(w: Writer, type: GraphQLObjectType, depth: number): string {
  const { random } = w
  const dice = random.int(100)
  if (dice < 6)
    return `...${random.pick(['', ` on ${type.name}`])}${directive(w)} ${selection(w, type, depth, 1 + random.int(2))}`
  if (dice < 14) return `...${fragment(w, type, depth)}${directive(w)}`
  if (dice < 16 && NODE_TYPES.includes(type.name)) return `... on Node${directive(w)} { ${alias(w)}: id }`
  if (dice < 20) return `__typename`
  return field(w, type, depth)
}

function fragment(w: Writer, type: GraphQLObjectType, depth: number): string {
  const known = w.fragments.filter((one) => one.type === type.name && one.depth <= depth)
  if (known.length > 0 && w.random.chance(0.6)) return w.random.pick(known).name
  const text = selection(w, type, depth)
  const name = `F${w.fragments.length}_${w.random.int(1000)}`
  w.fragments.push({ name, type: type.name, text, depth })
  return name
}

function alias(w: Writer): string {
  w.aliases += 1
  return `a${w.aliases}`
}

function directive(w: Writer): string {
  const { random, variables } = w
  if (!random.chance(0.2)) return ''
  const name = random.pick(['include', 'skip'])
  const value = random.chance(0.25)
    ? random.pick(['true', 'false'])
    : variables.use('if', 'Boolean!', (r) => r.chance(0.5))
  return ` @${name}(if: ${value})`
}

function isComposite(field: Field) {
  const type = getNamedType(field.type)
  return isObjectType(type) || isInterfaceType(type)
}

function pickField(w: Writer, type: GraphQLObjectType, depth: number): Field | undefined {
  const fields = Object.values(type.getFields()).filter((field) => !EXCLUDED.has(field.name))
  const composite = fields.filter((one) => isComposite(one) && (depth > 0 || isPartOfList(type.name) || isPartOf(one)))
  const leaves = fields.filter((one) => !isComposite(one))
  const from = composite.length > 0 && (leaves.length === 0 || w.random.chance(0.6)) ? composite : leaves
  return from.length === 0 ? undefined : w.random.pick(from)
}

/** An edge, a node or a page's place: never a list anew. */
function isPartOf(field: Field) {
  const { name } = getNamedType(field.type)
  return isPartOfList(name) && !name.endsWith('Connection')
}

function field(w: Writer, type: GraphQLObjectType, depth: number): string {
  const picked = pickField(w, type, depth)
  if (!picked) return '__typename'
  const args = argumentsOf(w, picked)
  const name = args !== '' || w.random.chance(0.25) ? `${alias(w)}: ${picked.name}` : picked.name
  const once = () => `${name}${args}${directive(w)}${below(w, picked, depth)}`
  return w.random.chance(0.12) ? `${once()} ${once()}` : once()
}

function below(w: Writer, field: Field, depth: number): string {
  const type = getNamedType(field.type)
  if (isObjectType(type)) {
    const next = isPartOfList(type.name) ? depth : depth - 1
    return ` ${selection(w, type, Math.max(next, 0))}`
  }
  if (!isInterfaceType(type)) return ''
  const parts = w.random.some(NODE_TYPES, 1, 4).map((name) => {
    const object = w.schema.getType(name) as GraphQLObjectType
    return `... on ${name}${directive(w)} ${selection(w, object, Math.max(depth - 1, 0))}`
  })
  return ` { ${w.random.pick(['id', '__typename', ''])} ${parts.join(' ')} }`
}

const ids = [
  ...data.people.map(({ id }) => `person_${id}`),
  ...data.teams.map(({ id }) => `team_${id}`),
  ...data.members.slice(0, 30).map(({ id }) => `membership_${id}`),
  ...data.tasks.slice(0, 30).map(({ id }) => `task_${id}`),
  'team_00000000-0000-4000-8000-000000000000',
  'house_00000000-0000-4000-8000-000000000000',
]

function argumentsOf(w: Writer, { name, type, args }: Field): string {
  const { random, variables } = w
  const either = (kind: string, typeName: string, values: readonly unknown[]) =>
    random.chance(0.5) ? JSON.stringify(random.pick(values)) : variables.use(kind, typeName, (r) => r.pick(values))
  const list = getNamedType(type).name.replace('Connection', '')
  if (args.length === 0) return ''
  if (list in orderings && args.some((arg) => arg.name === 'first'))
    return listArguments(random, variables, list as ListName)
  switch (name) {
    case 'person':
      return `(name: ${either(
        'name',
        'String!',
        data.people.map((one, n) => (n % 2 ? one.name : one.name.toUpperCase())),
      )})`
    case 'team':
      return `(id: ${either(
        'team',
        'ID!',
        data.teams.map(({ id }) => `team_${id}`),
      )})`
    case 'node':
      return `(id: ${either('id', 'ID!', ids)})`
    case 'nodes':
      return random.chance(0.5)
        ? `(ids: ${JSON.stringify(random.some(ids, 0, 6))})`
        : `(ids: ${variables.use('ids', '[ID!]!', (r) => [...r.some(ids, 0, 6), ...r.some(ids, 0, 1)])})`
    default:
      return `(style: ${random.pick(['SHORT', 'LONG', 'null', variables.use('style', 'Style', (r) => r.pick([null, 'SHORT', 'LONG']))])}, word: ${either('word', 'String', ['hi', null, 'it\'s "so"'])})`
  }
}
