/** What was refused: one row per caller, action, target and minute, with a count. */
import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { type Client, startApp } from '../../support/app.ts'
import { countEvents, eventsOf, refusalsOf, sidesOf, writingOnlyAudit } from '../../support/audit.ts'
import { change, changeDocument, failChange } from '../../support/change.ts'
import { inDays } from '../../support/look.ts'
import { databaseText, query, withoutWriting } from '../../support/rows.ts'
import { createApiKey, createOrganization, createProject, createUser } from '../../support/seed.ts'
import { basic, createPerson, SIGN_IN } from '../../support/sessions.ts'

const app = startApp({ trustedProxies: ['loopback'] })

/** Sends a mutation that must be refused FORBIDDEN, and write nothing but that. */
function forbid(client: Client, name: string, input: object) {
  return writingOnlyAudit(app, () => client.refused('FORBIDDEN', changeDocument(name), { input }))
}

/** Bob, who manages users of acme and may name everybody; carol of the organization default. */
async function startBob() {
  await createOrganization(app, 'acme')
  const roles = [{ role: 'ORGANIZATION_ADMIN', organization: 'acme' }]
  const bob = await createUser(app, 'bob', { organization: 'acme', roles })
  const carol = await createUser(app, 'carol', { roles: [{ role: 'VERSION_MANAGER', everywhere: true }] })
  return { bob, carol }
}

