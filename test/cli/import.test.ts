/** Each system by the examples of its own document. */
import { createHash, pbkdf2Sync, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { sql } from 'drizzle-orm'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { startApp } from '../support/app.ts'
import { rolesOf, statusOf, usernameOf } from '../support/look.ts'
import { createFolder, type Ended, runCommand } from '../support/program.ts'
import { ROOT_KEY } from '../support/root-key.ts'
import { query, withoutWriting } from '../support/rows.ts'
import { createOrganization, createProject, createRole, createUser } from '../support/seed.ts'
import { basic } from '../support/sessions.ts'
import { ed25519Line } from '../support/ssh-wire.ts'

vi.setConfig({ testTimeout: 60_000 })

const app = startApp()

/** Writes what it is given to a file, as JSON unless it is text. */
function fileOf(content: unknown): string {
  const file = join(createFolder(), 'file')
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content))
  return file
}

function run(from: string, contents: unknown[], args: string[] = [], key: string = ROOT_KEY): Promise<Ended> {
  const files = contents.map(fileOf)
  return runCommand(['--url', app.url, 'import', ...files, '--from', from, ...args], { CHATELAINE_API_KEY: key })
}

const BAR_KEY = 'JUGT4EbTWwqL9Lr5baSLgC4iYwylC5uCWvfDpHof-XQ'
const FOO_KEY = '18634317c8d7116237af1f82f03b9a26'
const CREATED = '2019-07-28T15:36:07.905314'

describe('List The Docs', () => {
  const user = (name: string, key: string, rest: object = {}) => ({
    api_keys: [{ created_at: CREATED, is_valid: true, key }],
    created_at: CREATED,
    is_admin: false,
    name,
    roles: [],
    ...rest,
  })
  const USERS = [
    user('root', 'f9bf78b9a18ce6d46a0cd2b0b86df9da', { is_admin: true }),
    user('bar', BAR_KEY, {
      roles: [
        { role_name: 'PROJECT_MANAGER', project_code: 'project1' },
        { role_name: 'VERSION_MANAGER', project_code: 'project2' },
      ],
    }),
    user('foo', FOO_KEY, { is_admin: true }),
    user('old', 'b5b0c1b8c1f24f4c8a3f4bb2f2a3a7a1', {
      api_keys: [{ created_at: CREATED, is_valid: false, key: 'b5b0c1b8c1f24f4c8a3f4bb2f2a3a7a1' }],
    }),
  ]

  test('comes with users, keys, roles and the projects that they are on', async () => {
    const { code, stdout, stderr } = await run('listthedocs', [USERS])

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout.split('\n')).toEqual([
      'not taken: user root: root is the server’s own user here. To keep its key, start the server once with ROOT_API_KEY set to it.',
      'not taken: user old: Their key of 2019-07-28T15:36:07.905314 is not valid.',
      '5 created, 0 updated, 0 unchanged, 0 failed',
      '',
    ])
    expect(await usernameOf(app.as({ 'api-key': BAR_KEY }))).toBe('bar')
    expect(await rolesOf(app.root, 'bar')).toEqual(['PROJECT_MANAGER on project1', 'VERSION_MANAGER on project2'])
    expect(await rolesOf(app.as(FOO_KEY), 'foo')).toEqual(['ADMINISTRATOR everywhere'])
  })

  test('is unchanged by a second run, and a dry run writes nothing', async () => {
    const dry = await withoutWriting(app, () => run('listthedocs', [USERS], ['--dry-run']))
    await run('listthedocs', [USERS.slice(0, 2)])
    const second = await run('listthedocs', [USERS])
    const third = await withoutWriting(app, () => run('listthedocs', [USERS]))

    expect(dry.stdout).toContain('+ project project1\n+ project project2\n+ user bar\n+ user foo\n+ user old\n')
    expect(dry.stdout).toContain('5 created, 0 updated, 0 unchanged, 0 failed\nUsers would gain ')
    expect(second.stdout).toContain('2 created, 0 updated, 3 unchanged, 0 failed')
    expect(third.stdout).toContain('0 created, 0 updated, 5 unchanged, 0 failed')
  })

  test('comes from standard input too', async () => {
    const args = ['--url', app.url, 'import', '-', '--from', 'listthedocs']

    const { stdout } = await runCommand(args, { CHATELAINE_API_KEY: ROOT_KEY }, JSON.stringify(USERS[1]))

    expect(stdout).toBe('3 created, 0 updated, 0 unchanged, 0 failed\n')
  })
})

