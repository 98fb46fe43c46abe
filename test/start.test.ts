import { sql } from 'drizzle-orm'
import { describe, expect, test, vi } from 'vitest'
import { createFolder, createStore, lookInto, runProgram, startProgram, usernameOf } from './support/program.ts'

// Processes start slowly where many tests run beside this one.
vi.setConfig({ testTimeout: 120_000 })

const FIRST = 'first-value-of-the-variable-0123456789'

describe('the first start', () => {
  test('prints the address and root’s key; later ones print no key, are ready within 3 s, and the key still works', async () => {
    const store = await createStore()

    const first = await startProgram(store)
    expect(first.readyAfterMs).toBeLessThan(15_000)
    const key = first.key ?? ''
    expect(first.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/graphql$/)
    expect(key).toMatch(/^chl_/)
    expect(await usernameOf(first, key)).toBe('root')
    const end = await first.stop()
    expect(end.stdout.split(key)).toHaveLength(2)
    expect(end.stderr).toBe('')

    const readyAfterMs: number[] = []
    for (let round = 0; round < 3 && !(Math.min(...readyAfterMs) < 3000); round++) {
      const later = await startProgram(store)
      readyAfterMs.push(later.readyAfterMs)
      expect(later.key).toBe(null)
      expect(await usernameOf(later, key)).toBe('root')
      expect((await later.stop()).stdout).not.toContain('chl_')
    }
    expect(Math.min(...readyAfterMs)).toBeLessThan(3000)
  })

  test('with ROOT_API_KEY prints no key, and nothing but the variable’s value lets anybody in', async () => {
    const program = await startProgram({ ...(await createStore()), ROOT_API_KEY: FIRST })

    expect(program.key).toBe(null)
    expect(await usernameOf(program, FIRST)).toBe('root')
    for (const guess of [null, 'root', 'admin', 'undefined', 'chl_', FIRST.slice(1)]) {
      expect(await usernameOf(program, guess)).toBe(401)
    }
    const { stdout, stderr } = await program.stop()
    expect(stdout + stderr).not.toContain(FIRST)
  })
})

describe('what stops the start', () => {
  test.each([
    ['PORT', 'abc', 1],
    ['DATABASE_URL', 'mysql://localhost/db', 1],
    ['DATABASE_URL', 'postgres://nobody:secret-password@127.0.0.1:1/none', 3],
    ['ROOT_API_KEY', 'a'.repeat(31), 1],
    ['DATA_DIR', '/dev/null/data', 1],
    ['HOST', 'no.such.host.invalid', 1],
  ])(
    '%s=%s: the message names the variable, the exit code is %i, and there is no stack trace',
    async (name, value, exit) => {
      const store = ['HOST', 'ROOT_API_KEY'].includes(name) ? await createStore() : { DATA_DIR: createFolder() }

      const { code, stdout, stderr } = await runProgram(['serve'], { ...store, [name]: value })

      expect(code).toBe(exit)
      expect(stdout).not.toContain('listens')
      expect(stderr).toMatch(new RegExp(`^chatelaine: .*${name}.*\\n$`))
      expect(stderr).not.toMatch(/secret-password|aaaaaaa/)
    },
  )

  test('a port in use is said so', async () => {
    const store = await createStore()
    const first = await startProgram(store)
    const { port } = new URL(first.url)

    const { code, stderr } = await runProgram(['serve'], { ...(await createStore()), PORT: port })

    expect(code).toBe(1)
    expect(stderr).toMatch(/^chatelaine: PORT .*in use.*\n$/)
  })

  test('a database that a newer version migrated is refused with the reason, and nothing in it is changed', async () => {
    const store = await createStore()
    const first = await startProgram(store)
    await first.stop()
    const migrations = sql`select name from drizzle.__drizzle_migrations order by name`
    const before = await lookInto(store, async ({ db }) => {
      await db.execute(sql`insert into drizzle.__drizzle_migrations (hash, created_at, name, applied_at)
        values ('0', 4102444800000, '20991231000000_tomorrow', now())`)
      return [...(await db.execute(migrations))]
    })

    const { code, stdout, stderr } = await runProgram(['serve'], store)

    expect(code).toBe(1)
    expect(stdout).toBe('')
    expect(stderr).toMatch(/^chatelaine: .*newer version.*20991231000000_tomorrow.*\n$/)
    expect(await lookInto(store, async ({ db }) => [...(await db.execute(migrations))])).toEqual(before)
  })
})
