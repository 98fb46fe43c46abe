import { randomBytes } from 'node:crypto'
import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { type Client, startApp } from '../../support/app.ts'
import { change, changeDocument, failChange, failInput } from '../../support/change.ts'
import { createController, createModel } from '../../support/levels.ts'
import { query, readAudit, uuidOf, withoutWriting } from '../../support/rows.ts'
import { createApiKey, createOrganization, createRole, createUser } from '../../support/seed.ts'
import { makeKeyPair } from '../../support/ssh-keygen.ts'
import { ed25519Line, fingerprintOf, lineOf } from '../../support/ssh-wire.ts'

const app = startApp()

async function add(client: Client, key: string, user?: string): Promise<string> {
  const { sshKey } = await change(client, 'addSshKey', { key, user }, 'sshKey { id }')
  return sshKey.id
}

/** Was there one to remove? */
async function remove(client: Client, key: string, user?: string): Promise<boolean> {
  const { changed } = await change(client, 'removeSshKey', { fingerprint: fingerprintOf(key), user }, 'changed')
  return changed
}

/** The lines of a user's keys as a client sees them. */
async function linesOf(client: Client, username: string): Promise<string[]> {
  const { user } = await client.ok(
    'query ($username: String!) { user(username: $username) { sshKeys { totalCount nodes { publicKey } } } }',
    { username },
  )
  const lines = user.sshKeys.nodes.map(({ publicKey }: { publicKey: string }) => publicKey)
  expect(user.sshKeys.totalCount).toBe(lines.length)
  return lines
}

/** A user who may manage users and holds nothing else. */
async function createManager() {
  await createRole(app, 'MANAGER', ['users.manage', 'users.read'])
  return createUser(app, 'manager', { roles: [{ role: 'MANAGER', everywhere: true }] })
}

async function isForbidden(client: Client, missing: string[], name: string, input: object) {
  const { extensions } = await withoutWriting(app, () => client.refused('FORBIDDEN', changeDocument(name), { input }))
  expect(extensions.missing).toEqual(missing)
}

