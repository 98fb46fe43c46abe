/** The audit of changes: one row per change, in the change's own transaction. */

import { sql } from 'drizzle-orm'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { recordChange } from '../../../src/entities/audit/operations.ts'
import { startOwnApp } from '../../support/app.ts'
import { auditText, countEvents, eventsOf, sidesOf } from '../../support/audit.ts'
import { change, changeDocument } from '../../support/change.ts'
import { CHANGES, makeWorld } from '../../support/changes.ts'
import { statusOf } from '../../support/look.ts'
import { missingOf } from '../../support/missing.ts'
import { query, snapshot, withoutWriting } from '../../support/rows.ts'
import { createApiKey, createUser } from '../../support/seed.ts'
import { basic, createPerson, SIGN_IN, SIGN_OUT, SIGN_OUT_EVERYWHERE, signIn } from '../../support/sessions.ts'
import { EXPECTED } from './expected.ts'

const app = startOwnApp()
const given = app.world(() => makeWorld(app))

describe('a change', () => {
  test.each(CHANGES)('with $name leaves one row', async (sample) => {
    const world = given()
    const { viewer } = await app.root.ok('{ viewer { apiKey { id } } }')
    const input = sample.input(world)
    const before = await countEvents(app)

    const answer = await app.root.send(changeDocument(sample.name, sample.payload), { input })

    expect(answer.errors).toEqual([])
    expect(await countEvents(app)).toBe(before + 1)
    const payload = answer.data[sample.name]
    const [event] = await eventsOf(app.root, { action: sample.name })
    const { organization, changes, isGone = false, isNoNode = false } = EXPECTED[sample.name] ?? { changes: () => ({}) }
    expect(event).toMatchObject({
      action: sample.name,
      ...{ outcome: 'DONE', count: 1, code: null },
      ...{ actorKind: 'USER', actor: { id: world.rootId }, actorName: 'root' },
      ...{ apiKeyId: viewer.apiKey.id, sessionId: null, address: '127.0.0.1' },
      requestId: answer.headers.get('x-request-id'),
      targetType: sample.targetType,
      targetId: sample.targetId(payload, world),
      organization: organization ? { name: organization } : null,
    })
    expect(event && sidesOf(event)).toEqual(changes(input, payload))
    if (isNoNode) return
    const { node } = await app.root.ok('query ($id: ID!) { node(id: $id) { __typename id } }', { id: event?.targetId })
    expect(node).toEqual(isGone ? null : { __typename: sample.targetType, id: event?.targetId })
  })

  test('keeps the names that its actor and its target had, and is found by them and by the id', async () => {
    const max = await createUser(app, 'max', { isAdmin: true })
    const kim = await createUser(app, 'kim')
    await change(max.client, 'disableUser', { user: 'kim' })
    await change(app.root, 'updateUser', { user: 'kim', username: 'kem' })
    await change(app.root, 'updateUser', { user: 'max', username: 'mex' })
    await change(app.root, 'revokeRoles', { user: 'mex', roles: [{ role: 'ADMINISTRATOR', everywhere: true }] })
    await change(app.root, 'deleteUser', { user: 'mex' })

    const [event] = await eventsOf(app.root, { action: 'disableUser' })

    expect(event).toMatchObject({ actor: null, actorId: max.id, actorName: 'max', targetId: kim.id, targetName: 'kim' })
    for (const actor of ['max', 'mex', max.id]) expect(await eventsOf(app.root, { actor })).toEqual([event])
    expect(await eventsOf(app.root, { actor: 'kim' })).toEqual([])
  })

  test('lists only the fields that changed', async () => {
    await createUser(app, 'max')
    await change(app.root, 'updateUser', { user: 'max', displayName: 'Max M.' })

    const [event] = await eventsOf(app.root, { action: 'updateUser' })

    expect(event?.changes).toEqual([{ field: 'displayName', before: null, after: 'Max M.' }])
  })

  test('made with a session names the session, and made with a key and a session names both', async () => {
    await createPerson(app, 'erin', { isAdmin: true })
    const { id, key } = await createApiKey(app.root, { user: 'erin' })
    const { token, client } = await signIn(app, 'erin')
    const { viewer } = await client.ok('{ viewer { session { id } } }')
    const both = app.as({ authorization: `Bearer ${token}`, 'api-key': key })

    await change(client, 'updateUser', { user: 'erin', displayName: 'Erin' })
    await change(both, 'updateUser', { user: 'erin', displayName: 'Erin B.' })

    const [second, first] = await eventsOf(app.root, { action: 'updateUser' })
    expect(first).toMatchObject({ actorName: 'erin', sessionId: viewer.session.id, apiKeyId: null })
    expect(second).toMatchObject({ actorName: 'erin', sessionId: viewer.session.id, apiKeyId: id })
  })

  test('of a user’s sessions leaves one row each: sign-in, sign-out, and sign-out everywhere', async () => {
    const erin = await createPerson(app, 'erin')
    const before = await countEvents(app)

    const { client } = await signIn(app, 'erin')
    const { viewer } = await client.ok('{ viewer { session { id } } }')
    await client.ok(SIGN_OUT)
    await signIn(app, 'erin')
    await signIn(app, 'erin')
    await app.root.ok(SIGN_OUT_EVERYWHERE, { input: { user: 'erin' } })

    expect(await countEvents(app)).toBe(before + 5)
    const [everywhere, , , out, signedIn] = await eventsOf(app.root)
    const session = { targetType: 'Session', targetId: viewer.session.id, organization: { name: 'default' } }
    expect(signedIn).toMatchObject({
      ...{ action: 'signIn', outcome: 'DONE', actorKind: 'USER', actorName: 'erin', ...session },
    })
    expect(out).toMatchObject({ action: 'signOut', actorName: 'erin', sessionId: viewer.session.id, ...session })
    expect(everywhere).toMatchObject({
      action: 'signOutEverywhere',
      actorName: 'root',
      targetId: erin.id,
    })
    expect(everywhere && sidesOf(everywhere)).toEqual({ sessions: [2, undefined] })
  })

  test('keeps the names of its actor and its target after both are deleted', async () => {
    const erin = await createUser(app, 'erin', { isAdmin: true })
    const carol = await createUser(app, 'carol')
    await change(erin.client, 'disableUser', { user: 'carol' })
    await change(app.root, 'deleteUser', { user: 'carol' })
    await change(app.root, 'revokeRoles', { user: 'erin', roles: [{ role: 'ADMINISTRATOR', everywhere: true }] })
    await change(app.root, 'deleteUser', { user: 'erin' })

    const [event] = await eventsOf(app.root, { action: 'disableUser' })

    expect(event).toMatchObject({ actor: null, actorName: 'erin', targetId: carol.id, targetName: 'carol' })
    expect(event?.apiKeyId).toBe(erin.keyId)
  })

  test('keeps only the fields on the list, without a planted secret', async () => {
    const secret = 'planted-0123456789'
    const target = { targetType: 'Server' as const, targetId: '00000000-0000-0000-0000-000000000000' }
    const sides = { before: { name: 'old', secret }, after: { name: 'new', secret, token: secret } }

    await app.database.transaction((tx) =>
      recordChange(tx, { caller: null, requestId: null, address: null }, 'plant', {
        ...target,
        organizationId: null,
        ...sides,
      }),
    )

    const [event] = await eventsOf(app.root, { action: 'plant' })
    expect(event).toMatchObject({ actorKind: 'SYSTEM', actor: null, actorName: null, apiKeyId: null })
    expect(event && sidesOf(event)).toEqual({ name: ['old', 'new'] })
    expect(await auditText(app)).not.toContain(secret)
  })
})

