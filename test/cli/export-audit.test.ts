/** The audit as a file: an operator keeps what is about to be removed. */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { sql } from 'drizzle-orm'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { startApp } from '../support/app.ts'
import { change } from '../support/change.ts'
import { createStartedStore } from '../support/database.ts'
import { createFolder, type Ended, lookInto, runCommand } from '../support/program.ts'
import { ROOT_KEY } from '../support/root-key.ts'
import { query } from '../support/rows.ts'
import { createApiKey, createOrganization, createUser } from '../support/seed.ts'

// Processes start slowly where many tests run beside this one.
vi.setConfig({ testTimeout: 120_000 })

const app = startApp()

/** Exports from the app over HTTP, by root unless a key is given. */
function exportAudit(file: string, args: string[] = [], key: string = ROOT_KEY): Promise<Ended> {
  return runCommand(['--url', app.url, 'export-audit', file, ...args], { CHATELAINE_API_KEY: key })
}

function createPath(): string {
  return join(createFolder(), 'audit.jsonl')
}

type Event = Record<string, unknown>

function readLines(file: string): Event[] {
  const text = readFileSync(file, 'utf8')
  expect(text === '' || text.endsWith('\n')).toBe(true)
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line))
}

/** Adds audit rows, one a minute from this time on. */
function addEvents(count: number, from: string) {
  return query(
    app,
    sql`insert into audit_events (id, at, action, actor_kind)
      select gen_random_uuid(), ${from}::timestamptz + n * interval '1 minute', 'test ' || n, 'SYSTEM' from generate_series(0, ${count - 1}) as n`,
  )
}

