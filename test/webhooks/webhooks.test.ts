/** What a webhook is sent: to whom, in which order, signed by what, and what happens where it is not accepted. */
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { sql } from 'drizzle-orm'
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { startPlacing } from '../../src/placing.ts'
import { startWebhooks } from '../../src/webhooks/worker.ts'
import { startApp } from '../support/app.ts'
import { change } from '../support/change.ts'
import { query, uuidOf } from '../support/rows.ts'
import { createOrganization, createProject, createUser } from '../support/seed.ts'
import { openTestServices } from '../support/services.ts'
import { openReceiver, type Receiver, toldTo, verify } from './receiver.ts'

vi.setConfig({ testTimeout: 60_000 })
const PATIENT = { timeout: 20_000, interval: 20 }

const SETTINGS = { webhookAllowedNetworks: ['127.0.0.0/8'] }
const app = startApp(SETTINGS)

/** They look often, so that the tests need not wait for them. */
const PACE_MS = 20

// What a server does beside its requests, as `serve` starts it.
let running: { stop(): Promise<void> }[] = []
let receiver: Receiver
async function start() {
  const services = await openTestServices(app.database, SETTINGS)
  running = [startPlacing(services, PACE_MS), startWebhooks(services, PACE_MS)]
}
async function stop() {
  for (const one of running) await one.stop()
}
beforeEach(async () => {
  receiver = await openReceiver()
  await start()
})
afterEach(async () => {
  await stop()
  await receiver.close()
})

const STATE = `query ($id: ID!) { node(id: $id) { ... on Webhook { state disabledReason failingSince nextAttemptAt
  deliveries { nodes { type state attempts responseStatus responseExcerpt error nextAttemptAt event { targetName } } } } } }`

async function stateOf(id: string) {
  return (await app.root.ok(STATE, { id })).node
}

async function createWebhook(input: object = { everywhere: true }) {
  const made = await change(app.root, 'createWebhook', { url: receiver.url, ...input }, 'secret webhook { id state }')
  return { id: made.webhook.id as string, secret: made.secret as string }
}

