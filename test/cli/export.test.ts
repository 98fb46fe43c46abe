/** Everything that a caller may see, as lines of JSON or as a table; users come back by an import. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'drizzle-orm'
import { describe, expect, test, vi } from 'vitest'
import { startApp } from '../support/app.ts'
import { change } from '../support/change.ts'
import { createController, createModel } from '../support/levels.ts'
import { rolesOf } from '../support/look.ts'
import { createFolder, type Ended, runCommand } from '../support/program.ts'
import { ROOT_KEY } from '../support/root-key.ts'
import { query } from '../support/rows.ts'
import { createOrganization, createProject, createUser, grantRoles } from '../support/seed.ts'
import { ed25519Line } from '../support/ssh-wire.ts'

vi.setConfig({ testTimeout: 60_000 })

const app = startApp()
const LINES = [ed25519Line('bob@laptop'), ed25519Line('bob@desktop')]
const UNTIL = '2100-01-01T00:00:00.000Z'

/** bob, who has everything that is exported, and carl, who is disabled. */
const given = app.world(async () => {
  await createOrganization(app, 'acme')
  await createProject(app, 'apollo', 'acme')
  const roles = [
    { role: 'VERSION_MANAGER', project: 'apollo', expiresAt: UNTIL },
    { role: 'AUDITOR', organization: 'acme' },
    { role: 'VERSION_MANAGER', everywhere: true },
  ]
  const displayName = '=cmd("B"), "the" Bob'
  const bob = await createUser(app, 'bob', { organization: 'acme', displayName, roles })
  for (const key of LINES) await change(app.root, 'addSshKey', { user: 'bob', key })
  await createUser(app, 'carl')
  await change(app.root, 'disableUser', { user: 'carl' })
  await createController(app, 'gce1', 'acme')
  await createModel(app.root, 'gce1', 'web')
  await change(app.root, 'grantControllerAccess', { user: 'bob', controller: 'gce1', access: 'ADD_MODEL' })
  await change(app.root, 'grantModelAccess', { user: 'bob', controller: 'gce1', model: 'web', access: 'WRITE' })
  return bob
})

function run(args: string[], key: string = ROOT_KEY): Promise<Ended> {
  return runCommand(['--url', app.url, ...args], { CHATELAINE_API_KEY: key })
}

function linesOf({ stdout }: Ended): Record<string, unknown>[] {
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line))
}

/** What an export is to bring back. */
async function readBob() {
  const { user } = await app.root.ok(
    `{ user(username: "bob") { displayName email kind isActive organization { name } sshKeys { nodes { publicKey } }
      roles { edges { expiresAt } } } }`,
  )
  return [await rolesOf(app.root, 'bob'), user]
}

describe('an export of users', () => {
  test('has what an import takes, and no secret', async () => {
    given()

    const lines = linesOf(await run(['export', 'users']))

    expect(lines.map(({ username }) => username)).toEqual(['bob', 'carl', 'root'])
    const [bob, carl] = lines
    expect(bob).toEqual({
      username: 'bob',
      kind: 'HUMAN',
      displayName: '=cmd("B"), "the" Bob',
      email: 'bob@example.test',
      organization: 'acme',
      roles: expect.arrayContaining([
        { role: 'VERSION_MANAGER', project: 'apollo', expiresAt: UNTIL },
        { role: 'AUDITOR', organization: 'acme' },
        { role: 'VERSION_MANAGER', everywhere: true },
      ]),
      sshKeys: LINES,
    })
    expect(carl).toMatchObject({ isActive: false, roles: [], sshKeys: [] })
  })

  test.each([
    ['jsonl', 'chatelaine'],
    ['csv', 'csv'],
  ])('as %s comes back by an import', async (format, from) => {
    given()
    const file = join(createFolder(), 'users')
    const before = await readBob()
    const exported = await run(['export', 'users', '--format', format, '--file', file])
    for (const user of ['bob', 'carl']) await change(app.root, 'deleteUser', { user })

    const { stdout } = await run(['import', file, '--from', from])

    expect(exported.stderr).toBe(`chatelaine: 3 users were written to ${file}.\n`)
    expect(stdout).toContain('2 created, 0 updated, 0 unchanged, 0 failed\n')
    expect(await readBob()).toEqual(before)
    const { user } = await app.root.ok('{ user(username: "carl") { isActive } }')
    expect(user).toEqual({ isActive: false })
  })

  test('as a table has no formulas', async () => {
    given()

    const { stdout } = await run(['export', 'users', '--format', 'csv'])

    const [header, bob] = stdout.split('\n')
    expect(header).toBe('username,displayName,email,kind,organization,isActive,roles,sshKeys')
    expect(bob).toMatch(
      /^bob,"'=cmd\(""B""\), ""the"" Bob",bob@example\.test,HUMAN,acme,,"?[^"]*AUDITOR@organization:acme/,
    )
  })

  test('has only what the caller may see', async () => {
    const bob = given()
    await createUser(app, 'dave', { organization: 'acme' })
    const manager = await createUser(app, 'manager')
    await grantRoles(app, 'manager', [{ role: 'ORGANIZATION_ADMIN', organization: 'acme' }])

    const own = linesOf(await run(['export', 'users'], (await createUser(app, 'plain')).key))
    const seen = linesOf(await run(['export', 'users'], bob.key))
    const managed = linesOf(await run(['export', 'users'], manager.key))

    expect(own.map(({ username }) => username)).toEqual(['plain'])
    expect(seen.map(({ username }) => username)).toEqual(['bob', 'dave'])
    const known = managed.map(({ username, email }) => [username, email])
    expect(known).toContainEqual(['dave', 'dave@example.test'])
    expect(known).not.toContainEqual(['carl', 'carl@example.test'])
  })

  test('of many pages has each user once', async () => {
    await query(
      app,
      sql`insert into users (id, organization_id, username, kind) select gen_random_uuid(), o.id, 'u' || n, 'HUMAN'
        from organizations as o, generate_series(1, 230) as n where o.name = 'default'`,
    )

    const lines = linesOf(await run(['export', 'users']))

    expect(new Set(lines.map(({ username }) => username)).size).toBe(233)
    expect(lines.length).toBe(233)
  })
})

