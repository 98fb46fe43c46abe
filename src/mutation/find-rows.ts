/** Finds the rows that an input names: those that are asked for at the same time are found in one statement. */
import { and, getTableName, sql } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'
import type { Caller } from '../authority/caller.ts'
import { callersStatement } from '../authority/caller-statement.ts'
import type { Transaction } from '../db/database.ts'
import { type Part, sqlOf } from '../db/rendered.ts'
import type { Visibility } from '../read/spec.ts'
import { rowOf } from '../read/sql.ts'
import { readRowJson, rowJson } from './row-json.ts'

/** One row of a table that is searched for. */
export interface Search {
  table: PgTable
  visible: Visibility | undefined
  fits: Part
}

/** Searches rows; null where none fits, or where one of the callers does not see it. */
export type RowSearch = (search: Search) => Promise<object | null>

interface Pending {
  search: Search
  found: PromiseWithResolvers<object | null>
}

/** The searches of one statement. It has a text for each shape, so it must not have too many of them. */
const MOST_AT_ONCE = 4

/** @param callers those who must all see what is found */
export function createRowSearch(tx: Transaction, callers: Caller[]): RowSearch {
  let waiting: Pending[] = []

  async function searchAll() {
    const all = waiting
    waiting = []
    for (let from = 0; from < all.length; from += MOST_AT_ONCE) {
      const some = all.slice(from, from + MOST_AT_ONCE)
      const searches = some.map(({ search }) => search)
      try {
        const [row] = await searchStatement(tx, { searches, callers })
        for (const [place, { search, found }] of some.entries())
          found.resolve(readFound(search, row?.[nameOf(place)] ?? null))
      } catch (error) {
        for (const { found } of all.slice(from)) found.reject(error)
        return
      }
    }
  }
  return (search) => {
    // What is asked for in the same turn is asked for before this runs.
    if (waiting.length === 0) queueMicrotask(searchAll)
    const found = Promise.withResolvers<object | null>()
    waiting.push({ search, found })
    return found.promise
  }
}

function readFound({ table }: Search, row: unknown[] | null): object | null {
  return row && readRowJson(table, row)
}

const nameOf = (place: number) => `row${place}`

interface Searches {
  searches: Search[]
  callers: Caller[]
}

const searchStatement = callersStatement<Searches, Record<string, unknown[] | null>>({
  callersOf: ({ callers }) => callers,
  shape: ({ searches }) => searches.map(shapeOf).join('\n'),
  build(callers, parameter, { searches }) {
    const rows = searches.map(({ table, visible, fits }, place) => {
      const condition = sqlOf(fits, (index) => parameter(null, (run) => run.searches[place]?.fits.values[index]))
      const where = and(condition, ...callers.map((caller) => visible?.(rowOf(table), caller)))
      return sql`(select ${rowJson(table)} from ${table} where ${where} limit 1) as ${sql.identifier(nameOf(place))}`
    })
    return sql`select ${sql.join(rows, sql`, `)}`
  },
})

function shapeOf({ table, visible, fits }: Search): string {
  return `${getTableName(table)} ${numberOf(visible)} ${fits.text}`
}

const numbers = new Map<Visibility | undefined, number>()

/** A number for each condition by which rows are visible: there are as many as kinds of things. */
function numberOf(visible: Visibility | undefined): number {
  const known = numbers.get(visible) ?? numbers.size
  numbers.set(visible, known)
  return known
}
