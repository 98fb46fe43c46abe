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

export interface RowSearch {
  /** Searches one row; null where none fits, or where one of the callers does not see it. */
  find(search: Search): Promise<object | null>
  /** Nothing is sent any more; waits for what was sent. What is still searched for is refused. */
  stop(): Promise<void>
}

interface Pending {
  search: Search
  found: PromiseWithResolvers<object | null>
}

/** The searches of one statement. It has a text for each shape, so it must not have too many of them. */
const MOST_AT_ONCE = 4

/** @param callers those who must all see what is found */
export function createRowSearch(tx: Transaction, callers: Caller[]): RowSearch {
  const waiting: Pending[] = []
  let running: Promise<void> | null = null
  let isStopped = false

  async function searchAll() {
    while (waiting.length > 0) {
      const some = waiting.splice(0, MOST_AT_ONCE)
      try {
        if (isStopped) throw new StoppedError()
        await searchSome(some)
      } catch (error) {
        for (const { found } of some) found.reject(error)
      }
    }
    running = null
  }

  async function searchSome(some: Pending[]) {
    const [row] = await searchStatement(tx, { searches: some.map(({ search }) => search), callers })
    for (const [place, { search, found }] of some.entries()) {
      const json = row?.[nameOf(place)]
      found.resolve(json ? readRowJson(search.table, json) : null)
    }
  }

  return {
    find(search) {
      const found = Promise.withResolvers<object | null>()
      waiting.push({ search, found })
      // What is asked for in the same turn is asked for before this runs.
      running ??= Promise.resolve().then(searchAll)
      return found.promise
    },
    async stop() {
      isStopped = true
      await running
    },
  }
}

/** Something else was not found, so that the rest need not be searched for. */
class StoppedError extends Error {
  override name = 'StoppedError'
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
