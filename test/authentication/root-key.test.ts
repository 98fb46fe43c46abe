import { sql } from 'drizzle-orm'
import { describe, expect, test, vi } from 'vitest'
import { ask, createStore, lookInto, type Program, startProgram, usernameOf } from '../support/program.ts'

// Processes start slowly where many tests run beside this one.
vi.setConfig({ testTimeout: 120_000 })

const FIRST = 'first-value-of-the-variable-0123456789'
const SECOND = 'second-value-of-the-variable-012345678'

describe('ROOT_API_KEY at later starts', () => {
  test('another value ends the variable’s key alone; no variable changes nothing', async () => {
    const store = await createStore()
    const first = await startProgram(store)
    const printed = first.key ?? ''
    await first.stop()
    const withFirst = await startProgram({ ...store, ROOT_API_KEY: FIRST })
    const alice = await makeAdministrator(withFirst, FIRST)
    await withFirst.stop()

    const withSecond = await startProgram({ ...store, ROOT_API_KEY: SECOND })
    expect(await usernameOf(withSecond, FIRST)).toBe(401)
    expect(await usernameOf(withSecond, SECOND)).toBe('root')
    expect(await usernameOf(withSecond, printed)).toBe('root')
    expect(await usernameOf(withSecond, alice)).toBe('alice')
    await withSecond.stop()

    const without = await startProgram(store)
    expect(without.key).toBe(null)
    expect(await usernameOf(without, SECOND)).toBe('root')
    expect(await usernameOf(without, printed)).toBe('root')
    await without.stop()

    const empty = await startProgram({ ...store, ROOT_API_KEY: '' })
    expect(await usernameOf(empty, SECOND)).toBe('root')
  })

  test('the same value does not bring back what was revoked', async () => {
    const store = { ...(await createStore()), ROOT_API_KEY: FIRST }
    const first = await startProgram(store)
    const alice = await makeAdministrator(first, FIRST)
    await revokeOwnKey(first, FIRST)
    expect(await usernameOf(first, FIRST)).toBe(401)
    await first.stop()

    const second = await startProgram(store)

    expect(await usernameOf(second, FIRST)).toBe(401)
    expect(await usernameOf(second, alice)).toBe('alice')
    await second.stop()
    const keys = await lookInto({ ...store }, ({ db }) =>
      db.execute<{ count: number }>(sql`select count(*)::int as count from api_keys where source = 'ENVIRONMENT'`),
    )
    expect([...keys]).toEqual([{ count: 1 }])
  })
})

async function revokeOwnKey(program: Program, key: string) {
  const { data } = await ask(program, key, '{ viewer { apiKey { id } } }')
  return ask(
    program,
    key,
    'mutation ($input: RevokeApiKeyInput!) { revokeApiKey(input: $input) { __typename ... on Error { message } } }',
    { input: { apiKey: data.viewer.apiKey.id } },
  )
}

async function makeAdministrator(program: Program, key: string): Promise<string> {
  const { data } = await ask(
    program,
    key,
    'mutation { createUser(input: { username: "alice", isAdmin: true }) { ... on CreateUserPayload { secret } } }',
  )
  return data.createUser.secret
}