describe('adding a key', () => {
  test('answers with it as ssh-keygen names it, and leaves one row of the audit', async () => {
    const bob = await createUser(app, 'bob')
    const { line } = makeKeyPair('ed25519', null, 'bob on his laptop')
    const before = (await readAudit(app)).length

    const payload = 'sshKey { id type fingerprint comment publicKey user { username } createdAt }'
    const { sshKey } = await change(bob.client, 'addSshKey', { key: `${line}\n` }, payload)

    expect(sshKey).toEqual({
      id: expect.stringMatching(/^sshkey_[0-9a-f-]{36}$/),
      type: 'ssh-ed25519',
      fingerprint: fingerprintOf(line),
      comment: 'bob on his laptop',
      publicKey: line,
      user: { username: 'bob' },
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    })
    expect(await linesOf(bob.client, 'bob')).toEqual([line])
    const rows = (await readAudit(app)).slice(before)
    expect(
      rows.map((row) => [row.action, row.actor_id, row.target_type, row.target_id, row.before, row.after]),
    ).toEqual([
      [
        'addSshKey',
        uuidOf(bob.id),
        'User',
        uuidOf(bob.id),
        null,
        { sshKey: { type: 'ssh-ed25519', fingerprint: fingerprintOf(line), comment: 'bob on his laptop' } },
      ],
    ])
  })

  test('lists them as they were added, one without a comment too', async () => {
    const bob = await createUser(app, 'bob')
    const lines = [ed25519Line('zoe'), ed25519Line(), ed25519Line('adam')]

    for (const line of lines) await add(bob.client, line)

    expect(await linesOf(bob.client, 'bob')).toEqual(lines)
    const { viewer } = await bob.client.ok('{ viewer { user { sshKeys { nodes { comment } } } } }')
    expect(viewer.user.sshKeys.nodes).toEqual([{ comment: 'zoe' }, { comment: null }, { comment: 'adam' }])
  })

  test('takes an RSA key of 16384 bits, which is longer than other texts may be', async () => {
    const bob = await createUser(app, 'bob')
    const modulus = Buffer.concat([Buffer.from([0, 0x80]), randomBytes(2046), Buffer.from([1])])
    const line = lineOf('ssh-rsa', [Buffer.from([1, 0, 1]), modulus], 'c'.repeat(200))

    await add(bob.client, line)

    expect(await linesOf(bob.client, 'bob')).toEqual([line])
  })

  test.each([
    ['nothing', ''],
    ['options before it', `command="x" ${ed25519Line()}`],
    ['two lines', `${ed25519Line()}\n${ed25519Line()}`],
    ['a comment of two lines', `${ed25519Line()} bob\nssh-ed25519 AAAA`],
    ['bytes behind it', `${ed25519Line()}AAAA`],
    ['a text of 21,000 characters', `${ed25519Line()} ${'c'.repeat(21_000)}`],
    ['a null byte', `${ed25519Line()} \0`],
  ])('refuses %s and names the field', async (_name, key) => {
    const bob = await createUser(app, 'bob')

    await withoutWriting(app, () => failInput(bob.client, ['key'], 'addSshKey', { key }))
  })

  test('refuses a private key and does not repeat it', async () => {
    const bob = await createUser(app, 'bob')
    const { privateKey } = makeKeyPair('ed25519')

    const error = await withoutWriting(app, () =>
      failChange(bob.client, 'InvalidInput', 'addSshKey', { key: privateKey }),
    )

    expect(error.issues).toEqual([
      { path: 'key', message: 'This is a private key: keep it, and give the line of the .pub file.' },
    ])
    expect(JSON.stringify(error)).not.toContain(privateKey.split('\n')[1])
  })

  test('that the user has already is a conflict, also under another comment', async () => {
    const bob = await createUser(app, 'bob')
    const line = ed25519Line('laptop')
    await add(bob.client, line)

    for (const again of [line, line.replace('laptop', 'desktop'), line.replace(' laptop', '')]) {
      const error = await withoutWriting(app, () => failChange(bob.client, 'Conflict', 'addSshKey', { key: again }))
      expect(error.message).toContain(fingerprintOf(line))
    }
  })

  test('twice at once adds it once', async () => {
    const bob = await createUser(app, 'bob')
    const line = ed25519Line()
    const document = changeDocument('addSshKey')

    const answers = await Promise.all([1, 2, 3, 4].map(() => bob.client.ok(document, { input: { key: line } })))

    expect(answers.map(({ addSshKey }) => addSshKey.__typename).sort()).toEqual([
      'AddSshKeyPayload',
      'Conflict',
      'Conflict',
      'Conflict',
    ])
    expect(await linesOf(bob.client, 'bob')).toEqual([line])
  })

  test('that another user has is fine', async () => {
    const bob = await createUser(app, 'bob')
    const carol = await createUser(app, 'carol')
    const line = ed25519Line('shared')

    await add(bob.client, line)
    await add(carol.client, line)
    await remove(bob.client, line)

    expect(await linesOf(bob.client, 'bob')).toEqual([])
    expect(await linesOf(carol.client, 'carol')).toEqual([line])
  })
})