describe('a documentation host', () => {
  // The server remembers whose key it was, and another test begins with other users.
  const TOKEN = randomBytes(20).toString('hex')
  const HASH = `pbkdf2_sha256$1000$salt$${pbkdf2Sync('carl walks home', 'salt', 1000, 32, 'sha256').toString('base64')}`
  const DUMP = [
    { model: 'auth.group', pk: 1, fields: { name: 'Version Managers', permissions: [] } },
    { model: 'auth.group', pk: 2, fields: { name: 'Editors', permissions: [] } },
    {
      model: 'users.user',
      pk: 3,
      fields: {
        username: 'api-test2',
        first_name: 'CodePipeline',
        last_name: 'Uploader',
        email: 'me@example.test',
        password: '!unusable',
        is_active: true,
        is_superuser: false,
        groups: [1],
      },
    },
    {
      model: 'users.user',
      pk: 4,
      fields: {
        username: 'carl',
        email: '',
        password: HASH,
        is_active: true,
        is_superuser: true,
        groups: [2, ['Version Managers']],
      },
    },
    { model: 'users.user', pk: 5, fields: { username: 'gone', password: '', is_active: false, groups: [] } },
    { model: 'authtoken.token', pk: TOKEN, fields: { user: 3, created: '2023-01-01T00:00:00Z' } },
  ]

  test('comes with API users, groups as roles, tokens and passwords', async () => {
    await createRole(app, 'EDITOR', ['doc.edit'])

    const { code, stdout } = await run('docs-host', [DUMP], ['--role', 'Editors=EDITOR'])

    expect({ code, stdout }).toEqual({ code: 0, stdout: '3 created, 0 updated, 0 unchanged, 0 failed\n' })
    expect(await usernameOf(app.as({ authorization: `Token ${TOKEN}` }))).toBe('api-test2')
    expect(await rolesOf(app.root, 'api-test2')).toEqual(['VERSION_MANAGER everywhere'])
    const carl = app.as(basic('carl', 'carl walks home'))
    expect(await rolesOf(carl, 'carl')).toEqual([
      'ADMINISTRATOR everywhere',
      'EDITOR everywhere',
      'VERSION_MANAGER everywhere',
    ])
    const { a, b } = await app.root.ok(
      '{ a: user(username: "api-test2") { kind displayName email } b: user(username: "gone") { isActive } }',
    )
    expect(a).toEqual({ kind: 'SERVICE', displayName: 'CodePipeline Uploader', email: 'me@example.test' })
    expect(b).toEqual({ isActive: false })
  })

  test('says which groups have no role', async () => {
    const { stdout } = await run('docs-host', [DUMP])

    expect(stdout).toContain(
      'not taken: user carl: The group "Editors" has no role here: say which with --role "Editors=ROLE".\n',
    )
  })
})

describe('AtScale', () => {
  const ORGANIZATIONS = {
    status: { i18n_message: 'response.ok', message: 'OK' },
    response: [{ id: 'default', name: 'default', NumberOfUsers: 7 }],
  }
  const ROLES = {
    status: { i18n_message: 'response.ok', message: 'OK' },
    response: {
      roles: [
        {
          id: 'designcenter_user',
          title: 'Design Center User',
          permissions: [
            { id: 'dc_user', name: 'designcenter.user' },
            { id: 'global.project.edit', name: 'global.project.edit' },
          ],
        },
      ],
    },
  }
  const USER = {
    username: 'test-api-user',
    confirm_password: 'testpw',
    password: 'testpw',
    email: 'test-api-user@atscale.com',
    name: 'Test API User',
    roles: ['designcenter_user'],
  }

  test('comes with organizations, roles and users, whose passwords in clear text are not taken', async () => {
    const { code, stdout } = await run('atscale', [ORGANIZATIONS, ROLES, USER], ['--organization', 'default'])

    expect(code).toBe(0)
    expect(stdout).toMatch(
      /^not taken: user test-api-user: A password in clear text is not taken.*\n2 created, 0 updated, 1 unchanged, 0 failed\n$/,
    )
    expect(await rolesOf(app.root, 'test-api-user')).toEqual(['designcenter_user in default'])
    const { role } = await app.root.ok('{ role(name: "designcenter_user") { title permissions { name } } }')
    expect(role).toEqual({
      title: 'Design Center User',
      permissions: [{ name: 'designcenter.user' }, { name: 'global.project.edit' }],
    })
  })
})

