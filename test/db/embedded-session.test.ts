// Runs on the embedded database.
/** The one session of the embedded database: only its server uses it. */
import { readdirSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import pg from 'pg'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createStartedStore } from '../support/database.ts'
import { createFolder, startProgram, usernameOf } from '../support/program.ts'
import { ROOT_KEY } from '../support/root-key.ts'

// Processes start slowly where many tests run beside this one.
vi.setConfig({ testTimeout: 120_000 })

/** What breaks each request where it reaches the session of the server. */
const HARMFUL = ["set search_path = ''", 'begin', 'select pg_sleep(20)', 'deallocate all', 'select pg_advisory_lock(1)']

test('a foreign client is refused with the reason, and no request fails because of it', async () => {
  const { environment, remove } = await createStartedStore()
  onTestFinished(remove)
  const temporary = createFolder()
  const program = await startProgram({ ...environment, TMPDIR: temporary, ROOT_API_KEY: ROOT_KEY })
  const [name = ''] = readdirSync(temporary)
  const host = join(temporary, name)

  const refusals: string[] = []
  for (const statement of HARMFUL) {
    const client = new pg.Client({ host, port: 5432, user: 'postgres', database: 'postgres', ssl: false })
    client.on('error', () => {})
    const done = client.connect().then(() => client.query(statement))
    refusals.push(await done.then(String, (error) => error.message))
    expect(await usernameOf(program, ROOT_KEY)).toBe('root')
  }
  // These say nothing, or something else, and stay.
  const silent = Array.from({ length: 10 }, (_none, index) => {
    const socket = connect(join(host, '.s.PGSQL.5432'))
    if (index % 2 === 0) socket.write('GET / HTTP/1.1\r\n\r\n')
    return socket.on('error', () => {})
  })
  const during = await Promise.all(Array.from({ length: 20 }, () => usernameOf(program, ROOT_KEY)))
  for (const socket of silent) socket.destroy()

  expect(refusals).toEqual(HARMFUL.map(() => expect.stringMatching(/^The embedded database is for its server alone/)))
  expect(new Set(during)).toEqual(new Set(['root']))
  expect((await program.stop()).code).toBe(0)
})