describe('an export', () => {
  test('has all fields of each event in a line, and only this user of the machine can read the file', async () => {
    await query(app, sql`delete from audit_events`)
    const { organization } = await change(app.root, 'createOrganization', { name: 'acme' }, 'organization { id }')
    await change(app.root, 'updateOrganization', { organization: 'acme', title: 'Acme' })
    const file = createPath()

    const { code, stdout, stderr } = await exportAudit(file)

    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: `2 events were written to ${file}.\n`, stderr: '' })
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readdirSync(dirname(file))).toEqual(['audit.jsonl'])
    const [made, updated] = readLines(file)
    expect(made?.action).toBe('createOrganization')
    expect(updated).toEqual({
      id: expect.stringMatching(/^event_/),
      at: expect.stringMatching(/^\d{4}-.*Z$/),
      action: 'updateOrganization',
      outcome: 'DONE',
      count: 1,
      code: null,
      actorKind: 'USER',
      actorId: expect.stringMatching(/^user_/),
      actorName: 'root',
      apiKeyId: expect.stringMatching(/^key_/),
      sessionId: null,
      address: expect.stringContaining('127.0.0.1'),
      requestId: expect.any(String),
      targetType: 'Organization',
      targetId: organization.id,
      targetName: 'acme',
      organization: { id: organization.id, name: 'acme' },
      changes: [{ field: 'title', before: null, after: 'Acme' }],
    })
  })

  test('of many pages has each event once, the oldest first', async () => {
    await query(app, sql`delete from audit_events`)
    await addEvents(250, '2025-01-01T00:00:00Z')
    const file = createPath()

    const { stdout } = await exportAudit(file)

    expect(stdout).toBe(`250 events were written to ${file}.\n`)
    expect(readLines(file).map(({ action }) => action)).toEqual(Array.from({ length: 250 }, (_, n) => `test ${n}`))
  })

  test('shows how far it is', async () => {
    await query(app, sql`delete from audit_events`)
    await addEvents(20_001, '2025-01-01T00:00:00Z')
    const file = createPath()

    const { code, stderr } = await exportAudit(file)

    expect(code).toBe(0)
    expect(stderr).toBe(
      'chatelaine: 10000 of 20001 events are written.\nchatelaine: 20000 of 20001 events are written.\n',
    )
    expect(readLines(file)).toHaveLength(20_001)
  })

  test.each([
    ['2025-01-02', 1440],
    ['2025-01-01T01:00:00Z', 60],
    ['2025-01-01T01:00:00+01:00', 0],
  ])('before %s has the events that are older than that', async (before, count) => {
    await addEvents(1500, '2025-01-01T00:00:00Z')
    const file = createPath()

    const { code, stdout } = await exportAudit(file, ['--before', before])

    expect({ code, stdout }).toEqual({ code: 0, stdout: `${count} events were written to ${file}.\n` })
    expect(readLines(file)).toHaveLength(count)
  })

  test('of the operator works on the database itself', async () => {
    const { environment, remove } = await createStartedStore()
    onTestFinished(remove)
    const file = createPath()

    const { code, stdout } = await runCommand(['export-audit', file], environment)

    const rows = await lookInto(environment, (database) => query({ database }, sql`select id from audit_events`))
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${rows.length} events were written to ${file}.\n` })
    expect(readLines(file).map(({ id }) => id)).toEqual(rows.map(({ id }) => `event_${id}`))
  })

  test('with a key that may not read the whole audit says so', async () => {
    await createOrganization(app, 'acme')
    const roles = [{ role: 'AUDITOR', organization: 'acme' }]
    const bob = await createUser(app, 'bob', { roles })
    const { key } = await createApiKey(app.root, { label: 'limited', limits: roles })
    const files = [createPath(), createPath()]

    const exports = [await exportAudit(files[0] ?? '', [], bob.key), await exportAudit(files[1] ?? '', [], key)]

    for (const [index, { code, stderr }] of exports.entries()) {
      expect({ code, stderr }).toEqual({
        code: 0,
        stderr:
          'chatelaine: This key may read the audit of some organizations only: the file does not hold the other events.\n',
      })
      const names = readLines(files[index] ?? '').map((event) => (event.organization as Event | null)?.name)
      expect(new Set(names)).toEqual(new Set(['acme']))
    }
  })
})

describe('an export that fails', () => {
  test('leaves no file: the key may not read the audit, or is not valid', async () => {
    const bob = await createUser(app, 'bob')
    const file = createPath()

    const refused = await exportAudit(file, [], bob.key)
    const unknown = await exportAudit(file, [], 'chl_nonsense')
    const unreachable = await runCommand(['--url', 'http://127.0.0.1:1/graphql', 'export-audit', file])

    expect([refused.code, unknown.code, unreachable.code]).toEqual([5, 5, 3])
    expect(refused.stderr).toMatch(/^chatelaine: .*audit\.read.*\n$/)
    expect(unknown.stderr).toBe(
      'chatelaine: The server asks for a valid API key: put it into CHATELAINE_API_KEY, or run "chatelaine login".\n',
    )
    expect(refused.stdout + unknown.stdout + unreachable.stdout).toBe('')
    expect(readdirSync(dirname(file))).toEqual([])
  })

  test('half way leaves no file', async () => {
    await addEvents(20_001, '2025-01-01T00:00:00Z')
    const { id, key } = await createApiKey(app.root, { label: 'short' })
    const file = createPath()

    const running = exportAudit(file, [], key)
    await vi.waitFor(() => expect(readdirSync(dirname(file))).toHaveLength(1), { interval: 1 })
    await change(app.root, 'revokeApiKey', { apiKey: id })
    const { code, stdout } = await running

    expect({ code, stdout }).toEqual({ code: 5, stdout: '' })
    expect(readdirSync(dirname(file))).toEqual([])
  })

  test('changes no file that exists, and says so', async () => {
    const file = createPath()
    writeFileSync(file, 'an earlier export\n')

    const { code, stdout, stderr } = await exportAudit(file)

    expect({ code, stdout, stderr }).toEqual({
      code: 2,
      stdout: '',
      stderr: `chatelaine: The file "${file}" exists: choose another name, because what is in it may be nowhere else any more.\n`,
    })
    expect(readFileSync(file, 'utf8')).toBe('an earlier export\n')
  })

  test('in a folder that is missing says so in one sentence', async () => {
    const file = join(createFolder(), 'none', 'audit.jsonl')

    const { code, stderr } = await exportAudit(file)

    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: `chatelaine: The file "${file}" can’t be written (ENOENT).\n`,
    })
    expect(existsSync(dirname(file))).toBe(false)
  })

  test.each(['yesterday', '2025-13-01', '2025-01-01T00:00:00', '90'])(
    'because of --before %s says which form a time has',
    async (before) => {
      const file = createPath()

      const { code, stderr } = await exportAudit(file, ['--before', before])

      expect({ code, stderr }).toEqual({
        code: 2,
        stderr: `chatelaine: --before takes a time like 2026-01-31 or 2026-01-31T12:00:00Z, not "${before}".\n`,
      })
      expect(existsSync(file)).toBe(false)
    },
  )
})