describe('a refusal is one row with a count', () => {
  test('where the caller holds nothing that would allow it: without a target', async () => {
    const bob = await createUser(app, 'bob')
    const document = changeDocument('createProject')

    const send = () => bob.client.send(document, { input: { code: 'apollo' } })
    const answers = await writingOnlyAudit(app, async () => [await send(), await send(), await send()])

    expect(answers.map(({ errors }) => errors[0]?.extensions.code)).toEqual(['FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN'])
    expect(await refusalsOf(app.root)).toEqual({ 'bob createProject FORBIDDEN -': 3 })
    const event = (await eventsOf(app.root, { outcome: 'REFUSED' })).at(-1)
    expect(event).toMatchObject({
      ...{ action: 'createProject', outcome: 'REFUSED', code: 'FORBIDDEN' },
      ...{ actorKind: 'USER', actor: { id: bob.id }, actorName: 'bob', apiKeyId: bob.keyId, sessionId: null },
      ...{ address: '127.0.0.1', requestId: answers[0]?.headers.get('x-request-id') },
      ...{ targetType: null, targetId: null, targetName: null, organization: { name: 'default' } },
    })
    expect(event && sidesOf(event)).toEqual({ missing: [undefined, ['projects.manage']] })
  })

  test('where it is decided with the target at hand: with that', async () => {
    const { bob, carol } = await startBob()

    for (let n = 0; n < 3; n++) await forbid(bob.client, 'disableUser', { user: 'carol' })

    expect(await refusalsOf(app.root)).toEqual({ 'bob disableUser FORBIDDEN carol': 3 })
    const [event] = await eventsOf(app.root, { outcome: 'REFUSED' })
    expect(event).toMatchObject({ targetType: 'User', targetId: carol.id, organization: { name: 'default' } })
    expect(event && sidesOf(event)).toEqual({ missing: [undefined, ['users.manage']] })
  })

  test('where more would be conferred than is held', async () => {
    const { bob } = await startBob()
    const zoe = await createUser(app, 'zoe', { organization: 'acme' })
    const input = { user: 'zoe', roles: [{ role: 'VERSION_MANAGER', organization: 'acme' }] }
    await change(app.root, 'revokeRoles', {
      user: 'bob',
      roles: [{ role: 'ORGANIZATION_ADMIN', organization: 'acme' }],
    })
    await change(app.root, 'createRole', { name: 'GIVER', permissions: ['roles.grant', 'users.read'] })
    await change(app.root, 'grantRoles', { user: 'bob', roles: [{ role: 'GIVER', organization: 'acme' }] })

    for (let n = 0; n < 3; n++) {
      await writingOnlyAudit(app, () => failChange(bob.client, 'MissingAuthority', 'grantRoles', input))
    }

    expect(await refusalsOf(app.root)).toEqual({ 'bob grantRoles MISSING_AUTHORITY zoe': 3 })
    const [event] = await eventsOf(app.root, { outcome: 'REFUSED' })
    expect(event).toMatchObject({ targetType: 'User', targetId: zoe.id, organization: { name: 'acme' } })
    expect(event && sidesOf(event).missing?.[1]).toHaveLength(3)
  })

  test('where no administrator would remain', async () => {
    const { viewer } = await app.root.ok('{ viewer { apiKey { id label } } }')

    for (let n = 0; n < 3; n++) {
      await writingOnlyAudit(app, () => failChange(app.root, 'LastAdmin', 'revokeApiKey', { apiKey: viewer.apiKey.id }))
    }

    expect(await refusalsOf(app.root)).toEqual({ [`root revokeApiKey LAST_ADMIN ${viewer.apiKey.label}`]: 3 })
    const [event] = await eventsOf(app.root, { outcome: 'REFUSED' })
    expect(event).toMatchObject({ targetType: 'ApiKey', targetId: viewer.apiKey.id })
  })

  test('where a read-only key calls a mutation', async () => {
    const bob = await createUser(app, 'bob')
    const { id, key } = await createApiKey(bob.client, { readOnly: true })

    await forbid(app.as(key), 'changePassword', { newPassword: 'a very long password' })

    const events = await eventsOf(app.root, { outcome: 'REFUSED' })
    expect(events.map(({ action, apiKeyId }) => [action, apiKeyId])).toEqual([['changePassword', id]])
  })

  test('of queries too, where nothing is held that would allow them', async () => {
    const { carol } = await startBob()
    const verify = 'query ($secret: String!) { verifyApiKey(secret: $secret) { username } }'

    await writingOnlyAudit(app, async () => {
      await carol.client.refused('FORBIDDEN', '{ auditEvents { totalCount } }')
      await carol.client.refused('FORBIDDEN', verify, { secret: 'x' })
    })

    expect(await refusalsOf(app.root)).toEqual({
      'carol auditEvents FORBIDDEN -': 1,
      'carol verifyApiKey FORBIDDEN -': 1,
    })
  })

  test('of queries too, where it is decided with the target at hand', async () => {
    const { bob } = await startBob()
    const question = { permission: { permission: 'version.read', everywhere: true } }
    const document = 'query ($input: CheckAccessInput!) { checkAccess(input: $input) { code } }'
    const input = { user: 'carol', questions: [question] }

    await writingOnlyAudit(app, () => bob.client.refused('FORBIDDEN', document, { input }))

    expect(await refusalsOf(app.root)).toEqual({ 'bob checkAccess FORBIDDEN carol': 1 })
  })
})

describe('a refusal is another row', () => {
  test('of another caller, of another key, of another action, and about another target', async () => {
    const { bob, carol } = await startBob()
    await createUser(app, 'dave')
    const second = await createApiKey(bob.client)

    await forbid(bob.client, 'disableUser', { user: 'carol' })
    await forbid(bob.client, 'disableUser', { user: 'dave' })
    await forbid(bob.client, 'deleteUser', { user: 'carol' })
    await forbid(app.as(second.key), 'disableUser', { user: 'carol' })
    await forbid(carol.client, 'disableUser', { user: 'carol' })

    const events = await eventsOf(app.root, { outcome: 'REFUSED' })
    const rows = events.map(({ actorName, apiKeyId, action, targetName, count }) => [
      ...[actorName, apiKeyId, action, targetName, count],
    ])
    expect(rows).toEqual([
      ['carol', carol.keyId, 'disableUser', null, 1],
      ['bob', second.id, 'disableUser', 'carol', 1],
      ['bob', bob.keyId, 'deleteUser', 'carol', 1],
      ['bob', bob.keyId, 'disableUser', 'dave', 1],
      ['bob', bob.keyId, 'disableUser', 'carol', 1],
    ])
  })

  test('in another minute', async () => {
    const bob = await createUser(app, 'bob')
    await forbid(bob.client, 'createProject', { code: 'apollo' })
    await query(
      app,
      sql`update audit_events set at = at - interval '1 minute', refusal_key = 'of the minute before' where outcome = 'REFUSED'`,
    )

    await forbid(bob.client, 'createProject', { code: 'apollo' })

    const events = await eventsOf(app.root, { outcome: 'REFUSED' })
    expect(events.map(({ action, count }) => [action, count])).toEqual([
      ['createProject', 1],
      ['createProject', 1],
    ])
  })

  test('where many come at once they are all counted', async () => {
    const bob = await createUser(app, 'bob')
    const document = changeDocument('createProject')

    await Promise.all(Array.from({ length: 20 }, () => bob.client.send(document, { input: { code: 'apollo' } })))

    expect(await refusalsOf(app.root)).toEqual({ 'bob createProject FORBIDDEN -': 20 })
  })
})