describe('a webhook', () => {
  test('gets each change after it was made, signed, in order', async () => {
    await createProject(app, 'before')
    await vi.waitFor(async () => {
      const { changes } = await app.root.ok('{ changes(last: 1) { nodes { targetName } } }')
      expect(changes.nodes).toEqual([{ targetName: 'before' }])
    }, PATIENT)
    const { id, secret } = await createWebhook()

    for (const code of ['p1', 'p2', 'p3']) await createProject(app, code)
    await change(app.root, 'deleteProject', { project: 'p2' })
    await vi.waitFor(() => expect(receiver.accepted).toHaveLength(5), PATIENT)

    expect(toldTo(receiver)).toEqual([
      `webhook.created ${receiver.url}`,
      ...['p1', 'p2', 'p3'].map((code) => `project.created ${code}`),
      'project.deleted p2',
    ])
    for (const received of receiver.accepted) verify(secret, received)
    const [, first] = receiver.accepted
    expect(first).toMatchObject({
      id: first?.data.id,
      timestamp: first?.data.at,
      data: {
        actorName: 'root',
        organization: { name: 'default' },
        changes: [{ field: 'code', before: null, after: 'p1' }, {}, {}],
      },
    })
    expect(() => verify(secret, { ...first, body: `${first?.body} ` } as never)).toThrow('No matching signature')
    const last = await vi.waitFor(async () => {
      const { deliveries } = await stateOf(id)
      expect(deliveries.nodes).toHaveLength(5)
      return deliveries.nodes[0]
    }, PATIENT)
    expect(last).toEqual({
      ...{ type: 'project.deleted', state: 'DELIVERED', attempts: 1, responseStatus: 204, responseExcerpt: null },
      ...{ error: null, nextAttemptAt: null, event: { targetName: 'p2' } },
    })
  })

  test('of an organization gets its types of the changes of that organization alone', async () => {
    await createOrganization(app, 'acme')
    await createWebhook({ organization: 'acme', types: ['project.created'] })

    await createProject(app, 'elsewhere')
    await createProject(app, 'here', 'acme')
    await change(app.root, 'updateProject', { project: 'here', title: 'other' })
    await createProject(app, 'last', 'acme')
    await vi.waitFor(() => expect(receiver.accepted).toHaveLength(2), PATIENT)

    expect(toldTo(receiver)).toEqual(['project.created here', 'project.created last'])
  })

  test('tries again what is not accepted, before it sends what comes after', async () => {
    const { id } = await createWebhook({ types: ['project.created'] })
    let refusals = 0
    receiver.answer = (response) => {
      refusals += 1
      response.writeHead(500).end('out of\u001b[31m order\n')
    }

    await createProject(app, 'p1')
    await createProject(app, 'p2')
    await vi.waitFor(() => expect(refusals).toBe(2), PATIENT)
    const failing = await vi.waitFor(async () => {
      const state = await stateOf(id)
      expect(state.deliveries.nodes[0]?.attempts).toBe(2)
      return state
    }, PATIENT)
    receiver.answer = null
    await vi.waitFor(() => expect(receiver.accepted).toHaveLength(2), PATIENT)

    expect(failing).toMatchObject({
      state: 'ACTIVE',
      failingSince: expect.any(String),
      nextAttemptAt: expect.any(String),
    })
    expect(failing.deliveries.nodes).toMatchObject([
      {
        state: 'QUEUED',
        attempts: 2,
        responseStatus: 500,
        responseExcerpt: 'out of [31m order',
        error: 'The receiver answered 500.',
      },
    ])
    expect(toldTo(receiver)).toEqual(['project.created p1', 'project.created p2'])
    expect(await stateOf(id)).toMatchObject({ failingSince: null, nextAttemptAt: null })
  })

  test('does not hold up the end of a server: what is under way is broken off, and sent by the next one', async () => {
    const { id } = await createWebhook({ types: ['project.created'] })
    receiver.answer = () => {}
    await createProject(app, 'p1')
    await vi.waitFor(() => expect(receiver.requests()).toBe(1), PATIENT)

    const began = performance.now()
    await stop()
    const stoppedAfterMs = performance.now() - began
    const between = await stateOf(id)
    receiver.answer = null
    await start()
    await vi.waitFor(() => expect(receiver.accepted).toHaveLength(1), PATIENT)

    expect(stoppedAfterMs).toBeLessThan(5000)
    expect(between).toMatchObject({ failingSince: null, deliveries: { nodes: [] } })
    expect(toldTo(receiver)).toEqual(['project.created p1'])
  })

  test('that failed sends other types as if nothing had failed', async () => {
    const { id } = await createWebhook({ types: ['project.created'] })
    receiver.answer = (response) => response.writeHead(500).end()
    await createProject(app, 'p1')
    await vi.waitFor(async () => expect((await stateOf(id)).failingSince).not.toBeNull(), PATIENT)

    receiver.answer = null
    await change(app.root, 'updateWebhook', { webhook: id, types: ['project.deleted'] })
    await change(app.root, 'deleteProject', { project: 'p1' })
    const state = await vi.waitFor(async () => {
      const found = await stateOf(id)
      expect(found.deliveries.nodes).toHaveLength(2)
      return found
    }, PATIENT)

    expect(state).toMatchObject({ failingSince: null, nextAttemptAt: null })
    expect(state.deliveries.nodes).toMatchObject([
      { type: 'project.deleted', state: 'DELIVERED', attempts: 1 },
      { type: 'project.created', state: 'FAILED', nextAttemptAt: null },
    ])
  })

  test('is disabled loudly after a day of failures, and goes on from there when it is resumed', async () => {
    const { id } = await createWebhook({ types: ['project.created'] })
    receiver.answer = (response) => response.writeHead(302, { location: '/elsewhere' }).end()
    await createProject(app, 'p1')
    await vi.waitFor(async () => expect((await stateOf(id)).failingSince).not.toBeNull(), PATIENT)
    await query(app, sql`update webhooks set failing_since = now() - interval '25 hours', next_attempt_at = now()`)

    await vi.waitFor(async () => expect((await stateOf(id)).state).toBe('DISABLED'), PATIENT)
    const disabled = await stateOf(id)
    const { auditEvents, notifications } = await app.root.ok(
      `{ auditEvents(filter: { action: "disableWebhook" }) { nodes { actorKind targetName changes { field after } } }
         notifications(first: 1) { nodes { kind } } }`,
    )
    receiver.answer = null
    await change(app.root, 'updateWebhook', { webhook: id, isPaused: false })
    await vi.waitFor(() => expect(receiver.accepted).toHaveLength(1), PATIENT)

    expect(disabled.disabledReason).toBe('FAILED')
    expect(disabled.deliveries.nodes).toMatchObject([
      { state: 'FAILED', nextAttemptAt: null, error: 'The receiver redirects (302), which is not followed.' },
    ])
    expect(auditEvents.nodes).toEqual([
      {
        ...{ actorKind: 'SYSTEM', targetName: receiver.url },
        changes: [
          { field: 'isPaused', after: true },
          { field: 'reason', after: 'FAILED' },
        ],
      },
    ])
    expect(notifications.nodes).toEqual([])
    expect(toldTo(receiver)).toEqual(['project.created p1'])
  })
})

