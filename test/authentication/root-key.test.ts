import { sql } from 'drizzle-orm'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { readRows } from '../../src/db/database.ts'
import { createStartedStore } from '../support/database.ts'
import { ask, createStore, lookInto, runCommand, usernameOf } from '../support/program.ts'
import { ROOT_KEY } from '../support/root-key.ts'
import { type Serving, serveHere } from '../support/serving.ts'

// Processes start slowly where many tests run beside this one.
vi.setConfig({ testTimeout: 120_000 })

const FIRST = 'first-value-of-the-variable-0123456789'
const SECOND = 'second-value-of-the-variable-012345678'

describe('ROOT_API_KEY at later starts', () => {
  test('ends only the previous key of the variable if the value is new, and changes nothing if it is not set', async () => {
    const store = await createStore()
    const first = await serveHere(store)
    const printed = first.key ?? ''
    await first.stop()
    const withFirst = await serveHere({ ...store, ROOT_API_KEY: FIRST })
    const alice = await makeAdministrator(withFirst, FIRST)
    await withFirst.stop()

    const withSecond = await serveHere({ ...store, ROOT_API_KEY: SECOND })
    expect(await usernameOf(withSecond, FIRST)).toBe(401)
    expect(await usernameOf(withSecond, SECOND)).toBe('root')
    expect(await usernameOf(withSecond, printed)).toBe('root')
    expect(await usernameOf(withSecond, alice)).toBe('alice')
    await withSecond.stop()

    const without = await serveHere(store)
    expect(without.key).toBe(null)
    expect(await usernameOf(without, SECOND)).toBe('root')
    expect(await usernameOf(without, printed)).toBe('root')
    await without.stop()

    const empty = await serveHere({ ...store, ROOT_API_KEY: '' })
    expect(await usernameOf(empty, SECOND)).toBe('root')
  })

  test('does not make a revoked key valid again if the value is the same, and says so in one line', async () => {
    const { environment, remove } = await createStartedStore()
    onTestFinished(remove)
    const store = { ...environment, ROOT_API_KEY: ROOT_KEY }
    const first = await serveHere(store)
    const alice = await makeAdministrator(first, ROOT_KEY)
    await revokeOwnKey(first, ROOT_KEY)
    expect(await usernameOf(first, ROOT_KEY)).toBe(401)
    await first.stop()

    const second = await serveHere(store)

    expect(await usernameOf(second, ROOT_KEY)).toBe(401)
    expect(await usernameOf(second, alice)).toBe('alice')
    await second.stop()
    const migrated = await runCommand(['migrate'], store)
    const said = [first.said(), second.said(), migrated.stdout]
    const warnings = said.map((text) => text.split('\n').filter((line) => line.includes('ROOT_API_KEY')))
    const warning =
      'ROOT_API_KEY is set, but its key was revoked and is refused with 401: set another value, or remove the variable.'
    expect(warnings).toEqual([[], [warning], [warning]])
    expect(said.join()).not.toContain(ROOT_KEY)
    const keys = await lookInto({ ...store }, ({ db }) =>
      readRows<{ count: number }>(db, sql`select count(*)::int as count from api_keys where source = 'ENVIRONMENT'`),
    )
    expect(keys).toEqual([{ count: 1 }])
  })
})

async function revokeOwnKey(program: Serving, key: string) {
  const { data } = await ask(program, key, '{ viewer { apiKey { id } } }')
  return ask(
    program,
    key,
    'mutation ($input: RevokeApiKeyInput!) { revokeApiKey(input: $input) { __typename ... on MutationError { message } } }',
    { input: { apiKey: data.viewer.apiKey.id } },
  )
}

async function makeAdministrator(program: Serving, key: string): Promise<string> {
  const { data } = await ask(
    program,
    key,
    'mutation { createUser(input: { username: "alice", isAdmin: true }) { ... on CreateUserPayload { secret } } }',
  )
  return data.createUser.secret
}
