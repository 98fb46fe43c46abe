import { getNamedType, isInterfaceType, isObjectType } from 'graphql'
import { expect, test } from 'vitest'
import { placeChanges } from '../../src/entities/change/operations.ts'
import { schema } from '../../src/graphql/schema.ts'
import { startApp } from '../support/app.ts'
import { post } from '../support/post.ts'
import { snapshot } from '../support/rows.ts'
import { mutationRows } from './matrix/mutations.ts'
import { nestedRows } from './matrix/nested.ts'
import { queryRows } from './matrix/queries.ts'
import { COLUMNS, type Row } from './matrix/rows.ts'
import { type Caller, type CallerName, createWorld, type TargetName, type Things } from './matrix/world.ts'

const app = startApp()

const rows = [...queryRows, ...nestedRows, ...mutationRows]
const [done, tried] = [rows.filter(({ isDone }) => isDone), rows.filter(({ isDone }) => !isDone)]

test('every root field has its rows', () => {
  const roots = [schema.getQueryType(), schema.getMutationType()].flatMap((type) =>
    Object.keys(type?.getFields() ?? {}),
  )

  const covered = new Set(rows.map(({ field }) => field).filter((field) => !field.includes('.')))

  expect([...covered].sort()).toEqual(roots.sort())
})

test('every node type has its rows, by id, through each field that leads to it and for each that is guarded', () => {
  const leading = nodeTypes().flatMap((type) =>
    Object.values(type.getFields())
      .filter((field) => leadsToNode(getNamedType(field.type).name) || isGuarded(field))
      .map((field) => `${type.name}.${field.name}`),
  )

  const byId = rows.filter(({ field }) => field === 'node' || field === 'nodes').map(({ field, note }) => field + note)
  const covered = nestedRows.map(({ field }) => field)

  expect(byId.sort()).toEqual(
    nodeTypes()
      .flatMap(({ name }) => [`node${name}`, `nodes${name}`])
      .sort(),
  )
  expect(covered.sort()).toEqual(leading.sort())
})

function nodeTypes() {
  const node = schema.getType('Node')
  if (!isInterfaceType(node)) throw new Error('There is no Node.')
  return schema.getPossibleTypes(node).filter(isObjectType)
}

function isGuarded({ extensions }: { extensions: object }): boolean {
  const { read } = extensions as { read?: { guard?: string } }
  return read?.guard !== undefined
}

function leadsToNode(type: string): boolean {
  return type.endsWith('Connection') || nodeTypes().some(({ name }) => name === type)
}

test('every caller gets from every field what the design says, foreign things answer as missing to the byte, and nothing is written', async () => {
  const callers = await createWorld(app)
  await placeChanges(app.database)
  const before = await snapshot(app)

  const cells: Cell[] = []
  for (const caller of callers) for (const row of tried) cells.push(...(await askAll(caller, row)))
  const after = await snapshot(app)
  for (const caller of callers) for (const row of done) cells.push(...(await askAll(caller, row)))

  const wrong = cells.filter(({ got, wanted }) => got !== wanted)
  expect.soft(wrong.map(({ where, got, wanted }) => `${where}: ${got} instead of ${wanted}`)).toEqual([])
  expect.soft(cells.flatMap(({ leak }) => leak ?? [])).toEqual([])
  expect(after).toEqual(before)
  expect(cells.length).toBe(12787)
}, 240_000)

interface Cell {
  where: string
  wanted: string
  got: string
  /** The answer, with the names of what was asked about taken out. */
  text: string
  /** How the answer tells foreign from missing, where it must not. */
  leak?: { where: string; foreign: string; missing: string }
}

/** One row for one caller: a cell for each target. */
async function askAll(caller: Caller, row: Row): Promise<Cell[]> {
  const cells: Cell[] = []
  for (const target of Object.keys(row.expect) as TargetName[]) {
    const wanted = wantedOf(row, caller, target)
    const asked = await ask(caller, row, target)
    cells.push({ where: `${caller.name}: ${row.field} ${row.note ?? ''} ${target}`, wanted, ...asked })
  }
  const missing = cells.find(({ where }) => where.endsWith('missing'))
  for (const cell of cells) {
    if (cell.wanted !== missing?.wanted || cell.text === missing.text) continue
    cell.leak = { where: cell.where, foreign: cell.text, missing: missing.text }
  }
  return cells
}