describe('removing a key', () => {
  test('by its fingerprint leaves the others, and one row of the audit', async () => {
    const bob = await createUser(app, 'bob')
    const [first, second] = [ed25519Line('first'), ed25519Line('second')]
    await add(bob.client, first)
    const id = await add(bob.client, second)
    const before = (await readAudit(app)).length

    const payload = 'changed user { username sshKeys { nodes { publicKey } } }'
    const removed = await change(bob.client, 'removeSshKey', { fingerprint: fingerprintOf(second) }, payload)

    expect(removed).toMatchObject({
      changed: true,
      user: { username: 'bob', sshKeys: { nodes: [{ publicKey: first }] } },
    })
    expect(await bob.client.ok('query ($id: ID!) { node(id: $id) { id } }', { id })).toEqual({ node: null })
    const rows = (await readAudit(app)).slice(before)
    expect(rows.map((row) => [row.action, row.target_id, row.before, row.after])).toEqual([
      ['removeSshKey', uuidOf(bob.id), { sshKey: { fingerprint: fingerprintOf(second) } }, null],
    ])
  })

  test('that is not there, or is another’s, changes nothing', async () => {
    const bob = await createUser(app, 'bob')
    const carol = await createUser(app, 'carol')
    const [hers, nobodys] = [ed25519Line(), ed25519Line()]
    await add(carol.client, hers)

    for (const line of [hers, nobodys]) {
      expect(await withoutWriting(app, () => remove(bob.client, line))).toBe(false)
    }

    expect(await linesOf(carol.client, 'carol')).toEqual([hers])
  })

  test('lets it be added again, with another comment', async () => {
    const bob = await createUser(app, 'bob')
    const line = ed25519Line('old')
    await add(bob.client, line)
    await remove(bob.client, line)

    await add(bob.client, line.replace('old', 'new'))

    expect(await linesOf(bob.client, 'bob')).toEqual([line.replace('old', 'new')])
    expect(await withoutWriting(app, () => remove(bob.client, ed25519Line()))).toBe(false)
    expect(await remove(bob.client, line)).toBe(true)
    expect(await linesOf(bob.client, 'bob')).toEqual([])
  })

  test.each([
    '',
    'laptop',
    'SHA256:',
    'MD5:00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff',
    `SHA256:${'x'.repeat(44)}`,
  ])('by %j, which is no fingerprint, is refused', async (fingerprint) => {
    const bob = await createUser(app, 'bob')

    await withoutWriting(app, () => failInput(bob.client, ['fingerprint'], 'removeSshKey', { fingerprint }))
  })
})

describe('a key of another user', () => {
  const key = ed25519Line()
  const fingerprint = fingerprintOf(key)

  test('is added and removed by who manages users', async () => {
    const manager = await createManager()
    const bob = await createUser(app, 'bob')

    await add(manager.client, key, 'BOB')
    const seen = await linesOf(bob.client, 'bob')
    const removed = await remove(manager.client, key, 'bob')

    expect([seen, removed]).toEqual([[key], true])
    expect(await linesOf(bob.client, 'bob')).toEqual([])
    expect(await linesOf(manager.client, 'manager')).toEqual([])
  })

  test('is not theirs to touch who may only read them, and not found by who may not see them', async () => {
    const auditor = await createUser(app, 'auditor', { roles: [{ role: 'AUDITOR', everywhere: true }] })
    const carol = await createUser(app, 'carol')
    const bob = await createUser(app, 'bob')
    await add(bob.client, key)

    await isForbidden(auditor.client, ['users.manage'], 'addSshKey', { user: 'bob', key: ed25519Line() })
    await isForbidden(auditor.client, ['users.manage'], 'removeSshKey', { user: 'bob', fingerprint })
    for (const user of ['bob', 'nobody']) {
      const inputs = { addSshKey: { user, key: ed25519Line() }, removeSshKey: { user, fingerprint } }
      for (const [name, input] of Object.entries(inputs)) {
        const error = await withoutWriting(app, () => failChange(carol.client, 'NotFound', name, input))
        expect([error.path, error.message]).toEqual(['user', `The user "${user}" was not found.`])
      }
    }
  })

  test('is not added by who lacks what they hold: it takes them over', async () => {
    const manager = await createManager()
    await createController(app, 'gce1')
    await createModel(app.root, 'gce1', 'web')
    await createUser(app, 'bob', { roles: [{ role: 'AUDITOR', everywhere: true }] })
    await createUser(app, 'carol')
    await change(app.root, 'grantModelAccess', { user: 'carol', controller: 'gce1', model: 'web', access: 'WRITE' })

    const missing: string[][] = []
    for (const user of ['bob', 'carol']) {
      const error = await withoutWriting(app, () =>
        failChange(manager.client, 'MissingAuthority', 'addSshKey', { user, key }),
      )
      missing.push(error.missing)
    }

    expect(missing).toEqual([['access.check', 'audit.read'], ['WRITE on the model']])
  })

  test('is removed even by who lacks what they hold: that only takes away', async () => {
    const manager = await createManager()
    const bob = await createUser(app, 'bob', { roles: [{ role: 'AUDITOR', everywhere: true }] })
    await add(bob.client, key)

    expect(await remove(manager.client, key, 'bob')).toBe(true)

    expect(await linesOf(bob.client, 'bob')).toEqual([])
  })

  test('of an administrator is for administrators', async () => {
    const manager = await createManager()
    const alice = await createUser(app, 'alice', { isAdmin: true })
    await add(alice.client, key)

    await isForbidden(manager.client, ['ADMINISTRATOR'], 'addSshKey', { user: 'alice', key: ed25519Line() })
    await isForbidden(manager.client, ['ADMINISTRATOR'], 'removeSshKey', { user: 'alice', fingerprint })

    expect(await remove(app.root, key, 'alice')).toBe(true)
  })
})

