/** The audit of refusals: one row per caller, action, target and minute, with a count. */

import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { type Client, startApp } from '../../support/app.ts'
import { countEvents, eventsOf, refusalsOf, sidesOf, writingOnlyAudit } from '../../support/audit.ts'
import { change, changeDocument, failChange } from '../../support/change.ts'
import { inDays } from '../../support/look.ts'
import { missingOf } from '../../support/missing.ts'
import { databaseText, query, withoutWriting } from '../../support/rows.ts'
import { createApiKey, createOrganization, createProject, createUser } from '../../support/seed.ts'
import { basic, bearer, createPerson, SIGN_IN, signIn } from '../../support/sessions.ts'

const app = startApp({ trustedProxies: ['loopback'] })

/** Sends a mutation that must be refused FORBIDDEN, and write nothing but that. */
function forbid(client: Client, name: string, input: object) {
  return writingOnlyAudit(app, () => client.refused('FORBIDDEN', changeDocument(name), { input }))
}

/**
 * Bob, who manages users of acme and may name every user; carol, who manages versions, and dave, who holds nothing, both
 * of the organization default; erin and frank, who have passwords.
 */
const given = app.world(async () => {
  await createOrganization(app, 'acme')
  const roles = [{ role: 'ORGANIZATION_ADMIN', organization: 'acme' }]
  const bob = await createUser(app, 'bob', { organization: 'acme', roles })
  const carol = await createUser(app, 'carol', { roles: [{ role: 'VERSION_MANAGER', everywhere: true }] })
  const dave = await createUser(app, 'dave')
  const erin = await createPerson(app, 'erin', { withApiKey: true })
  await createPerson(app, 'frank')
  return { bob, carol, dave, erin: { ...erin, client: app.as(erin.key ?? '') } }
})

