/** An import of many users: how long it takes, what the terminal shows, and a second run after it was cut off. */
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { startProgress } from '../../src/cli/import/progress.ts'
import { startApp } from '../support/app.ts'
import { usernameOf } from '../support/look.ts'
import { createFolder, runCommand } from '../support/program.ts'
import { ROOT_KEY } from '../support/root-key.ts'
import { query } from '../support/rows.ts'

const app = startApp()
const MANY = process.env.CHATELAINE_LONG ? 10_000 : 130
const MOST_MS = 180_000

test(`${MANY} users with keys and roles come in less than three minutes, and a second run finds what is there`, {
  timeout: 2 * MOST_MS,
}, async () => {
  const keyOf = () => randomBytes(32).toString('base64url')
  const users = Array.from({ length: MANY }, (_none, index) => ({
    name: `user${index}`,
    is_admin: false,
    api_keys: [{ created_at: '2019-07-28T15:36:07.905314', is_valid: true, key: keyOf() }],
    roles: [
      { role_name: 'PROJECT_MANAGER', project_code: `project${index % 50}` },
      { role_name: 'VERSION_MANAGER', project_code: `project${(index + 7) % 50}` },
    ],
  }))
  const write = (some: unknown) => {
    const file = join(createFolder(), 'users.json')
    writeFileSync(file, JSON.stringify(some))
    return file
  }
  const run = (file: string) =>
    runCommand(['--url', app.url, 'import', file, '--from', 'listthedocs'], { CHATELAINE_API_KEY: ROOT_KEY })

  const cutOff = await run(write(users.slice(0, 60)))
  const whole = await run(write(users))

  expect(cutOff.stdout).toBe('110 created, 0 updated, 0 unchanged, 0 failed\n')
  expect(whole.stdout).toBe(`${MANY - 60} created, 0 updated, 110 unchanged, 0 failed\n`)
  expect(whole.afterMs).toBeLessThan(MOST_MS)
  const counts = await query(
    app,
    sql`select (select count(*)::int from users where username like 'user%') as users,
      (select count(*)::int from api_keys where source = 'IMPORTED') as keys,
      (select count(*)::int from audit_events where action = 'importUsers') as events`,
  )
  expect(counts).toEqual([{ users: MANY, keys: MANY, events: MANY }])
  const last = users.at(-1)
  expect(await usernameOf(app.as(last?.api_keys[0]?.key ?? ''))).toBe(last?.name)
})

test('a terminal shows how far it is, and anything else shows nothing', () => {
  const shown = (isTTY: boolean) => {
    let text = ''
    const stderr = Object.assign(
      new Writable({
        write(chunk, _encoding, done) {
          text += chunk
          done()
        },
      }),
      { isTTY },
    )
    const progress = startProgress({ stderr }, 200, 'users')
    progress.show(100)
    progress.end()
    return text
  }

  expect(shown(true)).toBe(`\r[${'#'.repeat(15)}${' '.repeat(15)}] 100 of 200 users\r\u001b[K`)
  expect(shown(false)).toBe('')
})
