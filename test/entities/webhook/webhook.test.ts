/** Who may make and change a webhook, what is refused, and how its secret is kept. What is sent is tested in test/webhooks. */
import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import type { Contents } from '../../../src/db/backup/contents.ts'
import { parseKeyring } from '../../../src/encryption/keyring.ts'
import { sealAnew } from '../../../src/encryption/rotation.ts'
import { refuseOtherKeys } from '../../../src/encryption/sealed-rows.ts'
import { openSecrets } from '../../../src/entities/webhook/secrets.ts'
import { type Client, startApp } from '../../support/app.ts'
import { change, changeDocument, failChange, failInput } from '../../support/change.ts'
import { ENCRYPTION_KEY } from '../../support/encryption-key.ts'
import { inDays } from '../../support/look.ts'
import { missingOf } from '../../support/missing.ts'
import { query, uuidOf, withoutWriting } from '../../support/rows.ts'
import { createApiKey, createOrganization, createRole, createUser } from '../../support/seed.ts'

const app = startApp()

const URL = 'https://hooks.example.test/'
const NEW_KEY = Buffer.alloc(32, 'another key of the tests').toString('base64')

async function createWebhook(client: Client, input: object = {}) {
  const { webhook, secret } = await change(client, 'createWebhook', { url: URL, ...input }, 'secret webhook { id }')
  return { id: webhook.id as string, secret: secret as string }
}

/** A user of acme who holds these permissions there. */
async function createHolder(username: string, permissions: string[]) {
  const role = `${username.toUpperCase()}S_ROLE`
  await createRole(app, role, permissions, 'acme')
  return createUser(app, username, { organization: 'acme', roles: [{ role, organization: 'acme' }] })
}

describe('a user', () => {
  test('needs both to manage webhooks and to read the audit, wherever they direct what is sent', async () => {
    await createOrganization(app, 'acme')
    const bob = await createHolder('bob', ['webhooks.manage'])
    const alice = await createHolder('alice', ['webhooks.manage', 'audit.read'])
    const carol = await createHolder('carol', ['audit.read'])
    const { id } = await createWebhook(alice.client)
    const attempts: [string, object][] = [
      ['createWebhook', { url: URL }],
      ['updateWebhook', { webhook: id, url: `${URL}elsewhere` }],
      ['rotateWebhookSecret', { webhook: id }],
      ['testWebhook', { webhook: id }],
      ['replayWebhook', { webhook: id, after: '' }],
    ]

    const missing = await withoutWriting(app, async () => {
      const found = []
      for (const [name, input] of attempts)
        for (const { client } of [bob, carol])
          found.push(missingOf((await client.refused('FORBIDDEN', changeDocument(name), { input })).extensions))
      return found
    })
    const seen = await bob.client.ok('{ webhooks { nodes { url } } }')
    const deleted = await change(bob.client, 'deleteWebhook', { webhook: id }, 'name')

    expect(missing).toEqual(attempts.flatMap(() => [['audit.read'], ['webhooks.manage']]))
    expect(seen.webhooks.nodes).toEqual([{ url: URL }])
    expect(deleted.name).toBe(URL)
  })

  test('of an organization makes none of the server or of another organization', async () => {
    await createOrganization(app, 'acme')
    await createOrganization(app, 'globex')
    const alice = await createHolder('alice', ['webhooks.manage', 'audit.read'])
    await createWebhook(app.root, { everywhere: true })
    await createWebhook(app.root, { organization: 'globex' })

    await withoutWriting(app, async () => {
      const input = { url: URL, everywhere: true }
      await alice.client.refused('FORBIDDEN', changeDocument('createWebhook'), { input })
      await failChange(alice.client, 'NotFoundError', 'createWebhook', { url: URL, organization: 'globex' })
    })

    expect((await alice.client.ok('{ webhooks { totalCount } }')).webhooks.totalCount).toBe(0)
  })

  test('makes none with a key that ends, which would read on after its end', async () => {
    const { id } = await createWebhook(app.root)
    const { key } = await createApiKey(app.root, { expiresAt: inDays(1) })
    const refused = (name: string, input: object) => app.as(key).refused('FORBIDDEN', changeDocument(name), { input })

    await withoutWriting(app, async () => {
      await refused('createWebhook', { url: URL })
      for (const input of [{ url: `${URL}x` }, { types: ['user.created'] }, { allTypes: true }, { isPaused: false }])
        await refused('updateWebhook', { webhook: id, ...input })
      await refused('rotateWebhookSecret', { webhook: id })
    })

    await change(app.as(key), 'updateWebhook', { webhook: id, isPaused: true })
  })
})