describe('the owner of a webhook', () => {
  test.each([
    [
      'loses audit.read',
      'OWNER_MAY_NOT_READ',
      'revokeRoles',
      { user: 'alma', roles: [{ role: 'ORGANIZATION_ADMIN', organization: 'acme' }] },
    ],
    ['is disabled', 'OWNER_INACTIVE', 'disableUser', { user: 'alma' }],
  ])('who %s ends what it sends at once', async (_what, reason, mutation, input) => {
    await createOrganization(app, 'acme')
    const roles = [{ role: 'ORGANIZATION_ADMIN', organization: 'acme' }]
    const alma = await createUser(app, 'alma', { organization: 'acme', roles })
    const made = await change(
      alma.client,
      'createWebhook',
      { url: receiver.url },
      'webhook { id owner { username } organization { name } }',
    )
    await createProject(app, 'seen', 'acme')
    await vi.waitFor(() => expect(toldTo(receiver)).toContain('project.created seen'), PATIENT)
    const before = receiver.requests()

    await change(app.root, mutation, input)
    await createProject(app, 'hidden', 'acme')
    await vi.waitFor(async () => expect((await stateOf(made.webhook.id)).state).toBe('DISABLED'), PATIENT)

    expect(made.webhook).toMatchObject({ owner: { username: 'alma' }, organization: { name: 'acme' } })
    expect((await stateOf(made.webhook.id)).disabledReason).toBe(reason)
    expect(receiver.requests()).toBe(before)
    const { notifications } = await app.root.ok('{ notifications(first: 1) { nodes { kind email } } }')
    expect(notifications.nodes[0]).toEqual({ kind: 'WEBHOOK_DISABLED', email: 'alma@example.test' })
  })
})

describe('a user', () => {
  test('pauses, tests, rotates, replays and deletes a webhook', async () => {
    const types = ['project.created']
    const { id, secret } = await createWebhook({ types })
    await createProject(app, 'p1')
    await vi.waitFor(() => expect(receiver.accepted).toHaveLength(1), PATIENT)
    const { cursor } = receiver.accepted[0]?.data ?? {}

    await change(app.root, 'updateWebhook', { webhook: id, isPaused: true })
    await createProject(app, 'p2')
    const { delivery } = await change(app.root, 'testWebhook', { webhook: id }, 'delivery { id state type }')
    await vi.waitFor(() => expect(receiver.accepted).toHaveLength(2), PATIENT)
    const rotated = await change(app.root, 'rotateWebhookSecret', { webhook: id }, 'secret')
    await change(app.root, 'updateWebhook', { webhook: id, isPaused: false })
    await vi.waitFor(() => expect(receiver.accepted).toHaveLength(3), PATIENT)
    await change(app.root, 'replayWebhook', { webhook: id, after: '' })
    await vi.waitFor(() => expect(receiver.accepted).toHaveLength(5), PATIENT)
    await change(app.root, 'replayWebhook', { webhook: id, after: cursor })
    await vi.waitFor(() => expect(receiver.accepted).toHaveLength(6), PATIENT)
    await change(app.root, 'deleteWebhook', { webhook: id })
    await createProject(app, 'p3')

    expect(delivery).toMatchObject({ state: 'QUEUED', type: 'webhook.test' })
    expect(receiver.accepted.map(({ type, data }) => `${type} ${data.targetName}`)).toEqual([
      'project.created p1',
      'webhook.test undefined',
      'project.created p2',
      'project.created p1',
      'project.created p2',
      'project.created p2',
    ])
    const [first, , second, again] = receiver.accepted
    expect(again?.id).toBe(first?.id)
    for (const one of [secret, rotated.secret]) verify(one, second as never)
    expect(() => verify(rotated.secret, first as never)).toThrow('No matching signature')
    const kept = await query(
      app,
      sql`select secrets, deleted_at is not null as gone from webhooks where id = ${uuidOf(id)}`,
    )
    expect(kept).toEqual([{ secrets: null, gone: true }])
  })
})

test('tests leave room for changes: whoever asks for many holds up nobody else', async () => {
  const mute = createServer(() => {})
  await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void mute.close())
  const url = `http://127.0.0.1:${(mute.address() as AddressInfo).port}/`
  for (let n = 0; n < 10; n++) {
    const { webhook } = await change(app.root, 'createWebhook', { url, types: ['role.created'] }, 'webhook { id }')
    await change(app.root, 'testWebhook', { webhook: webhook.id })
  }
  await createWebhook()

  await createProject(app, 'soon')

  await vi.waitFor(() => expect(receiver.accepted.length).toBeGreaterThan(0), { timeout: 5_000, interval: 20 })
})