describe('no row is left', () => {
  const dry = (client: Client, name: string, input: object) =>
    withoutWriting(app, () => client.refused('FORBIDDEN', changeDocument(name), { input, dryRun: true }))

  test('by a dry run that is refused where nothing is held that would allow it', async () => {
    const { carol } = await startBob()

    const { extensions } = await dry(carol.client, 'createProject', { code: 'apollo' })

    expect(extensions.missing).toEqual(['projects.manage'])
  })

  test('by a dry run that is refused with the target at hand', async () => {
    const { bob } = await startBob()
    const { viewer } = await app.root.ok('{ viewer { apiKey { id } } }')
    const variables = { input: { apiKey: viewer.apiKey.id }, dryRun: true }

    const { extensions } = await dry(bob.client, 'disableUser', { user: 'carol' })

    expect(extensions.missing).toEqual(['users.manage'])
    await withoutWriting(app, () => app.root.failed('LastAdmin', changeDocument('revokeApiKey'), variables))
  })

  test('by what is not found, by a bad key, and by nobody', async () => {
    const { bob } = await startBob()
    const find = '{ project(code: "apollo") { code } viewer { user { username } } }'

    await withoutWriting(app, async () => {
      await failChange(bob.client, 'NotFound', 'updateProject', { project: 'apollo', title: 'x' })
      await bob.client.ok(find)
      await app.as(`${bob.key}x`).refused('UNAUTHENTICATED', find)
      await app.nobody.refused('UNAUTHENTICATED', find)
      await app.nobody.refused('UNAUTHENTICATED', changeDocument('createProject'), { input: { code: 'apollo' } })
    })
  })

  test('by a field refused below what is found', async () => {
    const { bob } = await startBob()

    const { errors } = await withoutWriting(app, () => bob.client.send('{ user(username: "carol") { email } }'))

    expect(errors[0]?.extensions.code).toBe('FORBIDDEN')
  })
})

