import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { type Client, startApp } from '../../support/app.ts'
import { change, changeDocument, failChange } from '../../support/change.ts'
import {
  addCredential,
  credentialsOf,
  inputOf,
  reveal,
  spellingsOf,
  TYPES,
  valuesOf,
  withoutSecrets,
} from '../../support/credentials.ts'
import { createController, createModel } from '../../support/levels.ts'
import { missingOf } from '../../support/missing.ts'
import { databaseText, query, readAudit, uuidOf, withoutWriting } from '../../support/rows.ts'
import { createApiKey, createOrganization, createUser } from '../../support/seed.ts'

const app = startApp()

const SECRET = 'top-secret-0123456789'

/** Bob with the credential aws, and carol, who has none. */
const given = app.world(async () => {
  const [bob, carol] = [await createUser(app, 'bob'), await createUser(app, 'carol')]
  return { bob, carol, id: await addCredential(bob.client, 'aws', SECRET) }
})

async function isForbidden(client: Client, missing: string[], name: string, input: object) {
  const { extensions } = await withoutWriting(app, () => client.refused('FORBIDDEN', changeDocument(name), { input }))
  expect(missingOf(extensions)).toEqual(missing)
}

describe('revealing a credential', () => {
  const DOCUMENT = changeDocument('revealCredential', 'credential { name } attributes { name value isSecret }')
  const ATTRIBUTES = [
    { name: 'username', value: 'me', isSecret: false },
    { name: 'password', value: SECRET, isSecret: true },
  ]

  test('shows its owner the secrets, and leaves one row in the audit each time, without them', async () => {
    const { bob, id } = given()
    const before = (await readAudit(app)).length

    const answers = [await reveal(bob.client, 'aws'), await reveal(bob.client, 'AWS')]

    expect(answers).toEqual([ATTRIBUTES, ATTRIBUTES])
    const rows = (await readAudit(app)).slice(before)
    const expected = ['revealCredential', uuidOf(bob.id), uuidOf(bob.keyId), 'Credential', uuidOf(id), null]
    expect(
      rows.map((row) => [row.action, row.actor_id, row.api_key_id, row.target_type, row.target_id, row.before]),
    ).toEqual([expected, expected])
    expect(rows.map(({ after }) => after)).toEqual([{ revealed: 'aws' }, { revealed: 'aws' }])
  })

  test('shows no secret and writes nothing in a dry run', async () => {
    const { bob } = given()

    const dry = await withoutWriting(app, () => bob.client.ok(DOCUMENT, { input: { name: 'aws' }, dryRun: true }))

    expect(dry.revealCredential).toEqual({
      __typename: 'RevealCredentialPayload',
      credential: { name: 'aws' },
      attributes: withoutSecrets(ATTRIBUTES),
    })
  })

  test('is not found where it belongs to another user, even by administrators', async () => {
    const { carol } = given()
    const alice = await createUser(app, 'alice', { isAdmin: true })
    await addCredential(carol.client, 'aws', 'of carol')

    for (const client of [alice.client, app.root]) {
      const foreign = await withoutWriting(app, () => client.ok(DOCUMENT, { input: { name: 'aws' } }))
      const missing = await client.ok(DOCUMENT, { input: { name: 'xyz' } })
      expect(foreign.revealCredential).toMatchObject({ __typename: 'NotFoundError', path: ['name'] })
      expect(JSON.stringify(foreign).replace('aws', 'xyz')).toBe(JSON.stringify(missing))
    }
    expect((await reveal(carol.client, 'aws')).at(-1)?.value).toBe('of carol')
  })

  test('is not found where it was removed', async () => {
    const { bob } = given()
    await change(bob.client, 'removeCredential', { name: 'aws' })

    await withoutWriting(app, () => failChange(bob.client, 'NotFoundError', 'revealCredential', { name: 'aws' }))
  })
})