describe('a refusal is one row with a count', () => {
  test('without a target, where the caller holds nothing that allows the action', async () => {
    const { dave } = given()
    const document = changeDocument('createProject')

    const send = () => dave.client.send(document, { input: { code: 'apollo' } })
    const answers = await writingOnlyAudit(app, async () => [await send(), await send(), await send()])

    expect(answers.map(({ errors }) => errors[0]?.extensions.code)).toEqual(['FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN'])
    expect(await refusalsOf(app.root)).toEqual({ 'dave createProject FORBIDDEN -': 3 })
    const event = (await eventsOf(app.root, { outcome: 'REFUSED' })).at(-1)
    expect(event).toMatchObject({
      ...{ action: 'createProject', outcome: 'REFUSED', code: 'FORBIDDEN' },
      ...{ actorKind: 'USER', actor: { id: dave.id }, actorName: 'dave', apiKeyId: dave.keyId, sessionId: null },
      ...{ address: '127.0.0.1', requestId: answers[0]?.headers.get('x-request-id') },
      ...{ targetType: null, targetId: null, targetName: null, organization: { name: 'default' } },
    })
    expect(event && sidesOf(event)).toEqual({ missing: [undefined, ['projects.manage']] })
  })

  test('with the target, where it is decided about the target', async () => {
    const { bob, carol } = given()

    for (let n = 0; n < 3; n++) await forbid(bob.client, 'disableUser', { user: 'carol' })

    expect(await refusalsOf(app.root)).toEqual({ 'bob disableUser FORBIDDEN carol': 3 })
    const [event] = await eventsOf(app.root, { outcome: 'REFUSED' })
    expect(event).toMatchObject({ targetType: 'User', targetId: carol.id, organization: { name: 'default' } })
    expect(event && sidesOf(event)).toEqual({ missing: [undefined, ['users.manage']] })
  })

  test('where many come at the same time', async () => {
    const { dave } = given()
    const document = changeDocument('createProject')

    await Promise.all(Array.from({ length: 20 }, () => dave.client.send(document, { input: { code: 'apollo' } })))

    expect(await refusalsOf(app.root)).toEqual({ 'dave createProject FORBIDDEN -': 20 })
  })

  test('where the caller grants more than they hold', async () => {
    const { bob } = given()
    const zoe = await createUser(app, 'zoe', { organization: 'acme' })
    const input = { user: 'zoe', roles: [{ role: 'VERSION_MANAGER', organization: 'acme' }] }
    await change(app.root, 'revokeRoles', {
      user: 'bob',
      roles: [{ role: 'ORGANIZATION_ADMIN', organization: 'acme' }],
    })
    await change(app.root, 'createRole', { name: 'GIVER', permissions: ['roles.grant', 'users.read'] })
    await change(app.root, 'grantRoles', { user: 'bob', roles: [{ role: 'GIVER', organization: 'acme' }] })

    for (let n = 0; n < 3; n++) {
      await writingOnlyAudit(app, () => failChange(bob.client, 'MissingAuthorityError', 'grantRoles', input))
    }

    expect(await refusalsOf(app.root)).toEqual({ 'bob grantRoles MISSING_AUTHORITY zoe': 3 })
    const [event] = await eventsOf(app.root, { outcome: 'REFUSED' })
    expect(event).toMatchObject({ targetType: 'User', targetId: zoe.id, organization: { name: 'acme' } })
    expect(event && sidesOf(event).missing?.[1]).toHaveLength(3)
  })

  test('where no administrator would remain', async () => {
    const { viewer } = await app.root.ok('{ viewer { apiKey { id label } } }')

    for (let n = 0; n < 3; n++) {
      await writingOnlyAudit(app, () =>
        failChange(app.root, 'LastAdministratorError', 'revokeApiKey', { apiKey: viewer.apiKey.id }),
      )
    }

    expect(await refusalsOf(app.root)).toEqual({ [`root revokeApiKey LAST_ADMINISTRATOR ${viewer.apiKey.label}`]: 3 })
    const [event] = await eventsOf(app.root, { outcome: 'REFUSED' })
    expect(event).toMatchObject({ targetType: 'ApiKey', targetId: viewer.apiKey.id })
  })

  test('where a read-only key sends a mutation', async () => {
    const { dave } = given()
    const { id, key } = await createApiKey(dave.client, { isReadOnly: true })

    await forbid(app.as(key), 'changePassword', { newPassword: 'a very long password' })

    const events = await eventsOf(app.root, { outcome: 'REFUSED' })
    expect(events.map(({ action, apiKeyId }) => [action, apiKeyId])).toEqual([['changePassword', id]])
  })

  test('of a query too, where the caller holds nothing that allows it', async () => {
    const { carol } = given()
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

  test('of a query too, where it is decided about the target', async () => {
    const { bob } = given()
    const question = { permission: { permission: 'version.read', everywhere: true } }
    const document = 'query ($input: CheckAccessInput!) { checkAccess(input: $input) { code } }'
    const input = { user: 'carol', questions: [question] }

    await writingOnlyAudit(app, () => bob.client.refused('FORBIDDEN', document, { input }))

    expect(await refusalsOf(app.root)).toEqual({ 'bob checkAccess FORBIDDEN carol': 1 })
  })
})

describe('a refusal is another row', () => {
  test('for another caller, another key, another action and another target', async () => {
    const { bob, carol } = given()
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
      ['carol', carol.keyId, 'disableUser', 'carol', 1],
      ['bob', second.id, 'disableUser', 'carol', 1],
      ['bob', bob.keyId, 'deleteUser', 'carol', 1],
      ['bob', bob.keyId, 'disableUser', 'dave', 1],
      ['bob', bob.keyId, 'disableUser', 'carol', 1],
    ])
  })

  test('for another minute', async () => {
    const { dave } = given()
    await forbid(dave.client, 'createProject', { code: 'apollo' })
    await query(
      app,
      sql`update audit_events set at = at - interval '1 minute', refusal_key = 'of the minute before' where outcome = 'REFUSED'`,
    )

    await forbid(dave.client, 'createProject', { code: 'apollo' })

    const events = await eventsOf(app.root, { outcome: 'REFUSED' })
    expect(events.map(({ action, count }) => [action, count])).toEqual([
      ['createProject', 1],
      ['createProject', 1],
    ])
  })
})

