/** Sends changes to webhooks while a server runs. Of several servers, one sends to a webhook at a time. */
import { setTimeout as sleep } from 'node:timers/promises'
import { TEST_TYPE } from '../entities/webhook/operations.ts'
import {
  type Claimed,
  claimNext,
  disable,
  findNext,
  hasWork,
  noteDelivered,
  noteFailed,
  noteTest,
  passOver,
  release,
  type Test,
  takeTest,
} from '../entities/webhook/queue.ts'
import { openSecrets } from '../entities/webhook/secrets.ts'
import { logError } from '../log.ts'
import type { Services } from '../services.ts'
import { messageOf, readOwner } from './events.ts'
import { type Message, type Outcome, sendMessage } from './send.ts'

const PACE_MS = 500
/** One slow receiver does not hold up the others. */
const MOST_AT_ONCE = 8
/** Tests, which anybody who has a webhook can ask for, leave room for changes. */
const MOST_TESTS = 2
/** After so many changes it is the turn of another webhook. */
const MOST_IN_A_ROW = 50

export interface Webhooks {
  /** Waits for what is being sent, after which nothing more is. */
  stop(): Promise<void>
}

export function startWebhooks(services: Services, paceMs = PACE_MS): Webhooks {
  const stopping = new AbortController()
  const { signal } = stopping
  const active = new Set<Promise<void>>()
  let tests = 0
  const running = run()

  async function run() {
    while (!signal.aborted) {
      await begin().catch((error: unknown) => logError(error, null))
      await sleep(paceMs, null, { signal }).catch(() => {})
    }
    await Promise.all(active)
  }

  async function begin() {
    if (!(await hasWork(services.database.db))) return
    while (active.size < MOST_AT_ONCE && !signal.aborted) {
      const work = await takeWork()
      if (!work) return
      // What is not noted is sent again, once the claim has ended.
      const noted = work()
        .catch((error: unknown) => logError(error, null))
        .finally(() => active.delete(noted))
      active.add(noted)
    }
  }

  /** The next thing to send; null where there is none. */
  async function takeWork(): Promise<(() => Promise<void>) | null> {
    const { db } = services.database
    const test = tests < MOST_TESTS ? await takeTest(db) : null
    if (test) return () => withinTests(sendTest(services, test, signal))
    const claimed = await claimNext(db)
    return claimed && (() => sendChanges(services, claimed, signal))
  }

  async function withinTests(test: Promise<void>) {
    tests += 1
    await test.finally(() => {
      tests -= 1
    })
  }

  return {
    async stop() {
      stopping.abort()
      await running
    },
  }
}

/** Sends what comes next, one change after the other, until one is not accepted. */
async function sendChanges(services: Services, claimed: Claimed, signal: AbortSignal) {
  let { deliveryId } = claimed
  for (let sent = 0; sent < MOST_IN_A_ROW && !signal.aborted; sent++) {
    if (!(await sendNext(services, { ...claimed, deliveryId }, signal))) return
    // What failed before is accepted now, or is passed over.
    deliveryId = null
  }
  await release(services.database.db, claimed)
}

/** Sends the next change. Returns whether the webhook goes on. */
async function sendNext(services: Services, claimed: Claimed, signal: AbortSignal): Promise<boolean> {
  const { database, mailer } = services
  const next = await findNext(database.db, claimed)
  if (next === null) return false
  if (next === 'NONE') {
    await release(database.db, claimed)
    return false
  }
  const owner = await readOwner(services, claimed)
  if (typeof owner === 'string') {
    await database.transaction((tx) => disable(tx, mailer, claimed.id, owner))
    return false
  }
  const message = await messageOf(services, owner, next)
  if (message === null) {
    await database.transaction((tx) => passOver(tx, claimed, next))
    return true
  }
  const outcome = await send(services, claimed, message, signal)
  if (outcome.error !== null && signal.aborted) {
    // It was this server that broke off: another one sends it.
    await release(database.db, claimed)
    return false
  }
  return database.transaction(async (tx) => {
    if (outcome.error === null) return noteDelivered(tx, claimed, next, outcome)
    const reason = await noteFailed(tx, claimed, next, outcome)
    if (reason) await disable(tx, mailer, claimed.id, reason)
    return false
  })
}

async function sendTest(services: Services, test: Test, signal: AbortSignal) {
  const body = JSON.stringify({ type: TEST_TYPE, timestamp: new Date().toISOString(), data: {} })
  const message = { id: `delivery_${test.id}`, body }
  const { url, secrets, webhookId: id } = test
  const outcome = await send(services, { id, url, secrets }, message, signal)
  if (outcome.error === null || !signal.aborted) await noteTest(services.database.db, test, outcome)
}

async function send(
  { config, keyring }: Services,
  { id, url, secrets }: Pick<Claimed, 'id' | 'url' | 'secrets'>,
  message: Message,
  signal: AbortSignal,
): Promise<Outcome> {
  if (secrets === null) return { status: null, excerpt: null, error: 'The webhook was deleted.' }
  const signing = (await openSecrets(keyring, { id, secrets })).map(({ secret }) => secret)
  return sendMessage(url, message, signing, { allowed: config.webhookAllowedNetworks, signal })
}
