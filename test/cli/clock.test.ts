// Runs on both databases.
// Runs with whole servers.
/** A start with a wrong clock: what was granted later than the clock says would not count. */
import { sql } from 'drizzle-orm'
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { createStartedStore } from '../support/database.ts'
import { lookInto, runCommand, usernameOf } from '../support/program.ts'
import { ROOT_KEY } from '../support/root-key.ts'
import { query } from '../support/rows.ts'
import { serveHere } from '../support/serving.ts'

// Processes start slowly where many tests run beside this one.
vi.setConfig({ testTimeout: 120_000 })

async function createStarted(): Promise<Record<string, string>> {
  const { environment, remove } = await createStartedStore()
  onTestFinished(remove)
  return { ...environment, ROOT_API_KEY: ROOT_KEY }
}

type Store = Record<string, string>

/** Puts the newest row of a table so far ahead of the clock of the database. */
function putAhead(store: Store, table: string, column: string, seconds: number) {
  const [on, at] = [sql.identifier(table), sql.identifier(column)]
  return lookInto(store, (database) =>
    query({ database }, sql`update ${on} set ${at} = clock_timestamp() + ${seconds} * interval '1 second'`),
  )
}

const TIME = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`

describe('a database with a row that is ahead of its clock', () => {
  test.each([
    ['serve', 'audit_events', 'at'],
    ['serve', 'role_grants', 'since'],
    ['migrate', 'role_grants', 'since'],
  ])('by more than a minute stops "%s" in one sentence with both times: %s', async (command, table, column) => {
    const store = await createStarted()
    await putAhead(store, table, column, 90)

    const { code, stdout, stderr } = await runCommand([command], { ...store, ROOT_API_KEY: `${ROOT_KEY}-another` })

    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    const [, newest = '', now = ''] = new RegExp(
      `^chatelaine: The newest row of the database, in ${table}, is of (${TIME}), but the clock of the database says (${TIME}): correct that clock, or wait until then where it is right\\.\n$`,
    ).exec(stderr) ?? [stderr]
    expect(Math.abs(Date.parse(newest) - Date.parse(now) - 90_000), stderr).toBeLessThan(15_000)
    // Nothing was written with the wrong time.
    const keys = await lookInto(store, (database) => query({ database }, sql`select id from api_keys`))
    expect(keys).toHaveLength(1)
  })

  test('by less than a minute serves', async () => {
    const store = await createStarted()
    await putAhead(store, 'audit_events', 'at', 50)

    const program = await serveHere(store)

    expect(await usernameOf(program, ROOT_KEY)).toBe('root')
  })
})

describe('a server whose clock differs from that of the database', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  test.each([
    ['ahead of', 120],
    ['behind', -120],
  ])('says so at its start: it is %s that by %i s', async (direction, seconds) => {
    const store = await createStarted()
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 })

    const { code, stdout } = await runCommand(['migrate'], store)

    expect(code).toBe(0)
    const said = new RegExp(
      `^The clock of this server is ${direction} that of the database by (\\d+) s: correct it, because times that callers give are compared with it\\.$`,
      'm',
    )
    expect(Math.abs(Number(said.exec(stdout)?.[1]) - 120), stdout).toBeLessThan(15)
  })

  test('by less than a minute says nothing', async () => {
    const store = await createStarted()
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 45_000 })

    const { code, stdout } = await runCommand(['migrate'], store)

    expect({ code, stdout }).toEqual({ code: 0, stdout: 'The database is up to date.\n' })
  })
})
