import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { isPostgres } from './support/database.ts'
import { createFolder, createStore, lookInto, runProgram, startProgram, usernameOf } from './support/program.ts'

// Processes start slowly where many tests run beside this one.
vi.setConfig({ testTimeout: 120_000 })

const MIGRATIONS = new URL('../drizzle', import.meta.url)
const KEY = 'value-of-the-variable-0123456789-abcdef'

describe('a data folder in use', () => {
  test('is refused to a second server and to a command within 3 s, with the address to use instead', async () => {
    const store = { DATA_DIR: join(createFolder(), 'data'), ROOT_API_KEY: KEY }
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
    const store = { DATA_DIR: join(createFolder(), 'data'), ROOT_API_KEY: KEY }
    const first = await startProgram(store)
    await first.stop('SIGKILL')

    const second = await startProgram(store)

    expect(await usernameOf(second, KEY)).toBe('root')
    const { stderr } = await runProgram(['users'], store)
    expect(stderr).toContain(`--url ${second.url}`)
  })
})

describe('servers that start at once on one empty database', () => {
  test('all serve on PostgreSQL, exactly one on an embedded database, and root is made once', async () => {
    const store = { ...(await createStore()), ROOT_API_KEY: KEY }

    const starts = await Promise.allSettled([1, 2, 3, 4].map(() => startProgram(store)))

    const serving = starts.filter((start) => start.status === 'fulfilled').map((start) => start.value)
    const reasons = starts.filter((start) => start.status === 'rejected').map((start) => String(start.reason))
    expect(serving).toHaveLength(isPostgres() ? 4 : 1)
    expect(reasons.filter((reason) => /ended with 1: chatelaine: .*in use/.test(reason))).toHaveLength(
      isPostgres() ? 0 : 3,
    )
    for (const program of serving) expect(await usernameOf(program, KEY)).toBe('root')
    await Promise.all(serving.map((program) => program.stop()))
    const counts = await lookInto(store, async ({ db }) => [
      ...(await db.execute(`select (select count(*)::int from users) as users, (select count(*)::int from api_keys) as keys,
        (select count(*)::int from organizations) as organizations, (select count(*)::int from drizzle.__drizzle_migrations) as migrations`)),
    ])
    expect(counts).toEqual([{ users: 1, keys: 1, organizations: 1, migrations: readdirSync(MIGRATIONS).length }])
  })
})
