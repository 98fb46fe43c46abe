/** What declarations of the read path can get wrong and neither types nor requests would show; a test asks. */
import {
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isNonNullType,
  isObjectType,
} from 'graphql'
import { orderColumns } from '../../src/read/list.ts'
import {
  type FieldSpec,
  fieldSpec,
  type Link,
  type ListSpec,
  type Row,
  type ShapeSpec,
  type TypeSpec,
} from '../../src/read/spec.ts'
import { primaryKey } from '../../src/read/sql.ts'
import { hasIndex, isUniqueBy } from './indexes.ts'

type Field = GraphQLField<unknown, unknown>
type Say = (problem: string) => void

/** A declared field and where it stands. */
interface Place {
  field: Field
  spec: FieldSpec
  /** The declaring type's own spec; absent on a root. */
  owner: TypeSpec
  isEdge: boolean
  say: Say
}

/** The problems of all declarations, each with its place; none where the schema is fine. */
export function lintReads(schema: GraphQLSchema): string[] {
  const problems: string[] = []
  const types = Object.values(schema.getTypeMap()).filter(isObjectType)
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()]
  const edges = new Set(types.filter((type) => shapeOf(type)?.kind === 'connectionType').map(edgeOf))
  for (const type of types) {
    const shape = shapeOf(type)
    const owner = shape?.kind === 'type' ? shape : undefined
    if (owner) lintType(owner, (problem) => problems.push(`${type.name}: ${problem}`))
    for (const field of Object.values(type.getFields())) {
      const spec = fieldSpec(field)
      const say: Say = (problem) => problems.push(`${type.name}.${field.name}: ${problem}`)
      if (!spec) continue
      if (roots.includes(type)) lintRoot(field, spec, say)
      else if (!owner) say('stands on a type that declares no table')
      else lintField({ field, spec, owner, isEdge: edges.has(type), say })
    }
  }
  return [...problems, ...lintPrefixes(types)]
}

function shapeOf(type: unknown): TypeSpec | ShapeSpec | undefined {
  return isObjectType(type) ? (type.extensions.read as TypeSpec | ShapeSpec | undefined) : undefined
}

/** The spec of the type a field leads to, where its rows come from a table. */
function targetOf(field: Field): TypeSpec | undefined {
  const shape = shapeOf(getNamedType(field.type))
  return shape?.kind === 'type' ? shape : undefined
}

function edgeOf(connection: unknown) {
  return getNamedType((connection as GraphQLObjectType).getFields().edges?.type)
}

function lintType(spec: TypeSpec, say: Say) {
  if (!spec.table) return say('its table is not among the relations')
  if (!hasKey(spec.table)) say('its table has no primary key of one column')
}

function hasKey(table: Row): boolean {
  try {
    return primaryKey(table) !== undefined
  } catch {
    return false
  }
}

/** Ids tell types apart by their prefix. */
function lintPrefixes(types: GraphQLObjectType[]): string[] {
  const seen = new Map<string, string>()
  return types.flatMap((type) => {
    const shape = shapeOf(type)
    const prefix = shape?.kind === 'type' ? shape.idPrefix : undefined
    const first = prefix === undefined ? undefined : seen.get(prefix)
    if (prefix !== undefined && !first) seen.set(prefix, type.name)
    return first ? [`${type.name}: its ids begin as those of ${first} do`] : []
  })
}

function lintRoot(field: Field, spec: FieldSpec, say: Say) {
  if (spec.kind === 'rootConnection') lintConnection(field, spec.list, say)
  else if (spec.kind !== 'rootOne') say(`a ${spec.kind} field can't stand on a root`)
  else if (!targetOf(field)) say('leads to a type that declares no table')
  if (isNonNullType(field.type)) say('is not nullable, but a read can be refused')
}

function lintField(place: Place) {
  const { field, spec, owner, isEdge, say } = place
  lintGuard(place)
  switch (spec.kind) {
    case 'column':
      return lintColumn(owner.table, spec.column, say)
    case 'needs':
      for (const column of spec.columns) lintColumn(owner.table, column, say)
      return
    case 'one':
      return lintOne(place, spec.link, spec.implied)
    case 'same':
      return lintSame(place)
    case 'cursor':
      return isEdge ? undefined : say('a cursor stands only on an edge')
    case 'many':
      return lintMany(field, spec.list, say)
    case 'connection':
      return lintConnection(field, spec.list, say)
    case 'rootOne':
    case 'rootConnection':
      return say(`a ${spec.kind} field stands only on a root`)
  }
}