describe('the credentials of a user are seen', () => {
  const SEEN =
    'query ($id: ID!) { node(id: $id) { ... on Credential { name } } user(username: "bob") { credentials { totalCount nodes { name } } } }'

  test('by that user and by administrators, without the secrets', async () => {
    const { bob, id } = given()
    const alice = await createUser(app, 'alice', { isAdmin: true })

    for (const client of [bob.client, alice.client, app.root]) {
      expect(await credentialsOf(client, 'bob')).toEqual([
        {
          id,
          name: 'aws',
          type: 'USERPASS',
          attributes: [
            { name: 'username', value: 'me', isSecret: false },
            { name: 'password', value: null, isSecret: true },
          ],
          user: { username: 'bob' },
        },
      ])
      expect((await client.ok(SEEN, { id })).node).toEqual({ name: 'aws' })
    }
  })

  test('by no other user, even one who reads the record of that user', async () => {
    const { carol, id } = given()
    await createOrganization(app, 'acme')
    const auditor = await createUser(app, 'auditor', { roles: [{ role: 'AUDITOR', everywhere: true }] })
    const manager = await createUser(app, 'manager', {
      roles: [{ role: 'ORGANIZATION_ADMIN', organization: 'default' }],
    })
    const granter = await createUser(app, 'granter', {
      organization: 'acme',
      roles: [{ role: 'ORGANIZATION_ADMIN', organization: 'acme' }],
    })

    for (const { client } of [auditor, manager]) {
      expect(await client.ok(SEEN, { id })).toEqual({
        node: null,
        user: { credentials: { totalCount: 0, nodes: [] } },
      })
    }
    const { data, errors } = await granter.client.send(SEEN, { id })
    expect(data).toEqual({ node: null, user: { credentials: null } })
    expect(errors.map(({ path, extensions }) => [path, extensions.code])).toEqual([
      [['user', 'credentials'], 'FORBIDDEN'],
    ])
    expect(await carol.client.ok(SEEN, { id })).toEqual({ node: null, user: null })
  })
})

describe('a key with less than its owner’s authority', () => {
  test.each([
    ['limited', { limits: [{ role: 'ADMINISTRATOR', everywhere: true }] }, 'a key without limits'],
    ['read-only', { isReadOnly: true }, 'a key that is not read-only'],
  ])('that is %s does not add, reveal, remove or use credentials', async (_name, limits, missing) => {
    await createController(app, 'gce1')
    await createModel(app.root, 'gce1', 'web')
    await addCredential(app.root, 'aws', SECRET)
    const client = app.as((await createApiKey(app.root, limits)).key)

    const file = { jsonfile: { file: 'x' } }
    await isForbidden(client, [missing], 'addCredential', { name: 'new', attributes: file })
    await isForbidden(client, [missing], 'revealCredential', { name: 'aws' })
    await isForbidden(client, [missing], 'removeCredential', { name: 'aws' })
    await isForbidden(client, [missing], 'createModel', { controller: 'gce1', name: 'db', credential: 'aws' })
    await isForbidden(client, [missing], 'updateModel', { controller: 'gce1', model: 'web', credential: 'aws' })

    expect((await reveal(app.root, 'aws')).at(-1)?.value).toBe(SECRET)
  })

  test('that is limited still creates and changes models without a credential', async () => {
    await createController(app, 'gce1')
    const limits = [{ role: 'ADMINISTRATOR', everywhere: true }]
    const client = app.as((await createApiKey(app.root, { limits })).key)

    await change(client, 'createModel', { controller: 'gce1', name: 'web' })
    const input = { controller: 'gce1', model: 'web', name: 'site' }
    const { model } = await change(client, 'updateModel', input, 'model { name }')

    expect(model).toEqual({ name: 'site' })
  })
})