describe('the audit gets no row', () => {
  test('from a mutation that changes nothing', async () => {
    const { bob, sessionId } = given()
    await change(app.root, 'revokeApiKey', { apiKey: bob.keyId })
    await change(app.root, 'endSession', { session: sessionId })
    const held = [{ role: 'EDITOR', organization: 'acme' }]
    const [gce1, web] = [
      { user: 'bob', controller: 'gce1' },
      { user: 'bob', controller: 'gce1', model: 'web' },
    ]
    const job = { username: 'job', email: 'bob@example.test' }
    const idle: [string, object][] = [
      ['updateUser', { user: 'bob' }],
      ['updateUser', { user: 'bob', username: 'bob', email: 'bob@example.test' }],
      ['createServiceUser', { ...job, ifExists: 'UPDATE' }],
      ['importUsers', { items: [{ username: 'bob', roles: held }] }],
      ['disableUser', { user: 'dave' }],
      ['enableUser', { user: 'bob' }],
      ['revokeApiKey', { apiKey: bob.keyId }],
      ['endSession', { session: sessionId }],
      ['grantRoles', { user: 'bob', roles: held }],
      ['revokeRoles', { user: 'bob', roles: [{ role: 'AUDITOR', organization: 'acme' }] }],
      ['updateOrganization', { organization: 'acme', name: 'acme', addBasePermissions: ['doc.read'] }],
      ['updateProject', { project: 'apollo', code: 'apollo' }],
      ['updateRole', { role: 'EDITOR', addPermissions: ['doc.edit'], removePermissions: ['doc.burn'] }],
      ['updateController', { controller: 'gce1', type: 'google' }],
      ['updateModel', { controller: 'gce1', model: 'web', name: 'web' }],
      ['grantControllerAccess', { ...gce1, access: 'LOGIN' }],
      ['setControllerAccess', { ...gce1, access: 'ADD_MODEL' }],
      ['revokeControllerAccess', { ...gce1, user: 'dave' }],
      ['grantModelAccess', { ...web, access: 'WRITE' }],
      ['setModelAccess', { ...web, access: 'WRITE' }],
      ['revokeModelAccess', { ...web, access: 'ADMIN' }],
    ]
    await change(app.root, 'createServiceUser', job)

    const rows = await snapshot(app)
    for (const [name, input] of idle) {
      await change(app.root, name, input)
      expect(await snapshot(app), `${name} ${JSON.stringify(input)}`).toEqual(rows)
    }
    const before = await countEvents(app)
    await change(app.root, 'setReadOnly', { isReadOnly: false })
    expect(await countEvents(app)).toBe(before)
    await withoutWriting(app, () => app.root.ok(SIGN_OUT))
    await withoutWriting(app, () => app.root.ok(SIGN_OUT_EVERYWHERE, { input: { user: 'bob' } }))
  })

  test('from a dry run', async () => {
    const world = given()

    const rows = await snapshot(app)

    for (const { name, input } of CHANGES) {
      const data = await app.root.ok(changeDocument(name), { input: input(world), dryRun: true })
      expect(data[name].__typename, name).toMatch(/Payload$/)
      expect(await snapshot(app), name).toEqual(rows)
    }
  })

  test.each([
    ['InvalidInputError', 'createUser', { username: 'root' }],
    ['ConflictError', 'createUser', { username: 'BOB' }],
    ['ConflictError', 'deleteController', { controller: 'gce1' }],
    ['NotFoundError', 'deleteUser', { user: 'nobody' }],
    ['NotFoundError', 'grantRoles', { user: 'bob', roles: [{ role: 'EDITOR', project: 'nothing' }] }],
  ])('from %s of %s', async (typeName, name, input) => {
    await withoutWriting(app, () => app.root.failed(typeName, changeDocument(name), { input }))
  })
})

