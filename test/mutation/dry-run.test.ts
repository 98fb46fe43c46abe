// Runs on both databases.

import { describe, expect, test } from 'vitest'
import { schema } from '../../src/graphql/schema.ts'
import { startApp } from '../support/app.ts'
import { argumentsOf, changeDocument } from '../support/change.ts'
import { CHANGES, makeWorld } from '../support/changes.ts'
import { statusOf } from '../support/look.ts'
import { missingOf } from '../support/missing.ts'
import { databaseText, readAudit, uuidOf, withoutWriting } from '../support/rows.ts'
import { BOBS_PASSWORD, SECRET_KEY } from '../support/secret-changes.ts'
import { KEPT_SECRET } from '../support/secrets.ts'
import { createUser } from '../support/seed.ts'
import { SESSION_CHANGES } from '../support/session-changes.ts'
import { signIn } from '../support/sessions.ts'
import { textPaths } from './bad-input/inputs.ts'

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

test('there is a sample of every mutation, except those of the caller’s sessions, which have no dry run', () => {
  const names = Object.keys(schema.getMutationType()?.getFields() ?? {})
  const [dry, others] = [true, false].map((hasDryRun) =>
    names.filter((name) => argumentsOf(name).includes('dryRun') === hasDryRun),
  )

  expect(CHANGES.map(({ name }) => name).sort()).toEqual(dry?.sort())
  expect(SESSION_CHANGES.map(({ name }) => name).sort()).toEqual(others?.sort())
})

/** The secrets that are put in. */
function secretsIn(name: string, input: Record<string, unknown>): string[] {
  const places = textPaths(name, input).filter(({ isSecret, path }) => isSecret && !path.endsWith(KEPT_SECRET))
  return places.map(({ value }) => String(value))
}

describe('a dry run', () => {
  const given = app.world(() => makeWorld(app))

  test.each(CHANGES)('of $name answers as the change would, without a secret, and writes nothing', async (sample) => {
    const world = given()
    const document = changeDocument(sample.name, sample.payload)
    const input = sample.input(world)

    const dry = await withoutWriting(app, () => app.root.ok(document, { input, dryRun: true }))
    const real = await app.root.ok(document, { input })

    const [answer] = Object.values(dry) as [{ __typename: string; secret?: string | null }]
    expect(answer.__typename).toMatch(/Payload$/)
    expect(answer.secret ?? null).toBe(null)
    for (const secret of secretsIn(sample.name, input)) expect(JSON.stringify(dry)).not.toContain(secret)
    expect(comparable(dry)).toEqual(comparable(real))
  })

  test.each([
    ['InvalidInputError', 'createUser', { username: 'root' }],
    ['ConflictError', 'createUser', { username: 'BOB' }],
    ['NotFoundError', 'deleteUser', { user: 'nobody' }],
  ])('answers with the same %s', async (typeName, name, input) => {
    const dry = await withoutWriting(app, () => app.root.ok(changeDocument(name), { input, dryRun: true }))
    const real = await withoutWriting(app, () => app.root.ok(changeDocument(name), { input }))

    expect(dry[name].__typename).toBe(typeName)
    expect(dry).toEqual(real)
  })

  test('reveals no secret of a credential, but what the change would', async () => {
    const document = changeDocument('revealCredential', 'attributes { name value isSecret }')
    const input = { name: 'own' }

    const dry = await withoutWriting(app, () => app.root.ok(document, { input, dryRun: true }))
    const real = await app.root.ok(document, { input })

    const { attributes } = real.revealCredential
    expect(attributes).toContainEqual({ name: 'secret-key', value: SECRET_KEY, isSecret: true })
    expect(dry.revealCredential.attributes).toEqual(
      attributes.map((one: { isSecret: boolean }) => (one.isSecret ? { ...one, value: null } : one)),
    )
  })

  test('of a new password, or of the end of what is kept, leaves the old one', async () => {
    const { bob } = given()
    const inputs = {
      setUserPassword: { user: 'bob', password: 'another long password', endApiKeys: true },
      removeSshKey: { user: 'bob', fingerprint: await fingerprintOfBob() },
      removeCredential: { user: 'bob', name: 'aws' },
    }

    for (const [name, input] of Object.entries(inputs)) await app.root.ok(changeDocument(name), { input, dryRun: true })

    expect(await statusOf(bob.client)).toBe(200)
    await signIn(app, 'bob', BOBS_PASSWORD)
    expect(await fingerprintOfBob()).toBe(inputs.removeSshKey.fingerprint)
    const { revealCredential } = await bob.client.ok(changeDocument('revealCredential'), { input: { name: 'aws' } })
    expect(revealCredential.__typename).toBe('RevealCredentialPayload')
  })

  test('of an end leaves its target as it is', async () => {
    const { bob } = given()

    for (const name of ['disableUser', 'deleteUser']) {
      await app.root.ok(changeDocument(name), { input: { user: 'bob' }, dryRun: true })
    }
    await app.root.ok(changeDocument('revokeApiKey'), { input: { apiKey: bob.keyId }, dryRun: true })

    expect(await statusOf(bob.client)).toBe(200)
  })
})

async function fingerprintOfBob(): Promise<string> {
  const { user } = await app.root.ok('{ user(username: "bob") { sshKeys { nodes { fingerprint } } } }')
  return user.sshKeys.nodes[0].fingerprint
}

describe('a dry run on a server that has only root', () => {
  test('answers with the same LastAdministratorError', async () => {
    const { viewer } = await app.root.ok('{ viewer { apiKey { id } } }')
    const [document, input] = [changeDocument('revokeApiKey'), { apiKey: viewer.apiKey.id }]

    const dry = await withoutWriting(app, () => app.root.ok(document, { input, dryRun: true }))
    const real = await withoutWriting(app, () => app.root.ok(document, { input }))

    expect(dry.revokeApiKey.__typename).toBe('LastAdministratorError')
    expect(dry).toEqual(real)
  })

  test('of read-only mode leaves it as it is', async () => {
    const document = changeDocument('setReadOnly', 'isReadOnly changed')

    const { setReadOnly } = await app.root.ok(document, { input: { isReadOnly: true }, dryRun: true })

    expect(setReadOnly).toMatchObject({ isReadOnly: true, changed: true })
    await createUser(app, 'bob')
  })

  test('is refused where the change is refused', async () => {
    const bob = await createUser(app, 'bob')
    const document = changeDocument('createProject')

    const error = await withoutWriting(app, () =>
      bob.client.refused('FORBIDDEN', document, { input: { code: 'x' }, dryRun: true }),
    )

    expect(missingOf(error.extensions)).toEqual(['projects.manage'])
  })
})

describe('the audit', () => {
  const given = app.world(() => makeWorld(app))

  test.each(CHANGES)(
    'has exactly one row of $name: the user, the credential, the target, and no secret',
    async (sample) => {
      const world = given()
      const before = (await readAudit(app)).length
      const { viewer } = await app.root.ok('{ viewer { apiKey { id } } }')

      const input = sample.input(world)
      const answer = await app.root.ok(changeDocument(sample.name, sample.payload), { input })

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
      const secrets = [...(payload.secret ? [payload.secret.slice(-49)] : []), ...secretsIn(sample.name, input)]
      const kept = secrets.length > 0 ? await databaseText(app) : ''
      for (const secret of secrets) expect(kept).not.toContain(secret)
    },
  )
})