describe('a User-API', () => {
  const LINE = ed25519Line('sebastien@sebastien-PC')
  const USERS = [
    {
      name: 'admin',
      active: true,
      credentials: [{ name: 'admin', type: 'jsonfile', key: { file: 'google_cred_file' } }],
      ssh_keys: [LINE],
      controllers: [{ name: 'gce1', access: 'superuser', models: [{ name: 'default', access: 'admin' }] }],
    },
    {
      name: 'reader',
      active: false,
      credentials: [],
      ssh_keys: [],
      controllers: [
        { gce1: { access: 'add-model', models: [{ controller: 'read' }, { default: 'write' }], type: 'google' } },
      ],
    },
  ]

  test('comes with users, SSH keys, credentials, controllers, models and levels', async () => {
    const dry = await withoutWriting(app, () => run('user-api', [USERS], ['--dry-run']))
    const { code, stdout } = await run('user-api', [USERS])
    const again = await withoutWriting(app, () => run('user-api', [USERS]))

    expect({ code, stdout }).toEqual({ code: 0, stdout: '11 created, 0 updated, 0 unchanged, 0 failed\n' })
    expect(dry.stdout).toContain('11 created, 0 updated, 0 unchanged, 0 failed')
    expect(again.stdout).toBe('0 created, 0 updated, 11 unchanged, 0 failed\n')
    const { admin, reader } = await app.root.ok(
      `{ admin: user(username: "admin") { ...All } reader: user(username: "reader") { ...All } }
      fragment All on User { isActive sshKeys { nodes { publicKey } } credentials { nodes { name type } }
        controllers { edges { access node { name } } } }`,
    )
    expect(admin).toEqual({
      isActive: true,
      sshKeys: { nodes: [{ publicKey: LINE }] },
      credentials: { nodes: [{ name: 'admin', type: 'JSONFILE' }] },
      controllers: { edges: [{ access: 'SUPERUSER', node: { name: 'gce1' } }] },
    })
    const grants = await query(
      app,
      sql`select m.name, g.level from model_grants as g join models as m on m.id = g.model_id
        join users as u on u.id = g.user_id where u.username = 'reader' and g.ended_at is null order by m.name`,
    )
    expect(grants).toEqual([
      { name: 'controller', level: 'READ' },
      { name: 'default', level: 'WRITE' },
    ])
    expect(reader.isActive).toBe(false)
  })
})

describe('a table in CSV', () => {
  test('may have a byte order mark, quotes, line breaks in cells and CRLF', async () => {
    await createOrganization(app, 'acme')
    await createProject(app, 'apollo', 'acme')
    const hash = createHash('sha256').update(BAR_KEY).digest('hex')
    const lines = [
      'Username,Display Name,email,kind,organization,roles,ssh_keys,api_key_hashes',
      `bar,"Bar ""the"" B., Jr.",bar@example.test,,acme,"VERSION_MANAGER@project:apollo; AUDITOR@organization:acme until 2100-01-01T00:00:00Z","${ed25519Line('a')}\r\n${ed25519Line('b')}",${hash}`,
      'upload,,ops@example.test,service,,,,',
      'root,,,,,,,',
    ]

    const { code, stdout } = await run('csv', [`\uFEFF${lines.join('\r\n')}\r\n`])

    expect(code).toBe(0)
    expect(stdout).toContain('2 created, 0 updated, 0 unchanged, 0 failed')
    expect(await usernameOf(app.as(BAR_KEY))).toBe('bar')
    const { user } = await app.root.ok(
      '{ user(username: "bar") { displayName sshKeys { totalCount } organization { name } } }',
    )
    expect(user).toEqual({
      displayName: 'Bar "the" B., Jr.',
      sshKeys: { totalCount: 2 },
      organization: { name: 'acme' },
    })
    expect(await rolesOf(app.root, 'bar')).toEqual(['AUDITOR in acme', 'VERSION_MANAGER on apollo'])
    expect(await statusOf(app.root)).toBe(200)
  })

  test.each([
    ['username\n"bar', /is not valid CSV: a quote is not closed/],
    ['username,email\nbar', /another number of cells than the first \(line 2\)/],
    ['username,color\nbar,red', /has the column "color", but the columns are username, /],
    ['username,roles\nbar,AUDITOR', /line 2: "AUDITOR" is no role like /],
    ['username,isactive\nbar,yes', /line 2: it takes true or false, not "yes"/],
    [`username\n${'x'.repeat(1_000_000)}`, /line 2 has 1000000 characters, but at most 65536 are read/],
  ])('is refused as a whole where it is none: %.40s', async (text, message) => {
    const { code, stdout, stderr } = await withoutWriting(app, () => run('csv', [text]))

    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(message)
  })
})

