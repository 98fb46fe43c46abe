// Runs on the embedded database.
// Runs with whole servers.

import { sql } from 'drizzle-orm'
import { describe, expect, test, vi } from 'vitest'
import { readRows } from '../../src/db/database.ts'
import { createStartedStore } from '../support/database.ts'
import { addLaterMigration, FIRST_COUNTS, readCounts, readMigrations } from '../support/first-start.ts'
import { createStore, lookInto, runCommand, runProgram, startProgram, usernameOf } from '../support/program.ts'

// Processes start slowly where many tests run beside this one.
vi.setConfig({ testTimeout: 120_000 })

const KEY = 'value-of-the-variable-0123456789-abcdef'

describe('a data folder in use', () => {
  test('is refused to a second server and to a command within 3 s, with the address to use instead', async () => {
    const store = { ...(await createStartedStore()).environment, ROOT_API_KEY: KEY }
    const program = await startProgram(store)

    const afterMs: number[] = []
    for (const args of [['serve'], ['migrate'], ['users']]) {
      const end = await runProgram(args, store)
      const { code, stdout, stderr } = end

      expect(code, args.join()).toBeGreaterThan(0)
      expect(stdout).toBe('')
      expect(stderr).toMatch(/^chatelaine: .*in use.*\n$/)
      expect(stderr).toContain(`--url ${program.url}`)
      afterMs.push(end.afterMs)
    }
    expect(Math.min(...afterMs)).toBeLessThan(3000)
    expect(await usernameOf(program, KEY)).toBe('root')
  })

  test('is told apart from its server’s address, which a killed server leaves behind', async () => {
    const store = { ...(await createStartedStore()).environment, ROOT_API_KEY: KEY }
    const first = await startProgram(store)
    await first.stop('SIGKILL')

    const second = await startProgram(store)

    expect(await usernameOf(second, KEY)).toBe('root')
    const { stderr } = await runProgram(['users'], store)
    expect(stderr).toContain(`--url ${second.url}`)
  })
})

describe('a start', () => {
  test('prints root’s key the first time alone, and knows later how many rows the tables have: nothing else gathers that', async () => {
    const store = await createStore()
    const first = await startProgram(store)
    const key = first.key ?? ''
    expect(await usernameOf(first, key)).toBe('root')
    await first.stop()

    const second = await startProgram(store)

    expect(second.key).toBe(null)
    expect(await usernameOf(second, key)).toBe('root')
    await second.stop()
    const count = sql`select reltuples::int as count from pg_class where relname = 'users'`
    expect(await lookInto(store, async ({ db }) => [...(await readRows(db, count))])).toEqual([{ count: 1 }])
  })

  test('on a folder that a newer version migrated is refused with the reason, and nothing in it is changed', async () => {
    const { environment: store } = await createStartedStore()
    const before = await lookInto(store, (database) => addLaterMigration(database))

    const { code, stdout, stderr } = await runCommand(['serve'], store)

    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(/^chatelaine: .*newer version.*20991231000000_tomorrow.*\n$/)
    expect(await lookInto(store, readMigrations)).toEqual(before)
  })
})

describe('servers that start at once on one empty folder', () => {
  test('are one that serves, and others that say who has it; root is made once', async () => {
    const store = { ...(await createStore()), ROOT_API_KEY: KEY }

    const starts = await Promise.allSettled([1, 2, 3, 4].map(() => startProgram(store)))

    const [serving, ...more] = starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []))
    const reasons = starts.flatMap((start) => (start.status === 'rejected' ? [String(start.reason)] : []))
    expect(more).toEqual([])
    expect(reasons.filter((reason) => /ended with 1: chatelaine: .*in use/.test(reason))).toHaveLength(3)
    expect(serving && (await usernameOf(serving, KEY))).toBe('root')
    await serving?.stop()
    expect(await lookInto(store, readCounts)).toEqual(FIRST_COUNTS)
  })
})