function wantedOf(row: Row, { name, column }: Caller, target: TargetName): string {
  // Signing in is possible beside a credential that no longer counts.
  if (name === 'anonymous' || name === 'disabled user') return row.field === 'signIn' ? 'WC' : '401'
  if (name === 'read-only key' && row.field !== 'signIn' && mutationRows.includes(row)) return 'F'
  const isLeveled = COLUMNS.levels.includes(column)
  const words = isLeveled ? row.levels?.[target] : row.expect[target]
  return isLeveled && words === undefined
    ? wordOf(row, target, 'expect', 'plain user')
    : wordOf(row, target, isLeveled ? 'levels' : 'expect', column)
}

function wordOf(row: Row, target: TargetName, half: 'expect' | 'levels', name: CallerName): string {
  const words = (row[half]?.[target] ?? '').trim().split(/ +/)
  if (words.length !== COLUMNS[half].length) throw new Error(`${row.field} ${target} has ${words.length} words.`)
  return words[COLUMNS[half].indexOf(name)] ?? ''
}

async function ask(caller: Caller, row: Row, target: TargetName): Promise<{ got: string; text: string }> {
  const { targets } = caller
  const things = targets[target]
  const headers = row.isDone && caller.renew ? await caller.renew() : caller.headers
  const variables = row.variables(things, targets.own)
  const response = await post(app.url, headers, { query: row.document, variables })
  const { body } = response
  const text = `${response.status} ${describeHeaders(response.headers)} ${withoutNames(body, [things, targets.own])}`
  return { got: outcomeOf(row, response.status, JSON.parse(body)), text }
}

/** All headers but those that differ from one request to the next whatever was asked. */
function describeHeaders(headers: Headers): string {
  const changing = ['date', 'x-request-id']
  return JSON.stringify([...headers].filter(([name]) => !changing.includes(name)))
}

/** The longest names go first: some are parts of others. */
function withoutNames(body: string, sides: Things[]): string {
  const names = sides.flatMap((things): string[] => Object.values(things)).sort((a, b) => b.length - a.length)
  return names.reduce((text, name) => text.replaceAll(name, '…'), body)
}

const WORDS: Record<string, string> = {
  UNAUTHENTICATED: '401',
  FORBIDDEN: 'F',
  NotFoundError: 'NF',
  ConflictError: 'C',
  WrongCredentialsError: 'WC',
  MissingAuthorityError: 'MA',
}

interface Body {
  data: { [field: string]: Result | Result[] | null } | null
  errors?: { extensions: { code: string } }[]
}

interface Result {
  __typename: string
  totalCount?: number
  nodes?: unknown[]
  edges?: { cursor: string }[]
  pageInfo?: Record<string, unknown>
  [field: string]: unknown
}

/** An answer in one word of the matrix. */
function outcomeOf(row: Row, status: number, { data, errors }: Body): string {
  const code = errors?.[0]?.extensions.code
  if (code !== undefined) {
    const expected = code === 'UNAUTHENTICATED' ? 401 : 200
    return status === expected ? (WORDS[code] ?? code) : `${status} ${code}`
  }
  const [result] = Object.values(data ?? {}).flat()
  if (!result) return 'NULL'
  const { __typename: type, ...fields } = result
  if (type.endsWith('Payload')) return 'OK'
  if (type === 'AccessAnswer') return result.code === 'NOT_FOUND' ? 'NF' : 'OK'
  if (type === 'NotFoundError' && row.namesTwo) return `NF:${result.path}`
  if (type.endsWith('Connection')) return pageOf(result)
  if (WORDS[type]) return WORDS[type]
  const [inner] = Object.values(fields) as (Result | null)[]
  if (inner === null) return '-'
  return typeof inner?.totalCount === 'number' ? countOf(inner) : 'OK'
}

/** A page of a list at the root: nothing of it, or something. */
function pageOf(page: Result): string {
  const count = countOf(page)
  return count === '0' ? 'NULL' : /^\d+$/.test(count) ? 'OK' : count
}

/** How many items a list has; more words where its count, items, cursors and the bounds of its page do not agree. */
function countOf({ totalCount = 0, nodes = [], edges = [], pageInfo }: Result): string {
  const [first, last] = [edges[0]?.cursor ?? null, edges.at(-1)?.cursor ?? null]
  const { hasNextPage, hasPreviousPage, startCursor, endCursor } = pageInfo ?? {}
  const hasMore = totalCount > nodes.length
  const agrees = hasNextPage === hasMore && hasPreviousPage === false && startCursor === first && endCursor === last
  const isFull = nodes.length === edges.length && nodes.length > 0 === totalCount > 0
  return agrees && isFull
    ? `${totalCount}`
    : `totalCount ${totalCount} with ${JSON.stringify({ nodes, edges, pageInfo })}`
}
