import { randomBytes } from 'node:crypto'
import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { type Client, startApp } from '../../support/app.ts'
import { change, changeDocument, failChange, failInput } from '../../support/change.ts'
import { createController, createModel } from '../../support/levels.ts'
import { missingOf } from '../../support/missing.ts'
import { query, readAudit, uuidOf, withoutWriting } from '../../support/rows.ts'
import { createApiKey, createOrganization, createRole, createUser, grantRoles } from '../../support/seed.ts'
import { makeKeyPair } from '../../support/ssh-keygen.ts'
import { ed25519Line, fingerprintOf, lineOf } from '../../support/ssh-wire.ts'

const app = startApp()
const given = app.world(createWorld)

/** bob and carol, who hold nothing; manager, who manages users, and auditor, who reads them, both everywhere. */
async function createWorld() {
  await createRole(app, 'MANAGER', ['users.manage', 'users.read'])
  return {
    bob: await createUser(app, 'bob'),
    carol: await createUser(app, 'carol'),
    manager: await createUser(app, 'manager', { roles: [{ role: 'MANAGER', everywhere: true }] }),
    auditor: await createUser(app, 'auditor', { roles: [{ role: 'AUDITOR', everywhere: true }] }),
  }
}

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

async function isForbidden(client: Client, missing: string[], name: string, input: object) {
  const { extensions } = await withoutWriting(app, () => client.refused('FORBIDDEN', changeDocument(name), { input }))
  expect(missingOf(extensions)).toEqual(missing)
}

