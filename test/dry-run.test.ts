import { describe, expect, test } from 'vitest'
import { schema } from '../src/schema.ts'
import { startApp } from './support/app.ts'
import { changeDocument } from './support/change.ts'
import { CHANGES, makeWorld } from './support/changes.ts'
import { statusOf } from './support/look.ts'
import { databaseText, readAudit, uuidOf, withoutWriting } from './support/rows.ts'
import { createUser } from './support/seed.ts'

const app = startApp()

/** An answer without what differs from run to run: ids, times, secrets, their hints, and the order of what began at once. */
function comparable(answer: object): unknown {
  const text = JSON.stringify(answer, (key, value) => {
    if (key === 'secret' || key === 'hint') return key
    return key === 'edges' ? value.map((edge: object) => JSON.stringify(edge)).sort() : value
  })
  return text
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'ID')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
}

test('there is a sample of every mutation', () => {
  const names = Object.keys(schema.getMutationType()?.getFields() ?? {})

  expect(CHANGES.map(({ name }) => name).sort()).toEqual(names.sort())
})

describe('a dry run', () => {
  test.each(CHANGES)('of $name answers as the change would, without a secret, and writes nothing', async (sample) => {
    const world = await makeWorld(app)
    const document = changeDocument(sample.name, sample.payload)
    const input = sample.input(world)

    const dry = await withoutWriting(app, () => app.root.ok(document, { input, dryRun: true }))
    const real = await app.root.ok(document, { input })

    const [answer] = Object.values(dry) as [{ __typename: string; secret?: string | null }]
    expect(answer.__typename).toMatch(/Payload$/)
    expect(answer.secret ?? null).toBe(null)
    expect(comparable(dry)).toEqual(comparable(real))
  })

  test.each([
    ['InvalidInput', 'createUser', { username: 'root' }],
    ['Conflict', 'createUser', { username: 'BOB' }],
    ['NotFound', 'deleteUser', { user: 'nobody' }],
  ])('answers with the same %s', async (typeName, name, input) => {
    await makeWorld(app)

    const dry = await withoutWriting(app, () => app.root.ok(changeDocument(name), { input, dryRun: true }))
    const real = await withoutWriting(app, () => app.root.ok(changeDocument(name), { input }))

    expect(dry[name].__typename).toBe(typeName)
    expect(dry).toEqual(real)
  })

  test('answers with the same LastAdmin', async () => {
    const { viewer } = await app.root.ok('{ viewer { apiKey { id } } }')
    const [document, input] = [changeDocument('revokeApiKey'), { apiKey: viewer.apiKey.id }]

    const dry = await withoutWriting(app, () => app.root.ok(document, { input, dryRun: true }))
    const real = await withoutWriting(app, () => app.root.ok(document, { input }))

    expect(dry.revokeApiKey.__typename).toBe('LastAdmin')
    expect(dry).toEqual(real)
  })

  test('is refused to whom the change is', async () => {
    const bob = await createUser(app, 'bob')
    const document = changeDocument('createProject')

    const error = await withoutWriting(app, () =>
      bob.client.refused('FORBIDDEN', document, { input: { code: 'x' }, dryRun: true }),
    )

    expect(error.extensions.missing).toEqual(['projects.manage'])
  })

  test('of an end leaves its target as it is', async () => {
    const { bob } = await makeWorld(app)

    for (const name of ['disableUser', 'deleteUser']) {
      await app.root.ok(changeDocument(name), { input: { user: 'bob' }, dryRun: true })
    }
    await app.root.ok(changeDocument('revokeApiKey'), { input: { apiKey: bob.keyId }, dryRun: true })

    expect(await statusOf(bob.client)).toBe(200)
  })
})

describe('the audit', () => {
  test.each(CHANGES)('has exactly one row of $name: who, with what, which, and no secret', async (sample) => {
    const world = await makeWorld(app)
    const before = (await readAudit(app)).length
    const { viewer } = await app.root.ok('{ viewer { apiKey { id } } }')

    const answer = await app.root.ok(changeDocument(sample.name, sample.payload), { input: sample.input(world) })

    const payload = answer[sample.name]
    const rows = (await readAudit(app)).slice(before)
    expect(rows.length).toBe(1)
    expect(rows[0]).toMatchObject({
      action: sample.name,
      actor_kind: 'USER',
      actor_id: uuidOf(world.rootId),
      api_key_id: uuidOf(viewer.apiKey.id),
      target_type: sample.targetType,
      target_id: uuidOf(sample.targetId(payload, world)),
      address: '127.0.0.1',
      request_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    })
    expect(rows[0]?.before ?? rows[0]?.after).toBeTruthy()
    if (payload.secret) expect(await databaseText(app)).not.toContain(payload.secret.slice(-49))
  })
})