describe('a failed sign-in is one row per user, address and minute', () => {
  const TYPED = 'typed into the wrong field'

  async function fail(username: string, address: string, password = TYPED) {
    const client = app.as({ 'x-forwarded-for': address })
    await writingOnlyAudit(app, () => client.refused('UNAUTHENTICATED', SIGN_IN, { username, password }))
  }

  test('by signIn and by Basic, about the user, by nobody', async () => {
    const bob = await createPerson(app, 'bob')

    await fail('bob', '192.0.2.1')
    await fail('BOB', '192.0.2.1')
    const guess = app.as({ 'x-forwarded-for': '192.0.2.1', ...basic('bob', TYPED) })
    await writingOnlyAudit(app, () => guess.refused('UNAUTHENTICATED', '{ viewer { user { username } } }'))

    expect(await refusalsOf(app.root)).toEqual({ 'nobody signIn UNAUTHENTICATED bob': 3 })
    const [event] = await eventsOf(app.root, { outcome: 'REFUSED' })
    expect(event).toMatchObject({
      ...{ actorKind: 'NOBODY', actor: null, actorName: null, apiKeyId: null, sessionId: null },
      ...{ address: '192.0.2.1', targetType: 'User', targetId: bob.id, organization: { name: 'default' }, changes: [] },
    })
  })

  test('and another for another user, and from another address', async () => {
    await createPerson(app, 'bob')
    await createPerson(app, 'carol')

    await fail('bob', '192.0.2.1')
    await fail('carol', '192.0.2.1')
    await fail('bob', '192.0.2.2')
    await fail('bob', '192.0.2.2')

    const events = await eventsOf(app.root, { outcome: 'REFUSED' })
    const counts = new Map<string, number>()
    for (const { targetName, address, count } of events) {
      counts.set(`${targetName} ${address}`, (counts.get(`${targetName} ${address}`) ?? 0) + count)
    }
    expect(Object.fromEntries(counts)).toEqual({ 'bob 192.0.2.1': 1, 'carol 192.0.2.1': 1, 'bob 192.0.2.2': 2 })
  })

  test('of users who have no password, are disabled, or are deleted', async () => {
    await createUser(app, 'keyed')
    await createPerson(app, 'disabled')
    await change(app.root, 'disableUser', { user: 'disabled', expiresAt: inDays(1) })
    await createPerson(app, 'deleted')
    await change(app.root, 'deleteUser', { user: 'deleted' })

    for (const name of ['keyed', 'disabled', 'deleted']) await fail(name, '192.0.2.1', 'correct horse battery')

    expect(await refusalsOf(app.root)).toEqual({
      'nobody signIn UNAUTHENTICATED keyed': 1,
      'nobody signIn UNAUTHENTICATED disabled': 1,
      'nobody signIn UNAUTHENTICATED -': 1,
    })
  })

  test('without a target where the name is nobody’s, and nowhere says what was typed', async () => {
    await createPerson(app, 'bob')

    await fail('hunter2-is-my-password', '192.0.2.1')
    await fail('another-word', '192.0.2.1')
    await fail('bob', '192.0.2.1', 'hunter2-is-my-password')

    expect(await refusalsOf(app.root)).toEqual({
      'nobody signIn UNAUTHENTICATED -': 2,
      'nobody signIn UNAUTHENTICATED bob': 1,
    })
    const text = await databaseText(app)
    for (const typed of ['hunter2-is-my-password', 'another-word', TYPED]) {
      for (const form of [typed, btoa(typed), Buffer.from(typed).toString('hex')]) expect(text).not.toContain(form)
    }
  })

  test('is not seen as a row of what a user did', async () => {
    await createPerson(app, 'bob')
    await fail('bob', '192.0.2.1')

    expect(await eventsOf(app.root, { actor: 'bob' })).toEqual([])
  })
})

describe('a wrong current password, by a caller who is known', () => {
  const input = { currentPassword: 'not my password', newPassword: 'a very long password' }

  test('is not told as a sign-in, which it was not', async () => {
    const { key } = await createPerson(app, 'bob', { withApiKey: true })

    await writingOnlyAudit(app, () => failChange(app.as(key ?? ''), 'InvalidInput', 'changePassword', input))

    expect(await eventsOf(app.root, { action: 'signIn' })).toEqual([])
  })

  test('leaves no row in a dry run', async () => {
    const { key } = await createPerson(app, 'bob', { withApiKey: true })
    const variables = { input, dryRun: true }
    const before = await countEvents(app)

    await app.as(key ?? '').failed('InvalidInput', changeDocument('changePassword'), variables)

    expect(await countEvents(app)).toBe(before)
  })
})

test('a refusal in an organization’s things is seen by who reads the audit there', async () => {
  const { bob } = await startBob()
  await createProject(app, 'apollo')
  const roles = [{ role: 'AUDITOR', organization: 'default' }]
  const auditor = await createUser(app, 'aud', { organization: 'acme', roles })
  await forbid(bob.client, 'disableUser', { user: 'carol' })
  await forbid(bob.client, 'createOrganization', { name: 'apex' })

  expect(await refusalsOf(auditor.client)).toEqual({ 'bob disableUser FORBIDDEN carol': 1 })
})