describe('a refused dry run is a question, which the audit tells from a try', () => {
  const dry = (client: Client, name: string, input: object) =>
    withoutWriting(app, () => client.refused('FORBIDDEN', changeDocument(name), { input, dryRun: true }))

  test('where the caller holds nothing that allows it, where it is about its target, and where no administrator would remain', async () => {
    const { bob, carol } = given()
    const { viewer } = await app.root.ok('{ viewer { apiKey { id label } } }')
    const variables = { input: { apiKey: viewer.apiKey.id }, dryRun: true }

    expect(missingOf((await dry(carol.client, 'createProject', { code: 'apollo' })).extensions)).toEqual([
      'projects.manage',
    ])
    expect(missingOf((await dry(bob.client, 'disableUser', { user: 'carol' })).extensions)).toEqual(['users.manage'])
    await withoutWriting(app, () =>
      app.root.failed('LastAdministratorError', changeDocument('revokeApiKey'), variables),
    )

    expect(await refusalsOf(app.root)).toEqual({})
    const events = await eventsOf(app.root, { outcome: 'REFUSED_DRY_RUN' })
    expect(events.map(({ actorName, action, targetName }) => [actorName, action, targetName])).toEqual([
      ['root', 'revokeApiKey', viewer.apiKey.label],
      ['bob', 'disableUser', 'carol'],
      ['carol', 'createProject', null],
    ])
  })
})

describe('what a known caller names and does not see', () => {
  test('is one row for each thing that exists, and one for all that do not', async () => {
    const { bob } = given()
    await createProject(app, 'apollo', 'default')
    const rename = (project: string) =>
      writingOnlyAudit(app, () => failChange(bob.client, 'NotFoundError', 'updateProject', { project, title: 'x' }))

    for (const code of ['apollo', 'APOLLO', 'none', 'nothing']) await rename(code)

    expect(await refusalsOf(app.root)).toEqual({
      'bob updateProject NOT_FOUND apollo': 2,
      'bob updateProject NOT_FOUND -': 2,
    })
  })
})

describe('a credential that has ended', () => {
  test('is recorded by its id where it is presented: it may have been stolen', async () => {
    const { dave, erin } = given()
    const { token, client } = await signIn(app, 'erin')
    const { viewer } = await client.ok('{ viewer { session { id } } }')
    await change(erin.client, 'signOutEverywhere', {})
    await change(app.root, 'revokeApiKey', { apiKey: dave.keyId })

    await writingOnlyAudit(app, async () => {
      await app.as(dave.key).refused('UNAUTHENTICATED', '{ viewer { user { username } } }')
      await app.as(dave.key).refused('UNAUTHENTICATED', '{ viewer { user { username } } }')
      const almost = dave.key.slice(0, -1) + (dave.key.endsWith('x') ? 'y' : 'x')
      await app.as(almost).refused('UNAUTHENTICATED', '{ viewer { user { username } } }')
      await app.as(bearer(token)).refused('UNAUTHENTICATED', '{ viewer { user { username } } }')
    })

    const events = await eventsOf(app.root, { action: 'authenticate' })
    expect(events.map(({ code, actorKind, targetId, count }) => [code, actorKind, targetId, count])).toEqual([
      ['UNAUTHENTICATED', 'NOBODY', viewer.session.id, 1],
      ['UNAUTHENTICATED', 'NOBODY', dave.keyId, 2],
    ])
  })
})

describe('the audit gets no row', () => {
  test('from an invalid key, and from a caller without a credential', async () => {
    const { bob } = given()
    const find = '{ project(code: "apollo") { code } viewer { user { username } } }'

    await withoutWriting(app, async () => {
      await bob.client.ok(find)
      await app.as(`${bob.key}x`).refused('UNAUTHENTICATED', find)
      await app.nobody.refused('UNAUTHENTICATED', find)
      await app.nobody.refused('UNAUTHENTICATED', changeDocument('createProject'), { input: { code: 'apollo' } })
    })
  })

  test('from a forbidden field of an object that is found', async () => {
    const { bob } = given()

    const { errors } = await withoutWriting(app, () => bob.client.send('{ user(username: "carol") { email } }'))

    expect(errors[0]?.extensions.code).toBe('FORBIDDEN')
  })
})