describe('an export of grants', () => {
  const texts = (ended: Ended) =>
    linesOf(ended)
      .map(({ username, role, level, scope, project, organization, controller, model }) =>
        [username, role ?? level, scope, project ?? organization, controller, model].filter((part) => part).join(' '),
      )
      .sort()

  test('has roles and levels with their scopes and granters, and not what follows from them', async () => {
    given()

    const ended = await run(['export', 'grants'])

    expect(texts(ended)).toEqual([
      'bob ADD_MODEL gce1',
      'bob AUDITOR ORGANIZATION acme',
      'bob VERSION_MANAGER EVERYWHERE',
      'bob VERSION_MANAGER PROJECT apollo',
      'bob WRITE gce1 web',
      'root ADMIN gce1 web',
      'root ADMINISTRATOR EVERYWHERE',
    ])
    const onApollo = linesOf(ended).find(({ project }) => project === 'apollo')
    expect(onApollo).toMatchObject({ expiresAt: UNTIL, grantedByName: 'root', since: expect.any(String) })
  })

  test('is as of a time', async () => {
    given()
    const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString()
    await query(app, sql`update users set created_at = ${hoursAgo(9)}`)
    await query(
      app,
      sql`update role_grants set since = ${hoursAgo(3)}, ended_at = ${hoursAgo(1)} where organization_id is not null`,
    )

    const [then, before] = [
      await run(['export', 'grants', '--at', hoursAgo(2)]),
      await run(['export', 'grants', '--at', hoursAgo(4)]),
    ]
    const now = await run(['export', 'grants'])

    expect(texts(then)).toEqual(['bob AUDITOR ORGANIZATION acme', 'bob VERSION_MANAGER PROJECT apollo'])
    expect(texts(before)).toEqual([])
    expect(texts(now)).not.toContain('bob AUDITOR ORGANIZATION acme')
  })
})

describe('an export of the audit', () => {
  test('is a table too, with the changes as JSON', async () => {
    given()

    const { code, stdout } = await run(['export', 'audit', '--format', 'csv', '--before', '2100-01-01'])

    const lines = stdout.split('\n')
    expect(code).toBe(0)
    expect(lines[0]).toMatch(/^id,at,action,outcome,/)
    expect(lines.find((line) => line.includes(',createOrganization,'))).toMatch(/,acme,"\[\{""field"":/)
    expect(linesOf(await run(['export', 'audit']))).toHaveLength(lines.length - 2)
  })
})

describe('an export that fails', () => {
  test.each([
    [['roles'], /"roles" can’t be exported, but users, grants, audit can/],
    [['users', '--format', 'xml'], /--format takes jsonl or csv, not "xml"/],
    [['users', '--at', '2026-01-01'], /--at is for grants/],
    [['grants', '--before', '2026-01-01'], /--before is for the audit/],
    [['grants', '--at', 'yesterday'], /--at takes a time like/],
  ])('because of %j says what it takes', async (args, message) => {
    const { code, stdout, stderr } = await run(['export', ...args])

    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(message)
  })

  test('because the caller may not see it, or it cannot be asked, says so', async () => {
    const { key } = await createUser(app, 'plain')

    const refused = await run(['export', 'audit'], key)
    const early = await run(['export', 'grants', '--at', new Date().toISOString()])

    expect([refused.code, refused.stdout]).toEqual([5, ''])
    expect(refused.stderr).toMatch(/audit\.read.*\nchatelaine: What was written is not complete\.\n$/)
    expect(early.code).toBe(2)
    expect(early.stderr).toMatch(/10 seconds/)
  })

  test('changes no file that exists', async () => {
    const file = join(createFolder(), 'users')
    await run(['export', 'users', '--file', file])
    const first = readFileSync(file, 'utf8')

    const { code, stderr } = await run(['export', 'users', '--file', file])

    expect(code).toBe(2)
    expect(stderr).toMatch(/exists: choose another name/)
    expect(readFileSync(file, 'utf8')).toBe(first)
  })
})
