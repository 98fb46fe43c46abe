/** The short questions about access: `can-i`, `why` and `who-can`. */
import { describe, expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { change } from '../support/change.ts'
import { type Ended, runCommand } from '../support/program.ts'
import { ROOT_KEY } from '../support/root-key.ts'
import { createOrganization, createProject, createRole, createUser, grantRoles } from '../support/seed.ts'

const app = startApp()

const world = app.world(async () => {
  await createOrganization(app, 'acme', ['users.read'])
  await createProject(app, 'apollo', 'acme')
  await createProject(app, 'zeus', 'acme')
  await createRole(app, 'EDITOR', ['doc.edit'])
  await createUser(app, 'alice', { organization: 'acme' })
  const bob = await createUser(app, 'bob', { organization: 'acme' })
  await grantRoles(app, 'bob', [
    { role: 'EDITOR', project: 'apollo', expiresAt: '2099-01-31T00:00:00Z' },
    { role: 'VERSION_MANAGER', organization: 'acme' },
  ])
  await change(app.root, 'createController', { name: 'gce1', type: 'gce', organization: 'acme' })
  await change(app.root, 'createModel', { controller: 'gce1', name: 'default' })
  await change(app.root, 'grantModelAccess', { user: 'bob', controller: 'gce1', model: 'default', access: 'READ' })
  await change(app.root, 'grantControllerAccess', { user: 'alice', controller: 'gce1', access: 'SUPERUSER' })
  return { bob }
})

/** Runs a command against the app, by root unless a key is given. */
function run(args: string[], key: string = ROOT_KEY): Promise<Ended> {
  return runCommand(['--url', app.url, ...args], { CHATELAINE_API_KEY: key })
}

const TODAY = new Date().toISOString().slice(0, 10)

describe('can-i', () => {
  test.each([
    [['can-i', 'doc.edit', 'apollo'], 0, 'yes\n'],
    [['can-i', 'users.read', '--organization', 'acme'], 0, 'yes\n'],
    [['can-i', 'read', 'gce1/default'], 0, 'yes\n'],
    [['can-i', 'login', 'gce1'], 0, 'yes\n'],
    [['can-i', 'doc.edit'], 1, 'no · missing: doc.edit everywhere · can grant it: root\n'],
    [['can-i', 'add-model', 'gce1'], 1, 'no · missing: ADD_MODEL on the controller gce1 · can grant it: alice, root\n'],
  ])('answers for the caller: %j', async (args, code, stdout) => {
    expect(await run(args, world().bob.key)).toMatchObject({ code, stdout, stderr: '' })
  })

  test('answers whether a command is allowed', async () => {
    expect(await run(['can-i', 'delete-project', 'apollo'])).toMatchObject({ code: 0, stdout: 'yes\n' })
    expect(await run(['can-i', 'delete-user', 'alice'], world().bob.key)).toMatchObject({
      ...{ code: 1, stderr: '' },
      stdout: 'no · missing: users.manage in the organization acme · can grant it: root\n',
    })
    const { stdout } = await run(['why', 'bob', 'delete-user', 'alice'])
    expect(stdout).toMatch(/^no: bob may not delete-user alice\n/)
  })

  test('answers for another user, and says that they are suspended', async () => {
    expect(await run(['can-i', 'doc.edit', 'apollo', '--user', 'bob'])).toMatchObject({ code: 0, stdout: 'yes\n' })
    await change(app.root, 'disableUser', { user: 'bob' })
    const { code, stdout } = await run(['can-i', 'doc.edit', 'apollo', '--user', 'bob'])

    expect(code).toBe(1)
    expect(stdout).toMatch(/^no · the user is suspended/)
  })

  test('of a missing user or project exits 4 and says which', async () => {
    expect(await run(['can-i', 'doc.edit', '--user', 'none'])).toMatchObject({
      ...{ code: 4, stdout: '' },
      stderr: 'chatelaine: The user "none" does not exist, or you may not ask about them.\n',
    })
    expect(await run(['can-i', 'doc.edit', 'none'])).toMatchObject({
      ...{ code: 4, stdout: '' },
      stderr: 'chatelaine: There is no such thing that you may see: doc.edit on the project none.\n',
    })
  })

  test.each([
    [['can-i', 'edit'], /"edit" is no permission, like version\.create, no level \(LOGIN, .*\) and no command/],
    [['can-i', 'write', 'gce1'], /WRITE is a level on a model, like gce1\/default\./],
    [['can-i', 'login', 'gce1/default'], /LOGIN is a level on a controller, like gce1\./],
    [['can-i', 'login', 'gce1', '--organization', 'acme'], /A level is on a controller or a model/],
    [['can-i', 'doc.edit', 'apollo', '--organization', 'acme'], /not about both/],
    [['can-i', 'delete-user'], /delete-user takes a value: chatelaine can-i delete-user <user>/],
    [
      ['can-i', 'create-role', 'X'],
      /create-role needs --permissions too: ask with "chatelaine create-role … --dry-run"/,
    ],
    [['who-can', 'delete-user', 'bob'], /who-can takes a permission or a level/],
  ])('of what is no question is wrong usage: %j', async (args, message) => {
    const { code, stdout, stderr } = await run(args)

    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(message)
  })

  test('with --json prints the answer of the API', async () => {
    const { code, stdout } = await run(['can-i', 'doc.edit', 'apollo', '--user', 'alice', '--json'])

    expect(code).toBe(1)
    expect(JSON.parse(stdout).data.checkAccess).toMatchObject([{ code: 'NOT_HELD', isAllowed: false }])
  })
})

describe('why', () => {
  test('draws each way from the user to what is asked', async () => {
    const { code, stdout } = await run(['why', 'bob', 'version.create', 'apollo'])

    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: `yes: bob has version.create on the project apollo

bob
└─ role VERSION_MANAGER in the organization acme   granted by root ${TODAY}
   └─ ✓ version.create
`,
    })
  })

  test('draws what is one step away, with what is missing and who can grant it', async () => {
    const { code, stdout } = await run(['why', 'bob', 'doc.edit', 'zeus'])
    const level = await run(['why', 'bob', 'admin', 'gce1/default'])

    expect({ code, stdout }).toEqual({
      code: 1,
      stdout: `no: bob does not have doc.edit on the project zeus

bob
└─ role EDITOR on the project apollo   granted by root ${TODAY} · until 2099-01-31
   └─ ✗ doc.edit: not on the project zeus

missing: doc.edit on the project zeus
can grant it: root
`,
    })
    expect(level.stdout).toContain('   └─ ✗ ADMIN: READ is lower; it takes ADMIN\n')
  })

  test('draws what a level follows from, one step after the other', async () => {
    const root = await run(['why', 'root', 'write', 'gce1/default'])
    const alice = await run(['why', 'alice', 'write', 'gce1/default'])
    const bob = await run(['why', 'bob', 'login', 'gce1'])

    expect(root.stdout).toMatch(
      /^├─ role ADMINISTRATOR .*\n│ {2}└─ SUPERUSER on the controller gce1\n│ {5}└─ ✓ WRITE$/m,
    )
    expect(alice.stdout).toMatch(/^└─ SUPERUSER on the controller gce1 {3}granted by root .*\n {3}└─ ✓ WRITE$/m)
    expect(bob.stdout).toMatch(/^└─ a level on the model gce1\/default .*\n {3}└─ ✓ LOGIN$/m)
  })

  test('of a user who holds nothing near to it says so', async () => {
    const { stdout } = await run(['why', 'alice', 'doc.edit'])

    expect(stdout).toContain('alice\n└─ holds nothing that is near to it\n')
  })
})