describe('a failed sign-in is one row per user, address and minute', () => {
  const TYPED = 'typed into the wrong field'

  async function fail(username: string, address: string, password = TYPED) {
    const client = app.as({ 'x-forwarded-for': address })
    await writingOnlyAudit(app, () => client.failed('WrongCredentialsError', SIGN_IN, { username, password }))
  }

  test('with signIn and with Basic alike: its target is the user, and it has no actor', async () => {
    const { erin } = given()

    await fail('erin', '192.0.2.1')
    await fail('ERIN', '192.0.2.1')
    const guess = app.as({ 'x-forwarded-for': '192.0.2.1', ...basic('erin', TYPED) })
    await writingOnlyAudit(app, () => guess.refused('UNAUTHENTICATED', '{ viewer { user { username } } }'))

    expect(await refusalsOf(app.root)).toEqual({ 'nobody signIn UNAUTHENTICATED erin': 3 })
    const [event] = await eventsOf(app.root, { outcome: 'REFUSED' })
    expect(event).toMatchObject({
      ...{ actorKind: 'NOBODY', actor: null, actorName: null, apiKeyId: null, sessionId: null },
      ...{
        address: '192.0.2.1',
        targetType: 'User',
        targetId: erin.id,
        organization: { name: 'default' },
        changes: [],
      },
    })
  })

  test('and another row for another user or another address', async () => {
    await fail('erin', '192.0.2.1')
    await fail('frank', '192.0.2.1')
    await fail('erin', '192.0.2.2')
    await fail('erin', '192.0.2.2')

    const events = await eventsOf(app.root, { outcome: 'REFUSED' })
    const counts = new Map<string, number>()
    for (const { targetName, address, count } of events) {
      counts.set(`${targetName} ${address}`, (counts.get(`${targetName} ${address}`) ?? 0) + count)
    }
    expect(Object.fromEntries(counts)).toEqual({ 'erin 192.0.2.1': 1, 'frank 192.0.2.1': 1, 'erin 192.0.2.2': 2 })
  })

  test('for users who have no password, are disabled or are deleted, too', async () => {
    await change(app.root, 'disableUser', { user: 'erin', expiresAt: inDays(1) })
    await change(app.root, 'deleteUser', { user: 'frank' })

    for (const name of ['dave', 'erin', 'frank']) await fail(name, '192.0.2.1', 'correct horse battery')

    expect(await refusalsOf(app.root)).toEqual({
      'nobody signIn UNAUTHENTICATED dave': 1,
      'nobody signIn UNAUTHENTICATED erin': 1,
      'nobody signIn UNAUTHENTICATED -': 1,
    })
  })

  test('without a target where no user has the name, and the database never holds what was typed', async () => {
    await fail('hunter2-is-my-password', '192.0.2.1')
    await fail('another-word', '192.0.2.1')
    await fail('erin', '192.0.2.1', 'hunter2-is-my-password')

    expect(await refusalsOf(app.root)).toEqual({
      'nobody signIn UNAUTHENTICATED -': 2,
      'nobody signIn UNAUTHENTICATED erin': 1,
    })
    const text = await databaseText(app)
    for (const typed of ['hunter2-is-my-password', 'another-word', TYPED]) {
      for (const form of [typed, btoa(typed), Buffer.from(typed).toString('hex')]) expect(text).not.toContain(form)
    }
  })

  test('and is not found among the actions of the user', async () => {
    await fail('erin', '192.0.2.1')

    expect(await eventsOf(app.root, { actor: 'erin' })).toEqual([])
  })
})

describe('a wrong current password of an authenticated caller', () => {
  const input = { currentPassword: 'not my password', newPassword: 'a very long password' }

  test('is not told as a failed sign-in', async () => {
    const { erin } = given()

    await writingOnlyAudit(app, () => failChange(erin.client, 'InvalidInputError', 'changePassword', input))

    expect(await eventsOf(app.root, { action: 'signIn' })).toEqual([])
  })

  test('leaves no row in a dry run', async () => {
    const { erin } = given()
    const variables = { input, dryRun: true }
    const before = await countEvents(app)

    await erin.client.failed('InvalidInputError', changeDocument('changePassword'), variables)

    expect(await countEvents(app)).toBe(before)
  })
})

test('a refusal about an object of an organization is seen by its auditors', async () => {
  const { bob } = given()
  await createProject(app, 'apollo')
  const roles = [{ role: 'AUDITOR', organization: 'default' }]
  const auditor = await createUser(app, 'aud', { organization: 'acme', roles })
  await forbid(bob.client, 'disableUser', { user: 'carol' })
  await forbid(bob.client, 'createOrganization', { name: 'apex' })

  expect(await refusalsOf(auditor.client)).toEqual({ 'bob disableUser FORBIDDEN carol': 1 })
})