describe('adding a key', () => {
  test('answers with the fingerprint of ssh-keygen, and leaves one audit row', async () => {
    const { bob } = given()
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

  test('keeps the order of the keys, with and without comments', async () => {
    const { bob } = given()
    const lines = [ed25519Line('zoe'), ed25519Line(), ed25519Line('adam')]

    for (const line of lines) await add(bob.client, line)

    expect(await linesOf(bob.client, 'bob')).toEqual(lines)
    const { viewer } = await bob.client.ok('{ viewer { user { sshKeys { nodes { comment } } } } }')
    expect(viewer.user.sshKeys.nodes).toEqual([{ comment: 'zoe' }, { comment: null }, { comment: 'adam' }])
  })

  test('accepts an RSA key of 16384 bits, which is longer than the limit of other texts', async () => {
    const { bob } = given()
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
    const { bob } = given()

    await withoutWriting(app, () => failInput(bob.client, ['key'], 'addSshKey', { key }))
  })

  test('refuses a private key, and the answer does not contain it', async () => {
    const { bob } = given()
    const { privateKey } = makeKeyPair('ed25519')

    const error = await withoutWriting(app, () =>
      failChange(bob.client, 'InvalidInputError', 'addSshKey', { key: privateKey }),
    )

    expect(error.issues).toEqual([
      { path: ['key'], message: 'This is a private key: keep it, and give the line of the .pub file.' },
    ])
    expect(JSON.stringify(error)).not.toContain(privateKey.split('\n')[1])
  })

  test('that the user has already is a conflict, also with another comment', async () => {
    const { bob } = given()
    const line = ed25519Line('laptop')
    await add(bob.client, line)

    for (const again of [line, line.replace('laptop', 'desktop'), line.replace(' laptop', '')]) {
      const error = await withoutWriting(app, () =>
        failChange(bob.client, 'ConflictError', 'addSshKey', { key: again }),
      )
      expect(error.message).toContain(fingerprintOf(line))
    }
  })

  test('in several requests at the same time adds it once', async () => {
    const { bob } = given()
    const line = ed25519Line()
    const document = changeDocument('addSshKey')

    const answers = await Promise.all([1, 2, 3, 4].map(() => bob.client.ok(document, { input: { key: line } })))

    expect(answers.map(({ addSshKey }) => addSshKey.__typename).sort()).toEqual([
      'AddSshKeyPayload',
      'ConflictError',
      'ConflictError',
      'ConflictError',
    ])
    expect(await linesOf(bob.client, 'bob')).toEqual([line])
  })

  test('that another user has already is allowed', async () => {
    const { bob, carol } = given()
    const line = ed25519Line('shared')

    await add(bob.client, line)
    await add(carol.client, line)
    await remove(bob.client, line)

    expect(await linesOf(bob.client, 'bob')).toEqual([])
    expect(await linesOf(carol.client, 'carol')).toEqual([line])
  })
})

describe('removing a key', () => {
  test('by its fingerprint keeps the other keys, and leaves one audit row', async () => {
    const { bob } = given()
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

  test('that does not exist, or belongs to another user, changes nothing', async () => {
    const { bob, carol } = given()
    const [hers, nobodys] = [ed25519Line(), ed25519Line()]
    await add(carol.client, hers)

    for (const line of [hers, nobodys]) {
      expect(await withoutWriting(app, () => remove(bob.client, line))).toBe(false)
    }

    expect(await linesOf(carol.client, 'carol')).toEqual([hers])
  })

  test('allows the user to add it again with another comment', async () => {
    const { bob } = given()
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
    const { bob } = given()

    await withoutWriting(app, () => failInput(bob.client, ['fingerprint'], 'removeSshKey', { fingerprint }))
  })
})

describe('a key of another user', () => {
  const key = ed25519Line()
  const fingerprint = fingerprintOf(key)

  test('can be added and removed by a caller who manages users', async () => {
    const { bob, manager } = given()

    await add(manager.client, key, 'BOB')
    const seen = await linesOf(bob.client, 'bob')
    const removed = await remove(manager.client, key, 'bob')

    expect([seen, removed]).toEqual([[key], true])
    expect(await linesOf(bob.client, 'bob')).toEqual([])
    expect(await linesOf(manager.client, 'manager')).toEqual([])
  })

  test('can’t be changed by a caller who only reads users, and is not found by a caller who can’t see the user', async () => {
    const { bob, carol, auditor } = given()
    await add(bob.client, key)

    await isForbidden(auditor.client, ['users.manage'], 'addSshKey', { user: 'bob', key: ed25519Line() })
    await isForbidden(auditor.client, ['users.manage'], 'removeSshKey', { user: 'bob', fingerprint })
    for (const user of ['bob', 'nobody']) {
      const inputs = { addSshKey: { user, key: ed25519Line() }, removeSshKey: { user, fingerprint } }
      for (const [name, input] of Object.entries(inputs)) {
        const error = await withoutWriting(app, () => failChange(carol.client, 'NotFoundError', name, input))
        expect([error.path.join('.'), error.message]).toEqual(['user', 'The user was not found.'])
      }
    }
  })

  test('can’t be added by a caller with less authority than the user', async () => {
    const { manager } = given()
    await createController(app, 'gce1')
    await createModel(app.root, 'gce1', 'web')
    await grantRoles(app, 'bob', [{ role: 'AUDITOR', everywhere: true }])
    await change(app.root, 'grantModelAccess', { user: 'carol', controller: 'gce1', model: 'web', access: 'WRITE' })

    const missing: string[][] = []
    for (const user of ['bob', 'carol']) {
      const error = await withoutWriting(app, () =>
        failChange(manager.client, 'MissingAuthorityError', 'addSshKey', { user, key }),
      )
      missing.push(missingOf(error))
    }

    expect(missing).toEqual([['access.check', 'audit.read'], ['WRITE on the model']])
  })

  test('can be removed by a caller with less authority than the user', async () => {
    const { bob, manager } = given()
    await grantRoles(app, 'bob', [{ role: 'AUDITOR', everywhere: true }])
    await add(bob.client, key)

    expect(await remove(manager.client, key, 'bob')).toBe(true)

    expect(await linesOf(bob.client, 'bob')).toEqual([])
  })

  test('can be changed only by administrators if the user is an administrator', async () => {
    const { manager } = given()
    const alice = await createUser(app, 'alice', { isAdmin: true })
    await add(alice.client, key)

    await isForbidden(manager.client, ['ADMINISTRATOR'], 'addSshKey', { user: 'alice', key: ed25519Line() })
    await isForbidden(manager.client, ['ADMINISTRATOR'], 'removeSshKey', { user: 'alice', fingerprint })

    expect(await remove(app.root, key, 'alice')).toBe(true)
  })
})

describe('an API key with less authority than its owner', () => {
  test.each([
    ['limited', { limits: [{ role: 'ADMINISTRATOR', everywhere: true }] }, 'a key without limits'],
    ['limited to nothing', { limits: [] }, 'a key without limits'],
    ['read-only', { isReadOnly: true }, 'a key that is not read-only'],
  ])('that is %s can’t add or remove ssh keys', async (_name, limits, missing) => {
    const line = ed25519Line()
    await add(app.root, line)
    const client = app.as((await createApiKey(app.root, limits)).key)

    await isForbidden(client, [missing], 'addSshKey', { key: ed25519Line() })
    await isForbidden(client, [missing], 'removeSshKey', { fingerprint: fingerprintOf(line) })

    expect(await linesOf(app.root, 'root')).toEqual([line])
  })
})

describe('ssh keys are visible', () => {
  const SEEN =
    'query ($id: ID!) { node(id: $id) { ... on SshKey { fingerprint } } user(username: "bob") { sshKeys { totalCount } } }'

  test('to their owner, to callers who read the users of that organization, and to administrators', async () => {
    const line = ed25519Line()
    const { bob, carol } = given()
    await grantRoles(app, 'carol', [{ role: 'AUDITOR', organization: 'default' }])
    const id = await add(bob.client, line)

    const expected = { node: { fingerprint: fingerprintOf(line) }, user: { sshKeys: { totalCount: 1 } } }
    for (const client of [bob.client, carol.client, app.root]) {
      expect(await client.ok(SEEN, { id })).toEqual(expected)
    }
  })

  test('to no other user, as nodes or in lists', async () => {
    const { bob, carol } = given()
    await createOrganization(app, 'acme')
    const id = await add(bob.client, ed25519Line())
    const roles = [{ role: 'ORGANIZATION_ADMIN', organization: 'acme' }]
    const granter = await createUser(app, 'granter', { organization: 'acme', roles })

    expect(await carol.client.ok(SEEN, { id })).toEqual({ node: null, user: null })
    const { data, errors } = await granter.client.send(SEEN, { id })
    expect(data).toEqual({ node: null, user: { sshKeys: null } })
    expect(errors.map(({ path, extensions }) => [path, extensions.code])).toEqual([[['user', 'sshKeys'], 'FORBIDDEN']])
  })
})

describe('deleting a user', () => {
  test('removes their ssh keys, and restoring the user does not bring them back', async () => {
    const { bob } = given()
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