describe('in the database', () => {
  test('no row contains a secret of any type, in clear or in another encoding', async () => {
    const { bob } = given()
    const all = TYPES.map(({ member, type, attributes }) => ({ member, type, values: valuesOf(attributes) }))
    for (const { member, values } of all) {
      await change(bob.client, 'addCredential', { name: member, attributes: inputOf(member, values) })
      await reveal(bob.client, member)
    }
    await change(bob.client, 'removeCredential', { name: 'oauth1' })

    const text = await databaseText(app)

    const values = all.flatMap((one) => one.values)
    const secrets = values.filter(({ isSecret }) => isSecret).map(({ value }) => String(value))
    expect(secrets).toHaveLength(10)
    expect(secrets.flatMap(spellingsOf).filter((spelling) => text.includes(spelling))).toEqual([])
    // A value that is no secret is found, so the search works.
    expect(text).toContain(values.find(({ isSecret }) => !isSecret)?.value)
  })

  test('no row contains the secret of a credential that was refused because its name was taken', async () => {
    const { bob } = given()

    const input = { name: 'aws', attributes: { jsonfile: { file: 'another-secret-987' } } }
    const answer = await bob.client.ok(changeDocument('addCredential'), { input })

    expect(answer.addCredential.__typename).toBe('ConflictError')
    const text = (await databaseText(app)) + JSON.stringify(answer)
    const spellings = [SECRET, 'another-secret-987'].flatMap(spellingsOf)
    expect(spellings.filter((spelling) => text.includes(spelling))).toEqual([])
  })

  test('a secret is sealed with the key that its row names, and differently each time', async () => {
    const { bob } = given()
    await addCredential(bob.client, 'another', SECRET)

    const rows = await query<{ secrets: string; key_id: string }>(app, sql`select secrets, key_id from credentials`)

    const headers = rows.map(({ secrets }) =>
      JSON.parse(Buffer.from(secrets.split('.')[0] ?? '', 'base64url').toString()),
    )
    expect(headers.map(({ alg, enc, kid }) => [alg, enc, kid])).toEqual(
      rows.map(({ key_id }) => ['dir', 'A256GCM', key_id]),
    )
    for (const part of [2, 3, 4]) expect(new Set(rows.map(({ secrets }) => secrets.split('.')[part])).size).toBe(2)
  })

  test.each([
    ['it is removed', (client: Client) => change(client, 'removeCredential', { name: 'aws' })],
    ['its owner is deleted', () => change(app.root, 'deleteUser', { user: 'bob' })],
  ])('the row of a credential keeps no secret once %s', async (_name, end) => {
    const { bob } = given()

    await end(bob.client)

    const rows = await query(app, sql`select name, secrets, key_id, deleted_at is not null as deleted from credentials`)
    expect(rows).toEqual([{ name: 'aws', secrets: null, key_id: null, deleted: true }])
  })
})

test('restoring a user does not restore the credentials', async () => {
  const { bob } = given()
  await change(app.root, 'deleteUser', { user: 'bob' })

  await change(app.root, 'restoreUser', { id: bob.id })

  expect(await credentialsOf(app.root, 'bob')).toEqual([])
})

test('an administrator removes another user’s credential, and a user who may not see it does not find it', async () => {
  const { bob, carol } = given()
  const before = (await readAudit(app)).length

  await withoutWriting(app, async () => {
    for (const user of ['bob', 'nobody']) {
      const error = await failChange(carol.client, 'NotFoundError', 'removeCredential', { user, name: 'aws' })
      expect(error.path.join('.')).toBe('user')
    }
  })
  const { name } = await change(app.root, 'removeCredential', { user: 'bob', name: 'aws' }, 'name')

  expect(name).toBe('aws')
  expect(await credentialsOf(bob.client, 'bob')).toEqual([])
  const rows = (await readAudit(app)).slice(before)
  expect(rows.map((row) => [row.action, row.before, row.after])).toEqual([
    ['removeCredential', { name: 'aws', type: 'userpass' }, null],
  ])
})
