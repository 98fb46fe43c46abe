/** A mutation that makes something can be repeated with the same idempotency key, and makes nothing again. */
import { createHash } from 'node:crypto'
import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { change, changeDocument, failChange, failInput } from '../support/change.ts'
import { CHANGES, makeWorld, type SampleChange } from '../support/changes.ts'
import { databaseText, query, withoutWriting } from '../support/rows.ts'
import { createUser } from '../support/seed.ts'
import { inputTypeOf } from './bad-input/inputs.ts'

const app = startApp()
const given = app.world(() => makeWorld(app))

const KEY = '3f0c1b1e-9f7a-4a5b-8d1c-2b7f3c9d0e1a'
const MAKERS = CHANGES.filter(
  ({ name }) => inputTypeOf(name)?.toString().includes('Input') && 'idempotencyKey' in fieldsOf(name),
)

function fieldsOf(name: string): object {
  const type = inputTypeOf(name)
  return type && 'ofType' in type && 'getFields' in type.ofType ? type.ofType.getFields() : {}
}

function inputOf({ input }: SampleChange): object {
  return { ...input(given()), idempotencyKey: KEY }
}

test('every mutation that creates, adds or rotates takes an idempotency key', () => {
  const expected = CHANGES.map(({ name }) => name).filter((name) => /^(create|add|rotate)/.test(name))

  expect(MAKERS.map(({ name }) => name)).toEqual(expected)
})

describe.each(MAKERS)('a repeated $name', (maker) => {
  test('answers what was made, without secrets, and makes nothing', async () => {
    const input = inputOf(maker)
    const first = await change(app.root, maker.name, input, maker.payload)

    const repeated = await withoutWriting(app, () => change(app.root, maker.name, input, maker.payload))

    expect(repeated).toEqual('secret' in first ? { ...first, secret: null } : first)
  })

  test('with another input is a conflict, and writes nothing', async () => {
    const input = inputOf(maker)
    await change(app.root, maker.name, input)
    const [field = '', value] =
      Object.entries(input).find(([name, value]) => typeof value === 'string' && name !== 'idempotencyKey') ?? []
    const others: Record<string, unknown> = { apiKey: value, webhook: 'webhook_01900000-0000-7000-8000-000000000000' }
    const other = {
      ...input,
      [field]: others[field] ?? `${value}x`,
      ...(field === 'apiKey' && { overlapUntil: '2099-01-01T00:00:00Z' }),
    }

    const { message } = await withoutWriting(app, () => failChange(app.root, 'ConflictError', maker.name, other))

    expect(message).toBe('This idempotency key was used for another input: use a new one.')
  })
})

describe('an idempotency key', () => {
  const input = { name: 'apex', idempotencyKey: KEY }

  test('sent eight times at once makes one thing, whose secret is in one answer', async () => {
    const payload = 'secret apiKey { id }'
    const keyInput = { label: 'deploy', idempotencyKey: KEY }

    const answers = await Promise.all(
      Array.from({ length: 8 }, () => change(app.root, 'createApiKey', keyInput, payload)),
    )

    expect(new Set(answers.map(({ apiKey }) => apiKey.id)).size).toBe(1)
    expect(answers.filter(({ secret }) => secret !== null)).toHaveLength(1)
  })

  test('is good for one mutation', async () => {
    await change(app.root, 'createOrganization', input)

    await withoutWriting(app, () =>
      failChange(app.root, 'ConflictError', 'createRole', {
        name: 'APEX',
        permissions: ['doc.read'],
        idempotencyKey: KEY,
      }),
    )
  })

  test('is the caller’s own', async () => {
    const alice = await createUser(app, 'alice', { isAdmin: true })
    await change(app.root, 'createOrganization', input)

    await change(alice.client, 'createOrganization', { ...input, name: 'zenith' })
  })

  test('is free again after a day, and old ones are forgotten', async () => {
    await change(app.root, 'createOrganization', input)
    await query(app, sql`update idempotency_keys set created_at = created_at - interval '24 hours 1 second'`)

    const made = await change(app.root, 'createOrganization', { ...input, name: 'zenith' }, 'organization { name }')

    expect(made.organization.name).toBe('zenith')
    expect(await query(app, sql`select count(*)::int as count from idempotency_keys`)).toEqual([{ count: 1 }])
  })

  test('of a call that failed, or that ran dry, is not used', async () => {
    await failChange(app.root, 'ConflictError', 'createOrganization', { ...input, name: 'acme' })
    await app.root.ok(
      'mutation ($input: CreateOrganizationInput!) { createOrganization(input: $input, dryRun: true) { __typename } }',
      { input: { ...input, name: 'dry' } },
    )

    const made = await change(app.root, 'createOrganization', input, 'organization { name }')

    expect(made.organization.name).toBe('apex')
  })

  test('whose thing was deleted, or is hidden by now, is a conflict', async () => {
    await change(app.root, 'createOrganization', input)
    await change(app.root, 'deleteOrganization', { organization: 'apex' })

    const document = changeDocument('createOrganization', 'organization { name }')
    const { message } = await app.root.failed('ConflictError', document, { input })

    expect(message).toBe('What was made with this idempotency key is gone, or you no longer see it.')
  })

  test('works whatever the order of the fields in the input', async () => {
    await change(app.root, 'createOrganization', { name: 'apex', title: 'Apex', idempotencyKey: KEY })

    await withoutWriting(app, () =>
      change(app.root, 'createOrganization', { idempotencyKey: KEY, title: 'Apex', name: 'apex' }),
    )
  })

  test('keeps neither the secret that was made nor anything from which a password could be guessed', async () => {
    const password = 'the ladder leans on nothing'
    const userInput = { username: 'erin', password, confirmPassword: password, withApiKey: true, idempotencyKey: KEY }
    const { secret } = await change(app.root, 'createUser', userInput, 'secret')

    const text = await databaseText(app)

    expect(text).not.toContain(secret)
    expect(text).not.toContain(password)
    for (const encoding of ['hex', 'base64url', 'base64'] as const) {
      const sorted = Object.entries(userInput).toSorted()
      for (const hashed of [userInput, ['createUser', userInput], ['createUser', sorted]]) {
        expect(text).not.toContain(createHash('sha256').update(JSON.stringify(hashed)).digest(encoding))
      }
    }
  })

  test.each([
    ['empty', ''],
    ['null', null],
    ['with a space', 'a b'],
    ['of other letters', 'schlüssel'],
    ['with a line break', 'a\n'],
    ['too long', 'k'.repeat(201)],
  ])('that is %s is refused, and nothing is written', async (_what, idempotencyKey) => {
    await withoutWriting(app, () =>
      failInput(app.root, ['idempotencyKey'], 'createOrganization', { name: 'apex', idempotencyKey }),
    )
  })
})