describe('an audit that can’t be written', () => {
  const logged: string[] = []
  afterEach(async () => {
    vi.restoreAllMocks()
    logged.length = 0
    await query(app, sql`drop trigger if exists no_audit on audit_events`)
  })

  /** From now on every row of the audit is refused; the log is kept for the test to read. */
  async function breakAudit() {
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      logged.push(String(text))
      return true
    })
    await query(
      app,
      sql`create or replace function refuse_audit() returns trigger language plpgsql as $$ begin raise exception 'no audit'; end $$`,
    )
    await query(
      app,
      sql`create trigger no_audit before insert on audit_events for each row execute function refuse_audit()`,
    )
  }

  test('prevents every change', async () => {
    const world = given()
    await createPerson(app, 'erika')
    await breakAudit()
    const rows = await snapshot(app)

    for (const { name, input } of CHANGES) {
      const { errors } = await app.root.send(changeDocument(name), { input: input(world) })
      expect([name, errors[0]?.extensions.code]).toEqual([name, 'INTERNAL_SERVER_ERROR'])
      expect(errors[0]?.message).not.toContain('no audit')
      expect(await snapshot(app), name).toEqual(rows)
    }
    const variables = { username: 'erika', password: 'correct horse battery' }
    await withoutWriting(app, () => app.nobody.refused('INTERNAL_SERVER_ERROR', SIGN_IN, variables))
    expect(await statusOf(world.bob.client)).toBe(200)
    expect(logged).toHaveLength(CHANGES.length + 1)
  })

  test('does not prevent refusals', async () => {
    const erin = await createUser(app, 'erin')
    await createPerson(app, 'carol')
    await breakAudit()

    const input = { code: 'apollo' }
    const wrong = { username: 'carol', password: 'not it' }

    const refusal = await withoutWriting(app, () =>
      erin.client.refused('FORBIDDEN', changeDocument('createProject'), { input }),
    )
    expect(missingOf(refusal.extensions)).toEqual(['projects.manage'])
    await app.nobody.failed('WrongCredentialsError', SIGN_IN, wrong)
    expect(await statusOf(app.as(basic('carol', 'not it')))).toBe(401)
    expect(logged).toHaveLength(3)
  })
})