describe('a webhook', () => {
  test('is either of one organization or of the whole server, for some types or for all', async () => {
    const { id } = await createWebhook(app.root, { types: ['user.created'] })

    await withoutWriting(app, async () => {
      await failInput(app.root, ['everywhere'], 'createWebhook', {
        url: URL,
        organization: 'default',
        everywhere: true,
      })
      await failInput(app.root, ['allTypes'], 'updateWebhook', { webhook: id, types: ['user.created'], allTypes: true })
    })
    const { webhook } = await change(app.root, 'updateWebhook', { webhook: id, allTypes: true }, 'webhook { types }')

    expect(webhook.types).toBeNull()
  })

  test('is one of at most 50 of an organization, and keeps that from being deleted', async () => {
    await createOrganization(app, 'acme')
    const { id } = await createWebhook(app.root, { organization: 'acme' })
    const kept = await withoutWriting(app, () =>
      failChange(app.root, 'ConflictError', 'deleteOrganization', { organization: 'acme' }),
    )
    await query(
      app,
      sql`insert into webhooks (id, organization_id, owner_id, url, position)
        select gen_random_uuid(), w.organization_id, w.owner_id, w.url, 0 from webhooks as w, generate_series(1, 49) where w.id = ${uuidOf(id)}`,
    )

    const { message } = await withoutWriting(app, () =>
      failChange(app.root, 'ConflictError', 'createWebhook', { url: URL, organization: 'acme' }),
    )

    expect(kept.message).toBe('The organization "acme" still has 1 webhooks: delete them first.')
    expect(message).toBe('There are 50 webhooks here already: delete one first.')
  })

  test('has one test at a time, and sends nothing again that was not sent', async () => {
    const { id } = await createWebhook(app.root)
    await change(app.root, 'testWebhook', { webhook: id })
    const cursor = (position: number) =>
      Buffer.from(JSON.stringify(['POSITION asc', `${position}`])).toString('base64url')

    await withoutWriting(app, async () => {
      await failChange(app.root, 'ConflictError', 'testWebhook', { webhook: id })
      await failInput(app.root, ['after'], 'replayWebhook', { webhook: id, after: cursor(1) })
    })
    await change(app.root, 'replayWebhook', { webhook: id, after: cursor(0) })
  })

  test('has a secret that only its row opens, is sealed again with another key, and is gone with it', async () => {
    const old = parseKeyring(ENCRYPTION_KEY)
    const both = parseKeyring(`${NEW_KEY},${ENCRYPTION_KEY}`)
    const fresh = parseKeyring(NEW_KEY)
    if (!old || !both || !fresh) throw new Error('A key is malformed.')
    const first = await createWebhook(app.root)
    const second = await createWebhook(app.root)
    const rotated = await change(app.root, 'rotateWebhookSecret', { webhook: first.id }, 'secret')
    const sealedOf = async (id: string) => {
      const [row] = await query<{ secrets: string }>(app, sql`select secrets from webhooks where id = ${uuidOf(id)}`)
      return { id: uuidOf(id), secrets: row?.secrets ?? null }
    }
    const sealed = await sealedOf(first.id)

    // With the signing key of the first start.
    const count = await sealAnew(app.database, both)
    const opened = await openSecrets(fresh, await sealedOf(first.id))

    expect(count).toBe(3)
    expect(opened.map(({ secret, until }) => [secret, until === null])).toEqual([
      [rotated.secret, true],
      [first.secret, false],
    ])
    await expect(openSecrets(old, { ...sealed, id: uuidOf(second.id) })).rejects.toThrow('is another’s')
    await expect(refuseOtherKeys(fresh, backupOf(sealed))).rejects.toThrow('ENCRYPTION_KEY does not open')
    await refuseOtherKeys(old, backupOf(sealed))
    await change(app.root, 'deleteWebhook', { webhook: first.id })
    expect((await sealedOf(first.id)).secrets).toBeNull()
  })
})

/** A backup that holds one webhook. */
function backupOf(row: object): Contents {
  const table = { schema: 'public', name: 'webhooks', rows: 1, fingerprint: '' }
  return {
    header: { format: 'chatelaine backup', version: 1, program: '', createdAt: '', migrations: [], tables: [table] },
    async *batches() {
      yield { table, rows: [JSON.stringify(row)] }
    },
  }
}
