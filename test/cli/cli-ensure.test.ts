/** `ensure`: creates something or brings it to a state, and can be repeated. */
import { describe, expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { change } from '../support/change.ts'
import { type Ended, runCommand } from '../support/program.ts'
import { ROOT_KEY } from '../support/root-key.ts'
import { withoutWriting } from '../support/rows.ts'
import { createOrganization, createProject, createRole, createUser } from '../support/seed.ts'

const app = startApp()

app.world(async () => {
  await createUser(app, 'bob')
  await createOrganization(app, 'acme')
  await createProject(app, 'apollo', 'acme')
  await createRole(app, 'EDITOR', ['doc.edit', 'doc.read'])
  await change(app.root, 'createController', { name: 'gce1', type: 'gce' })
  await change(app.root, 'createModel', { controller: 'gce1', name: 'default' })
})

/** Runs a command against the app, by root. */
function ensure(...args: string[]): Promise<Ended> {
  return runCommand(['--url', app.url, 'ensure', ...args], { CHATELAINE_API_KEY: ROOT_KEY })
}

/** What it says where it succeeds. */
async function said(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await ensure(...args)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return stdout
}

describe('ensure', () => {
  test.each([
    ['user', 'user', 'carol', '--email', 'carol@example.test', '--organization', 'acme'],
    ['service user', 'user', 'uploader', '--service', '--email', 'carol@example.test'],
    ['role', 'role', 'READER', '--permissions', 'doc.read', '--organization', 'acme'],
    ['project', 'project', 'zeus', '--title', 'Zeus', '--organization', 'ACME'],
    ['controller', 'controller', 'gce2', '--type', 'gce'],
    ['role that is held', 'grant', 'bob', 'EDITOR', 'apollo', '--expires-at', '2099-01-31T00:00:00Z'],
    ['role that is held everywhere', 'grant', 'bob', 'EDITOR', '--everywhere'],
    ['level on a model', 'grant', 'bob', 'write', 'gce1/default'],
    ['level on a controller', 'grant', 'bob', 'add-model', 'gce1'],
  ])('makes a %s once, and changes nothing if it is repeated', async (_name, ...args) => {
    const first = await said(...args)
    const again = await withoutWriting(app, () => said(...args))

    expect(first).toMatch(args.includes('--service') ? /^changed\nsecret: chl_\S+\n$/ : /^changed\n$/)
    expect(again).toBe('unchanged\n')
  })

  test('brings values to their state and leaves others as they are', async () => {
    await said('user', 'bob', '--display-name', 'Bob B.')
    await said('project', 'apollo', '--title', 'To the moon')
    await said('controller', 'gce1', '--type', 'azure')

    const { user, project, controller } = await app.root.ok(
      '{ user(username: "bob") { displayName email } project(code: "apollo") { title } controller(name: "gce1") { type } }',
    )
    expect(user).toEqual({ displayName: 'Bob B.', email: 'bob@example.test' })
    expect([project.title, controller.type]).toEqual(['To the moon', 'azure'])
  })

  test('gives a role exactly the named permissions', async () => {
    expect(await said('role', 'EDITOR', '--permissions', 'doc.read', 'doc.write')).toBe('changed\n')

    const { role } = await app.root.ok('{ role(name: "EDITOR") { permissions { name } } }')
    expect(role.permissions).toEqual([{ name: 'doc.read' }, { name: 'doc.write' }])
  })

  test('prints the key of a new user only where it is asked for', async () => {
    expect(await said('user', 'carol')).toBe('changed\n')
    expect(await said('user', 'dave', '--with-api-key')).toMatch(/^changed\nsecret: chl_\S+\n$/)
    expect(JSON.parse(await said('user', 'dave', '--with-api-key', '--json'))).toEqual({ changed: false })
  })

  test('by several scripts at once makes it once, and fails for none', async () => {
    const all = await Promise.all(
      ['a', 'b', 'c', 'd'].map(() => ensure('role', 'READER', '--permissions', 'doc.read', '--title', 'Reads')),
    )

    expect(all.map(({ code }) => code)).toEqual([0, 0, 0, 0])
    expect(all.filter(({ stdout }) => stdout === 'changed\n')).toHaveLength(1)
  })

  test('with --dry-run says what would be said, and changes nothing', async () => {
    const runs = await withoutWriting(app, async () => [
      await ensure('project', 'zeus', '--dry-run'),
      await ensure('project', 'apollo', '--title', 'x', '--dry-run'),
      await ensure('project', 'apollo', '--dry-run'),
    ])

    expect(runs.map(({ stdout }) => stdout)).toEqual(['changed\n', 'changed\n', 'unchanged\n'])
    for (const { stderr } of runs) expect(stderr).toBe('Nothing was changed: this was a dry run.\n')
  })
})

describe('ensure fails', () => {
  /** A command that must exit with this code and write nothing; gives what it said. */
  async function refuse(code: number, ...args: string[]): Promise<string> {
    const ended = await withoutWriting(app, () => ensure(...args))
    expect({ code: ended.code, stdout: ended.stdout }, ended.stderr).toEqual({ code, stdout: '' })
    return ended.stderr
  }

  test('with 6 for what is permanent', async () => {
    expect(await refuse(6, 'project', 'apollo', '--organization', 'default')).toBe(
      'chatelaine: It can’t be brought to this state: the project apollo belongs to the organization acme, permanently.\n',
    )
  })

  test('with 2 for a bad value or a grant without one scope', async () => {
    expect(await refuse(2, 'user', 'a b')).toContain('username')
    expect(await refuse(2, 'grant', 'bob', 'EDITOR')).toContain('--everywhere')
    expect(await refuse(2, 'grant', 'bob', 'EDITOR', 'apollo', '--everywhere')).toContain('one scope')
    expect(await refuse(2, 'grant', 'bob', 'write', 'gce1')).toContain('gce1/default')
    expect(await refuse(2, 'role', 'EDITOR')).toContain('--permissions')
  })

  test('with 4 for a user or role that does not exist', async () => {
    expect(await refuse(4, 'grant', 'nobody', 'EDITOR', 'apollo')).toContain('not found')
    expect(await refuse(4, 'grant', 'bob', 'NONE', 'apollo')).toContain('not found')
  })

  test('with 5 for what the caller may not, whether it exists or not', async () => {
    const bob = await createUser(app, 'dave')
    const asBob = (...args: string[]) =>
      withoutWriting(app, () =>
        runCommand(['--url', app.url, 'ensure', ...args], { CHATELAINE_API_KEY: bob.key }).then(({ code }) => code),
      )

    expect(await asBob('project', 'gemini')).toBe(5)
    expect(await asBob('project', 'apollo', '--title', 'x')).toBe(5)
  })
})