describe('what cannot be taken', () => {
  const lines = (...users: object[]) => users.map((user) => JSON.stringify(user)).join('\n')

  test('is said with its reason, in a file if wanted, and holds up nothing else', async () => {
    const report = join(createFolder(), 'report')
    const users = [
      { username: 'a b' },
      { username: 'longer', displayName: 'x'.repeat(2000) },
      { username: 'mail', email: 'none' },
      { username: 'role', roles: [{ role: 'NO_SUCH', everywhere: true }] },
      { username: 'hash', passwordHash: 'md5$abc' },
      { username: 'root' },
      { username: 'fine' },
    ]

    const { code, stdout } = await run('chatelaine', [lines(...users)], ['--report', report])

    expect({ code, stdout }).toEqual({
      code: 1,
      stdout: `1 created, 0 updated, 0 unchanged, 5 failed; what was not taken is in ${report}\n`,
    })
    const told = readFileSync(report, 'utf8').split('\n').slice(0, -1)
    expect(told.map((line) => line.slice(0, 26)).sort()).toEqual(
      [
        'user a b: username: A user',
        'user hash: passwordHash: T',
        'user longer: displayName: ',
        'user mail: email: Give an ',
        'user role: The role was no',
        'user root: root is the ser',
      ].map((line) => line.slice(0, 26)),
    )
  })

  test('is a file that is no JSON, or of another system, or a line of 1 MB', async () => {
    const bad: [string, unknown, RegExp][] = [
      ['listthedocs', '<html>', /is not JSON: it may be an error page/],
      ['listthedocs', '[1]', /is not a list of objects/],
      ['chatelaine', `{}\n{"username":"${'x'.repeat(1_000_000)}"}`, /line 2 has 1000015 characters, but at most 65536/],
      ['nonsense', '{}', /--from takes listthedocs, docs-host, atscale, user-api, csv, chatelaine, not "nonsense"/],
    ]
    for (const [from, content, message] of bad) {
      const { code, stderr } = await withoutWriting(app, () => run(from, [content]))
      expect(code).toBe(2)
      expect(stderr).toMatch(message)
    }
  })

  test('is everything where the caller may not import, and the import stops', async () => {
    const { key } = await createUser(app, 'bob')

    const { code, stdout, stderr } = await withoutWriting(app, () =>
      run('chatelaine', [lines({ username: 'new' })], [], key),
    )

    expect(code).toBe(5)
    expect(stdout).toContain('The import was stopped.')
    expect(stderr).toMatch(/users\.manage/)
  })
})

test('users belong to the organization that is named', async () => {
  await createOrganization(app, 'acme')

  await run('listthedocs', [[{ name: 'bar', is_admin: false, api_keys: [], roles: [] }]], ['--organization', 'acme'])

  const { user } = await app.root.ok('{ user(username: "bar") { organization { name } } }')
  expect(user).toEqual({ organization: { name: 'acme' } })
})

test('an import that loses its server says what was done until then, and the repetition does the rest', async () => {
  let requests = 0
  const between = createServer(async (request, response) => {
    requests += 1
    if (requests > 2) return response.destroy()
    const body = await new Response(Readable.toWeb(request) as ReadableStream).text()
    const headers = { 'content-type': 'application/json', 'api-key': ROOT_KEY }
    const answer = await fetch(app.url, { method: 'POST', headers, body })
    response.setHeader('content-type', 'application/json').end(await answer.text())
  })
  between.listen(0, '127.0.0.1')
  onTestFinished(() => void between.close())
  await once(between, 'listening')
  const { port } = between.address() as AddressInfo
  const file = fileOf([
    { name: 'bar', api_keys: [], roles: [{ role_name: 'VERSION_MANAGER', project_code: 'one' }] },
    { name: 'foo', api_keys: [], roles: [{ role_name: 'VERSION_MANAGER', project_code: 'two' }] },
  ])
  const args = ['import', file, '--from', 'listthedocs']

  const cut = await runCommand(['--url', `http://127.0.0.1:${port}/graphql`, ...args])
  const whole = await runCommand(['--url', app.url, ...args], { CHATELAINE_API_KEY: ROOT_KEY })

  expect(cut.code).toBe(3)
  expect(cut.stdout).toBe(
    '2 created, 0 updated, 0 unchanged, 0 failed\nThe import was stopped. Repeat it: what is there stays as it is.\n',
  )
  expect(whole.stdout).toBe('2 created, 0 updated, 2 unchanged, 0 failed\n')
})
