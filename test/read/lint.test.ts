import SchemaBuilder, { type SchemaTypes } from '@pothos/core'
import { defineRelations, isNotNull } from 'drizzle-orm'
import {
  customType,
  index,
  integer,
  pgTable,
  primaryKey,
  text,
  timestamp,
  unique,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import { expect, test } from 'vitest'
import type { Builder } from '../../src/read/declarations.ts'
import { createReads } from '../../src/read/reads.ts'
import { lintReads } from './lint.ts'
import { schema } from './schema.ts'

const bytea = customType<{ data: Uint8Array }>({ dataType: () => 'bytea' })
const description = '.'

const owners = pgTable(
  'owners',
  {
    id: uuid('id').primaryKey(),
    name: text('name').notNull(),
    code: text('code').notNull(),
    number: integer('number').notNull(),
    half: text('half').notNull(),
  },
  (t) => [
    index('owners_name').on(t.name, t.id),
    index('owners_code').on(t.code).where(isNotNull(t.name)),
    uniqueIndex('owners_half').on(t.half).where(isNotNull(t.name)),
    unique('owners_number').on(t.number),
  ],
)
const things = pgTable(
  'things',
  {
    id: uuid('id').primaryKey(),
    ownerId: uuid('owner_id').notNull(),
    friendId: uuid('friend_id'),
    name: text('name').notNull(),
    color: text('color').notNull(),
    size: integer('size'),
    number: integer('number').notNull(),
    half: text('half').notNull(),
    secret: bytea('secret').notNull(),
    localTime: timestamp('local_time').notNull(),
  },
  (t) => [
    index('things_owner_name').on(t.ownerId, t.name, t.id),
    index('things_owner_color').on(t.ownerId, t.color),
    index('things_size').on(t.size, t.id),
    index('things_mixed').on(t.color, t.id.desc()),
  ],
)
const pairs = pgTable('pairs', { a: uuid('a').notNull(), b: uuid('b').notNull() }, (t) => [
  primaryKey({ columns: [t.a, t.b] }),
])
const relations = defineRelations({ owners, things, pairs }, (r) => ({
  owners: { things: r.many.things({ from: r.owners.id, to: r.things.ownerId }) },
  things: {
    owner: r.one.owners({ from: r.things.ownerId, to: r.owners.id, optional: false }),
    friend: r.one.owners({ from: r.things.friendId, to: r.owners.id, alias: 'friend' }),
    byNumber: r.one.owners({ from: r.things.number, to: r.owners.number, alias: 'number' }),
    byHalf: r.one.owners({ from: r.things.half, to: r.owners.half, alias: 'half' }),
  },
}))

/** Declarations over the tables above, with a type of each table that nothing is wrong with. */
function start() {
  const builder = new SchemaBuilder({} as never) as unknown as PothosSchemaTypes.SchemaBuilder<SchemaTypes>
  builder.queryType({
    fields: (t: { string(options: object): never }) => ({ hello: t.string({ nullable: true, resolve: () => null }) }),
  } as never)
  const reads = createReads(builder as unknown as Builder, relations, {
    readingOf: () => null as never,
    dateTime: 'String',
  })
  const Owner = reads.type('Owner', {
    table: 'owners',
    description,
    visible: (t) => isNotNull(t.name),
    guards: { open: { allows: () => undefined, refusal: () => new Error('nothing') } },
    fields: (f) => ({ name: f.column('name', { type: 'String', description }) }),
  })
  const Thing = reads.type('Thing', {
    table: 'things',
    description,
    fields: (f) => ({ name: f.column('name', { type: 'String', description }) }),
  })
  return { builder, reads, Owner, Thing, problems: () => lintReads(builder.toSchema()) }
}

/** Fields with specs that no declaration would give them, on a type or on the root. */
function raw(
  builder: PothosSchemaTypes.SchemaBuilder<SchemaTypes>,
  ref: unknown,
  fields: Record<string, [read: object, type: unknown, nullable?: boolean]>,
) {
  const make = (t: { field(options: object): never }) =>
    Object.fromEntries(
      Object.entries(fields).map(([name, [read, type, nullable = true]]) => [
        name,
        t.field({ type, nullable, extensions: { read }, resolve: () => null }),
      ]),
    )
  if (ref === null) builder.queryFields(make as never)
  else builder.objectFields(ref as never, make as never)
}

/** A connection of things with one order, on a root. */
function rootOf(order: string, filters = {}, defaultOrder = 'ONLY') {
  const { reads, Thing, problems } = start()
  const Things = reads.connection('Thing', {
    table: 'things',
    node: Thing,
    orders: { ONLY: [order as 'name'] },
    defaultOrder,
    filters,
  })
  reads.queryConnection('things', Things, { description })
  return problems()
}

test('the test schema has no problems', () => {
  expect(lintReads(schema)).toEqual([])
})

test('an order of a root that no index serves', () => {
  expect(rootOf('name')).toEqual(['Query.things: no index serves the order ONLY: (name, id)'])
})

test('an index whose columns run in different directions serves no order', () => {
  expect(rootOf('color')).toEqual(['Query.things: no index serves the order ONLY: (color, id)'])
})

test('an order by a column that may be null', () => {
  expect(rootOf('size')).toEqual(['Query.things: the order ONLY has size, which may be null'])
})

test('an order by a column that is not there', () => {
  expect(rootOf('weight')).toEqual(['Query.things: there is no column weight'])
})

test('a default order that is not there', () => {
  expect(rootOf('id', {}, 'OTHER')).toEqual(['Query.things: there is no order OTHER'])
})

test('a filter on a column that no index begins with', () => {
  const filters = { name: { type: 'String', description, column: 'name', where: () => undefined } }

  expect(rootOf('id', filters)).toEqual(['Query.things: no index serves the filter name: (name)'])
})

test('a filter on a column that is not there', () => {
  const filters = { weight: { type: 'String', description, column: 'weight', where: () => undefined } }

  expect(rootOf('id', filters)).toContain('Query.things: there is no column weight')
})

test('a relation whose index does not go on with the order or the filter', () => {
  const { reads, Owner, Thing, problems } = start()
  const Things = reads.connection('Thing', {
    table: 'things',
    node: Thing,
    orders: { NAME: ['name'], COLOR: ['color'] },
    defaultOrder: 'NAME',
    filters: {
      color: { type: 'String', description, column: 'color', where: () => undefined },
      half: { type: 'String', description, column: 'half', where: () => undefined },
    },
  })
  reads.extend(Owner, (f) => ({ things: f.connection('things', Things, { description }) }))

  expect(problems()).toEqual([
    'Owner.things: no index serves the order COLOR: (owner_id, color, id)',
    'Owner.things: no index serves the filter half: (owner_id, half)',
  ])
})

test('a row that can be hidden is neither implied nor nullable', () => {
  const { reads, Owner, Thing, problems } = start()
  reads.extend(Thing, (f) => ({
    owner: f.one('owner', Owner, { description }),
    implied: f.one('owner', Owner, { description, implied: true }),
    nullable: f.one('owner', Owner, { description, nullable: true }),
  }))

  expect(problems()).toEqual(['Thing.owner: is not nullable, though its row can be hidden: say implied or nullable'])
})

test('a row pointed to by a column that may be null is declared non-null', () => {
  const { reads, Owner, Thing, problems } = start()
  reads.extend(Thing, (f) => ({ friend: f.one('friend', Owner, { description, implied: true, nullable: false }) }))

  expect(problems()).toEqual(['Thing.friend: is not nullable, though friend_id may be null'])
})

test('a row pointed to by what is unique for some rows only', () => {
  const { reads, Owner, Thing, problems } = start()
  reads.extend(Thing, (f) => ({
    byNumber: f.one('byNumber', Owner, { description }),
    byHalf: f.one('byHalf', Owner, { description }),
  }))

  expect(problems()).toEqual(['Thing.byHalf: half may fit several rows: there is no unique index'])
})

test('a row found by a condition is declared non-null', () => {
  const { builder, Owner, Thing, problems } = start()
  const read = { kind: 'one', link: { on: () => undefined }, implied: true }
  raw(builder, Thing.ref, { owner: [read, Owner.ref, false] })

  expect(problems()).toEqual(['Thing.owner: is found by a condition, so it must be nullable'])
})

test('a guarded field is not nullable, or names a guard that is not there', () => {
  const { builder, reads, Owner, problems } = start()
  raw(builder, Owner.ref, { guarded: [{ kind: 'column', column: 'name', guard: 'open' }, 'String', false] })
  reads.extend(Owner, (f) => ({
    unknown: f.column('name', { type: 'String', description, guard: 'opne' }),
    fine: f.column('name', { type: 'String', description, guard: 'open' }),
  }))

  expect(problems()).toEqual([
    'Owner.guarded: is guarded but not nullable',
    'Owner.unknown: its type has no guard opne',
  ])
})

test('columns that JSON does not hold, that have no time zone, or that are not there', () => {
  const { reads, Thing, problems } = start()
  reads.extend(Thing, (f) => ({
    secret: f.column('secret', { type: 'String', description }),
    localTime: f.column('localTime', { type: 'String', description }),
    weight: f.column('weight' as 'name', { type: 'String', description }),
    needy: f.resolved({ type: 'String', description, needs: ['secret'], resolve: () => '' }),
  }))

  expect(problems()).toEqual([
    'Thing.localTime: the column localTime has no time zone',
    'Thing.needy: the column secret is bytea, which JSON does not hold',
    'Thing.secret: the column secret is bytea, which JSON does not hold',
    'Thing.weight: there is no column weight',
  ])
})

test('fields that stand where their kind can not', () => {
  const { builder, Owner, Thing, problems } = start()
  const list = { link: null, orders: {}, defaultOrder: { name: 'X', direction: 'asc' }, filters: {} }
  raw(builder, Thing.ref, {
    cursor: [{ kind: 'cursor' }, 'String'],
    rootOne: [{ kind: 'rootOne', where: () => undefined }, Owner.ref],
    rootConnection: [{ kind: 'rootConnection', list }, Owner.ref],
    connection: [{ kind: 'connection', list }, Owner.ref],
    same: [{ kind: 'same' }, Owner.ref],
    sameRequired: [{ kind: 'same' }, Thing.ref, false],
    one: [{ kind: 'one', link: { from: [], to: [] }, implied: false }, 'String'],
    many: [{ kind: 'many', list }, 'String'],
  })
  raw(builder, null, {
    column: [{ kind: 'column', column: 'name' }, 'String'],
    rootOne: [{ kind: 'rootOne', where: () => undefined }, 'String', false],
  })

  expect(problems()).toEqual([
    "Query.column: a column field can't stand on a root",
    'Query.rootOne: leads to a type that declares no table',
    'Query.rootOne: is not nullable, but a read can be refused',
    'Thing.connection: leads to a type that is no connection',
    'Thing.cursor: a cursor stands only on an edge',
    'Thing.many: leads to a type that declares no table',
    'Thing.one: leads to a type that declares no table',
    'Thing.rootConnection: a rootConnection field stands only on a root',
    'Thing.rootOne: a rootOne field stands only on a root',
    'Thing.same: leads to a type of another table',
    'Thing.sameRequired: must be nullable',
  ])
})

test('a field with a spec on a type without a table', () => {
  const { builder, problems } = start()
  const Loose = builder.objectRef('Loose')
  builder.objectType(Loose, { description })
  raw(builder, Loose, { name: [{ kind: 'column', column: 'name' }, 'String'] })

  expect(problems()).toEqual(['Loose.name: stands on a type that declares no table'])
})

test('a table whose key is of two columns', () => {
  const { reads, problems } = start()
  reads.type('Pair', {
    table: 'pairs',
    description,
    fields: (f) => ({ a: f.column('a', { type: 'String', description }) }),
  })

  expect(problems()).toEqual(['Pair: its table has no primary key of one column'])
})

test('two types whose ids begin alike', () => {
  const { reads, problems } = start()
  for (const name of ['One', 'Two']) {
    reads.type(name, { table: 'owners', description, id: 'same', fields: () => ({}) })
  }

  expect(problems()).toEqual(['Two: its ids begin as those of One do'])
})

test('two lists named the same', () => {
  const { reads, Thing, problems } = start()
  const declare = () =>
    reads.connection('Thing', { table: 'things', node: Thing, orders: { ID: ['id'] }, defaultOrder: 'ID' })
  declare()

  expect(() => {
    declare()
    problems()
  }).toThrow(/Thing/)
})
