/** The longest life of keys that an organization sets for its members. */
import { createHash } from 'node:crypto'
import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { startApp } from '../../support/app.ts'
import { eventsOf } from '../../support/audit.ts'
import { change, changeDocument, failInput } from '../../support/change.ts'
import { inDays } from '../../support/look.ts'
import { query, uuidOf, withoutWriting } from '../../support/rows.ts'
import { createApiKey, createOrganization, createUser } from '../../support/seed.ts'

const app = startApp()
const DAY = 24 * 60 * 60 * 1000

/** bob is of acme, where keys live 90 days; eva is of globex, where they live as long as anybody likes. */
const given = app.world(async () => {
  await createOrganization(app, 'acme')
  await createOrganization(app, 'globex')
  const bob = await createUser(app, 'bob', { organization: 'acme' })
  const old = await createApiKey(bob.client)
  await change(app.root, 'updateOrganization', { organization: 'acme', maxKeyTtl: 'P90D' })
  return { bob, old, eva: await createUser(app, 'eva', { organization: 'globex' }) }
})

/** How many days from now a time is. */
const daysUntil = (time: string) => (Date.parse(time) - Date.now()) / DAY
const TOO_LATE = /^A key of a member of acme lives at most P90D: its end is \d{4}-\S+Z at the latest\.$/
const KEY = 'secret apiKey { id expiresAt }'

describe('a new key ends within the longest life of its owner’s organization', () => {
  test('where no end is given, whoever makes it', async () => {
    const { bob, eva } = given()

    const own = await change(bob.client, 'createApiKey', { label: 'mine' }, KEY)
    const made = await change(app.root, 'createApiKey', { user: 'bob', label: 'theirs' }, KEY)
    const elsewhere = await change(eva.client, 'createApiKey', { label: 'free' }, KEY)

    expect(daysUntil(own.apiKey.expiresAt)).toBeCloseTo(90, 1)
    expect(daysUntil(made.apiKey.expiresAt)).toBeCloseTo(90, 1)
    expect(elsewhere.apiKey.expiresAt).toBeNull()
  })

  test('as the first key of a person and of a program', async () => {
    const person = { username: 'pam', email: 'pam@example.test', organization: 'acme', withApiKey: true }
    const made = await change(app.root, 'createUser', person, KEY)
    const program = { username: 'ci', email: 'pam@example.test', organization: 'acme' }
    const service = await change(app.root, 'createServiceUser', program, KEY)

    expect(daysUntil(made.apiKey.expiresAt)).toBeCloseTo(90, 1)
    expect(daysUntil(service.apiKey.expiresAt)).toBeCloseTo(90, 1)
  })

  test('as the successor of a key without an end', async () => {
    const { bob, old } = given()

    const { apiKey } = await change(bob.client, 'rotateApiKey', { apiKey: old.id }, KEY)

    expect(daysUntil(apiKey.expiresAt)).toBeCloseTo(90, 1)
  })
})

test('a later end is refused with the latest, at the creation and in place, and nothing is written', async () => {
  const { bob } = given()
  const { id } = await createApiKey(bob.client)
  await withoutWriting(app, async () => {
    for (const [name, input] of [
      ['createApiKey', { label: 'long' }],
      ['updateApiKey', { apiKey: id }],
    ] as const) {
      const document = changeDocument(name)
      const { issues } = await bob.client.failed('InvalidInputError', document, {
        input: { ...input, expiresAt: inDays(91) },
      })
      expect(issues).toEqual([{ path: ['expiresAt'], message: expect.stringMatching(TOO_LATE) }])
    }
  })

  const { apiKey } = await change(bob.client, 'createApiKey', { label: 'short', expiresAt: inDays(89) }, KEY)
  expect(daysUntil(apiKey.expiresAt)).toBeCloseTo(89, 1)
})

test('keys that there were keep their end, and without the longest life new ones have none again', async () => {
  const { bob, old } = given()
  const { node } = await bob.client.ok('query ($id: ID!) { node(id: $id) { ... on ApiKey { expiresAt isValid } } }', {
    id: old.id,
  })
  expect(node).toEqual({ expiresAt: null, isValid: true })

  const changed = await change(
    app.root,
    'updateOrganization',
    { organization: 'acme', maxKeyTtl: null },
    'organization { maxKeyTtl }',
  )

  expect(changed.organization.maxKeyTtl).toBeNull()
  const { apiKey } = await change(bob.client, 'createApiKey', { label: 'free' }, KEY)
  expect(apiKey.expiresAt).toBeNull()
})

test('a key is not made to live longer in place, again and again', async () => {
  const { bob } = given()
  const { apiKey } = await change(bob.client, 'createApiKey', { label: 'mine' }, KEY)
  await query(
    app,
    sql`update api_keys set created_at = created_at - interval '80 days', expires_at = expires_at - interval '80 days' where id = ${uuidOf(apiKey.id)}`,
  )

  await withoutWriting(app, () =>
    failInput(bob.client, ['expiresAt'], 'updateApiKey', { apiKey: apiKey.id, expiresAt: inDays(30) }),
  )
})

test('an imported key ends within it too, and the audit says when', async () => {
  const sha256 = createHash('sha256').update('a key of another system').digest('hex')
  await change(app.root, 'importUsers', { items: [{ username: 'ivy', organization: 'acme', apiKeys: [{ sha256 }] }] })

  const { user } = await app.root.ok('{ user(username: "ivy") { apiKeys { nodes { expiresAt } } } }')
  const [event] = await eventsOf(app.root, { action: 'importUsers' })

  const { expiresAt } = user.apiKeys.nodes[0]
  expect(daysUntil(expiresAt)).toBeCloseTo(90, 1)
  expect(JSON.stringify(event?.changes)).toContain(new Date(expiresAt).toISOString())
})
