import { type SQL, sql } from 'drizzle-orm'
import { type FieldNode, type GraphQLObjectType, getNamedType } from 'graphql'
import { argumentScope } from './arguments.ts'
import { collectFields, selectionsOf } from './collect.ts'
import { type Compilation, numberOf } from './compilation.ts'
import { badUserInput } from './errors.ts'
import { cursorSql } from './final.ts'
import { orderColumns } from './list.ts'
import { type From, fieldSql, objectSql } from './object.ts'
import { readOrder, readPage } from './page.ts'
import { countOf, isDerived, type Listed, MOST_COUNTED, orderTag, pageRows, type Selected } from './rows.ts'
import { type Direction, fieldSpec, type Row, typeSpec } from './spec.ts'
import { buildObject, literal } from './sql.ts'

/** The values that the parts of one connection share. */
interface Context extends Listed {
  /** The rows of the page. */
  row: Row
  /** The position of a row in the page, counted in the direction of the scan. */
  place: SQL
  size: SQL
  cursor: SQL
  from: From
  usesPage: boolean
  usesCount: boolean
}

/** A connection as JSON. The page is read once, whatever is selected of it; `totalCount` is computed only where it is selected. */
export function connectionSql(c: Compilation, selected: Selected, parent: Row | null): SQL {
  const context = connectionContext(c, selected)
  return c.multiply(context.page.limit, () => connectionWithin(context, parent))
}

function connectionWithin(context: Context, parent: Row | null): SQL {
  const { c, selected } = context
  const pairs: [string, SQL][] = []
  for (const [responseName, nodes] of collectFields(c, selected.type, selected.sets)) {
    const value = partSql(context, nodes)
    if (value) pairs.push([responseName, value])
  }
  const object = buildObject(pairs)
  const page = context.usesPage ? withPage(context, parent, object) : object
  return context.usesCount ? sql`(select ${page} from ${countOf(context, parent)})` : page
}

function withPage(context: Context, parent: Row | null, object: SQL): SQL {
  const rows = pageRows(context, parent)
  return sql`(select ${object} from (${rows}) as ${context.row} ${sql.join(context.from.joins, sql` `)})`
}

/** The number of items, which is counted once, whatever is selected of it. */
function counted(context: Context): SQL {
  context.usesCount = true
  return sql`counted.items`
}

function connectionContext(c: Compilation, selected: Selected): Context {
  const edge = getNamedType(selected.type.getFields().edges?.type) as GraphQLObjectType
  const order = readOrder(c, selected.list, selected.field, selected.node)
  const page = readPage(c, selected.field, selected.node)
  const time = readTime(c, selected)
  const row = c.alias(typeSpec(edge).table)
  const keys = orderColumns(selected.list, order.name, row).map((column) => sql`${column}::text`)
  // The keys are text, so that microseconds are kept.
  const cursor = sql`json_build_array(${sql.join([literal(orderTag(order)), ...keys], sql`, `)})::text`
  return {
    c,
    selected,
    page,
    order,
    edge,
    row,
    cursor,
    place: sql`${row}."$n"`,
    time,
    args: argumentScope(c, selected.field, selected.node),
    size: c.slot(`size ${numberOf(selected.node)}`, 'int', page.size),
    from: { joins: [], outer: false, cursor, time },
    usesPage: false,
    usesCount: false,
  }
}

/** Returns the time that is asked about; undefined where it is now. */
function readTime(c: Compilation, { list, field, node }: Selected): SQL | undefined {
  if (!list.hasPast) return undefined
  const args = argumentScope(c, field, node)
  return args.has('at') ? args.param('at', 'timestamptz', pastTime) : undefined
}

/** A fact that begins now may be committed a moment later, so the last seconds cannot be asked about yet. */
const SETTLED_AFTER_MS = 10_000

const pastTime = (at: Date) => settledTime('at', at)

/** Returns a time as text. @throws BAD_USER_INPUT for a time that is not at least 10 seconds in the past */
export function settledTime(argument: string, at: Date): string {
  if (at.getTime() > Date.now() - SETTLED_AFTER_MS) throw badUserInput(`"${argument}" must be at least 10 seconds ago.`)
  return at.toISOString()
}

function partSql(context: Context, nodes: FieldNode[]): SQL | undefined {
  const { c, edge, row, from } = context
  switch (nodes[0]?.name.value) {
    case 'edges':
      return aggregate(context, objectSql(c, edge, row, selectionsOf(nodes), from))
    case 'nodes':
      return aggregate(context, nodeSql(context, nodes))
    case 'pageInfo':
      return pageInfoSql(context, nodes)
    case 'totalCount':
      return counted(context)
    case 'isTotalCountExact':
      return isDerived(context) ? sql`${counted(context)} < ${literal(MOST_COUNTED)}` : literal(true)
    default:
      return typeName(c, context.selected.type)
  }
}

/** The value of `__typename`, the only other field; the executor knows it by itself. */
function typeName(c: Compilation, type: GraphQLObjectType): SQL | undefined {
  return c.isFinal ? literal(type.name) : undefined
}

function aggregate(context: Context, object: SQL): SQL {
  context.usesPage = true
  const { place, size, page } = context
  const order = page.backward ? sql`${place} desc` : place
  return sql`coalesce(json_agg(${object} order by ${order}) filter (where ${place} <= ${size}), '[]'::json)`
}

function nodeSql({ c, edge, row, from }: Context, nodes: FieldNode[]): SQL {
  const field = edge.getFields().node
  const spec = field && fieldSpec(field)
  if (!spec) throw new Error(`${edge.name}.node declares nothing.`)
  return fieldSql(c, field, spec, nodes, row, from)
}

function pageInfoSql(context: Context, nodes: FieldNode[]): SQL {
  const pageInfo = getNamedType(context.selected.type.getFields().pageInfo?.type) as GraphQLObjectType
  const pairs: [string, SQL][] = []
  for (const [responseName, [node]] of collectFields(context.c, pageInfo, selectionsOf(nodes))) {
    const value = pageInfoField(context, node?.name.value) ?? typeName(context.c, pageInfo)
    if (value) pairs.push([responseName, value])
  }
  return buildObject(pairs)
}

function pageInfoField(context: Context, name: string | undefined): SQL | undefined {
  const { page } = context
  switch (name) {
    case 'hasNextPage':
      return page.backward ? literal(page.hasBefore) : hasMore(context)
    case 'hasPreviousPage':
      return page.backward ? hasMore(context) : literal(page.hasAfter)
    case 'startCursor':
      return outermostCursor(context, page.backward ? 'desc' : 'asc')
    case 'endCursor':
      return outermostCursor(context, page.backward ? 'asc' : 'desc')
    default:
      return undefined
  }
}

function hasMore(context: Context): SQL {
  context.usesPage = true
  return sql`coalesce(max(${context.place}), 0) > ${context.size}`
}

function outermostCursor(context: Context, direction: Direction): SQL {
  context.usesPage = true
  const { c, place, size, cursor } = context
  return cursorSql(
    c,
    sql`(array_agg(${cursor} order by ${place} ${sql.raw(direction)}) filter (where ${place} <= ${size}))[1]`,
  )
}