function lintGuard({ field, spec, owner, say }: Place) {
  if (!spec.guard) return
  if (!owner.guards[spec.guard]) say(`its type has no guard ${spec.guard}`)
  if (isNonNullType(field.type)) say('is guarded but not nullable')
}

function lintColumn(table: Row, name: string, say: Say) {
  const column = table[name]
  if (!column) return say(`there is no column ${name}`)
  const type = column.getSQLType()
  if (type === 'bytea') say(`the column ${name} is bytea, which JSON does not hold`)
  if (type.startsWith('timestamp') && !type.includes('with time zone')) say(`the column ${name} has no time zone`)
}

function lintOne({ field, owner, say }: Place, link: Link, implied: boolean) {
  const target = targetOf(field)
  if (!target) return say('leads to a type that declares no table')
  const required = isNonNullType(field.type)
  if (required && target.visible && !implied)
    say('is not nullable, though its row can be hidden: say implied or nullable')
  if ('on' in link) return required ? say('is found by a condition, so it must be nullable') : undefined
  const to = namesOf(target.table, link.to, say)
  const from = namesOf(owner.table, link.from, say)
  if (!isUniqueBy(target.table, to)) say(`${to.join(', ')} may fit several rows: there is no unique index`)
  if (required && link.from.some((key) => !owner.table[key]?.notNull)) {
    say(`is not nullable, though ${from.join(', ')} may be null`)
  }
}

function lintSame({ field, owner, isEdge, say }: Place) {
  if (targetOf(field)?.table !== owner.table) say('leads to a type of another table')
  const isNode = isEdge && field.name === 'node'
  if (isNonNullType(field.type) !== isNode) say(isNode ? "an edge's node is not nullable" : 'must be nullable')
}

function lintMany(field: Field, list: ListSpec, say: Say) {
  const target = targetOf(field)
  if (!target) return say('leads to a type that declares no table')
  for (const name of Object.keys(list.orders)) namesOfOrder(target.table, list, name, say)
}

/** Every order must be one scan of an index, from the rows of the relation on; so must what a filter begins with. */
function lintConnection(field: Field, list: ListSpec, say: Say) {
  const connection = getNamedType(field.type)
  if (shapeOf(connection)?.kind !== 'connectionType') return say('leads to a type that is no connection')
  const edge = shapeOf(edgeOf(connection))
  if (edge?.kind !== 'type') return say('its edges declare no table')
  const { table } = edge
  if (!list.orders[list.defaultOrder.name]) say(`there is no order ${list.defaultOrder.name}`)
  // What a condition finds is read in the order of the whole table.
  const relation = list.link && 'to' in list.link ? namesOf(table, list.link.to, say) : []
  for (const name of Object.keys(list.orders)) {
    const columns = [...relation, ...namesOfOrder(table, list, name, say)]
    if (!edge.relation && !hasIndex(table, columns)) say(`no index serves the order ${name}: (${columns.join(', ')})`)
  }
  for (const [name, { column }] of Object.entries(list.filters)) {
    if (column === undefined || edge.relation) continue
    const [filtered = ''] = namesOf(table, [column], say)
    if (!hasIndex(table, [filtered]) && !hasIndex(table, [...relation, filtered])) {
      say(`no index serves the filter ${name}: (${[...relation, filtered].join(', ')})`)
    }
  }
}

/** The names in the database of columns known by their keys. */
function namesOf(table: Row, keys: string[], say: Say): string[] {
  return keys.flatMap((key) => {
    if (!table[key]) say(`there is no column ${key}`)
    return table[key]?.name ?? []
  })
}

function namesOfOrder(table: Row, list: ListSpec, order: string, say: Say): string[] {
  const keys = list.orders[order] ?? []
  const names = namesOf(table, keys, say)
  if (names.length < keys.length || !hasKey(table)) return names
  const columns = orderColumns(list, order, table)
  for (const column of columns) if (!column.notNull) say(`the order ${order} has ${column.name}, which may be null`)
  return columns.map((column) => column.name)
}