describe('who-can', () => {
  /** The users, what they hold, and where, in the rows of a table. */
  async function holders(...args: string[]): Promise<string[][]> {
    const { code, stdout, stderr } = await run(['who-can', ...args])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const [, ...rows] = stdout.trimEnd().split('\n')
    return rows.map((row) => row.split(/ {2,}/).slice(0, 3)).sort()
  }

  test('lists the holders of a permission on a project', async () => {
    expect(await holders('doc.edit', 'apollo')).toEqual([
      ['bob', 'role EDITOR', 'project apollo'],
      ['root', 'role ADMINISTRATOR', 'everywhere'],
    ])
    expect(await holders('doc.edit', 'zeus')).toEqual([['root', 'role ADMINISTRATOR', 'everywhere']])
  })

  test('lists the holders of a permission in an organization, and that every member has it', async () => {
    expect(await holders('version.create', '--organization', 'acme')).toEqual([
      ['bob', 'role VERSION_MANAGER', 'organization acme'],
      ['root', 'role ADMINISTRATOR', 'everywhere'],
    ])
    expect(await holders('users.read', '--organization', 'acme')).toEqual([
      ['(every member)', 'a base permission', 'organization acme'],
      ['root', 'role ADMINISTRATOR', 'everywhere'],
    ])
  })

  test('lists administrators for a permission that no role has', async () => {
    expect(await holders('nobody.has')).toEqual([['root', 'role ADMINISTRATOR', 'everywhere']])
  })

  test('lists the users with at least a level', async () => {
    expect((await holders('write', 'gce1/default')).map(([name, holds]) => [name, holds])).toEqual([
      ['alice', 'SUPERUSER on the controller'],
      ['root', 'ADMIN'],
      ['root', 'role ADMINISTRATOR'],
    ])
    expect((await holders('superuser', 'gce1')).map(([name]) => name)).toEqual(['alice', 'root'])
  })

  test('leaves out users who are suspended, and exits 1 where there is none that the caller may see', async () => {
    await change(app.root, 'disableUser', { user: 'bob' })
    expect(await holders('doc.edit', 'apollo')).toEqual([['root', 'role ADMINISTRATOR', 'everywhere']])

    const dave = await createUser(app, 'dave')
    expect(await run(['who-can', 'superuser', 'gce1'], dave.key)).toMatchObject({ code: 4, stdout: '' })
    const seen = await run(['who-can', 'doc.edit'], dave.key)
    expect({ code: seen.code, stdout: seen.stdout }).toEqual({ code: 1, stdout: '' })
    expect(seen.stderr).toBe('chatelaine: No user that you may see has doc.edit everywhere.\n')
  })
})