describe('a key with less than its owner’s authority', () => {
  test.each([
    ['limited', { limits: [{ role: 'ADMINISTRATOR', everywhere: true }] }, 'a key without limits'],
    ['limited to nothing', { limits: [] }, 'a key without limits'],
    ['read-only', { readOnly: true }, 'a key that is not read-only'],
  ])('that is %s touches no ssh keys', async (_name, limits, missing) => {
    const line = ed25519Line()
    await add(app.root, line)
    const client = app.as((await createApiKey(app.root, limits)).key)

    await isForbidden(client, [missing], 'addSshKey', { key: ed25519Line() })
    await isForbidden(client, [missing], 'removeSshKey', { fingerprint: fingerprintOf(line) })

    expect(await linesOf(app.root, 'root')).toEqual([line])
  })
})

describe('keys are seen', () => {
  const SEEN =
    'query ($id: ID!) { node(id: $id) { ... on SshKey { fingerprint } } user(username: "bob") { sshKeys { totalCount } } }'

  test('by their owner, by who reads the users of their home, and by administrators', async () => {
    const line = ed25519Line()
    const bob = await createUser(app, 'bob')
    const auditor = await createUser(app, 'auditor', { roles: [{ role: 'AUDITOR', organization: 'default' }] })
    const id = await add(bob.client, line)

    const expected = { node: { fingerprint: fingerprintOf(line) }, user: { sshKeys: { totalCount: 1 } } }
    for (const client of [bob.client, auditor.client, app.root]) {
      expect(await client.ok(SEEN, { id })).toEqual(expected)
    }
  })

  test('by nobody else: neither as nodes nor in the list of who may be named', async () => {
    await createOrganization(app, 'acme')
    const bob = await createUser(app, 'bob')
    const id = await add(bob.client, ed25519Line())
    const carol = await createUser(app, 'carol')
    const roles = [{ role: 'ORGANIZATION_ADMIN', organization: 'acme' }]
    const granter = await createUser(app, 'granter', { organization: 'acme', roles })

    expect(await carol.client.ok(SEEN, { id })).toEqual({ node: null, user: null })
    const { data, errors } = await granter.client.send(SEEN, { id })
    expect(data).toEqual({ node: null, user: { sshKeys: null } })
    expect(errors.map(({ path, extensions }) => [path, extensions.code])).toEqual([[['user', 'sshKeys'], 'FORBIDDEN']])
  })
})

describe('deleting a user', () => {
  test('removes their keys, and restoring them brings none back', async () => {
    const bob = await createUser(app, 'bob')
    const line = ed25519Line()
    const id = await add(bob.client, line)

    await change(app.root, 'deleteUser', { user: 'bob' })
    const open = await query(app, sql`select count(*)::int as open from ssh_keys where deleted_at is null`)
    const namesake = await createUser(app, 'Bob')
    await change(app.root, 'restoreUser', { id: bob.id, username: 'robert' })
    await change(app.root, 'enableUser', { user: 'robert' })

    expect(open).toEqual([{ open: 0 }])
    expect(await linesOf(app.root, 'robert')).toEqual([])
    expect(await linesOf(namesake.client, 'bob')).toEqual([])
    expect(await app.root.ok('query ($id: ID!) { node(id: $id) { id } }', { id })).toEqual({ node: null })
    await add(app.root, line, 'robert')
    expect(await linesOf(app.root, 'robert')).toEqual([line])
  })
})
