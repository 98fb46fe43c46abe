/** The audit can rebuild the state: random changes are made, and read back from the events alone. */
import { expect, test } from 'vitest'
import { type Mutation, makeWorld, type Replayed, randomMutations } from '../../access/replay/mutations.ts'
import { createRandom, type Random } from '../../read/random.ts'
import { startApp } from '../../support/app.ts'
import { type AuditEvent, EVENT } from '../../support/audit.ts'
import { changeDocument } from '../../support/change.ts'
import { wordOf } from '../../support/word.ts'
import { apply, readState } from './rebuild/state.ts'

const app = startApp()
const CHANGES = process.env.CHATELAINE_LONG ? 2000 : 150
const SEED = Number(process.env.CHATELAINE_SEED ?? 11)

/** Keys come and go beside everything else. */
function keyMutation(random: Random, keyIds: string[]): Mutation {
  const apiKey = keyIds.length > 0 ? random.pick(keyIds) : 'key_01900000-0000-7000-8000-000000000000'
  const limits = random.chance(0.5) ? { limits: [{ role: random.pick(['R1', 'R2', 'R3']), organization: 'acme' }] } : {}
  return random.pick([
    {
      name: 'createApiKey',
      input: { user: random.pick(['bob', 'carol', 'dave']), label: `k${random.int(99)}`, ...limits },
    },
    { name: 'rotateApiKey', input: { apiKey } },
    { name: 'updateApiKey', input: { apiKey, label: `l${random.int(99)}`, ...limits } },
    { name: 'revokeApiKey', input: { apiKey } },
  ])
}

const PAYLOADS: Record<string, string> = {
  createApiKey: 'apiKey { id }',
  rotateApiKey: 'apiKey { id }',
  deleteUser: 'deletedId',
}

/** All events of changes, oldest first. */
async function readEvents(): Promise<AuditEvent[]> {
  const events: AuditEvent[] = []
  for (let after: string | null = null; ; ) {
    const { auditEvents } = await app.root.ok(
      `query ($after: String) { auditEvents(first: 100, after: $after, filter: { outcome: DONE }) {
        pageInfo { hasNextPage endCursor } nodes { ${EVENT} } } }`,
      { after },
    )
    events.push(...auditEvents.nodes)
    if (!auditEvents.pageInfo.hasNextPage) return events.reverse()
    after = auditEvents.pageInfo.endCursor
  }
}

test(`the state after ${CHANGES} random changes is the one that their events rebuild (CHATELAINE_SEED=${SEED})`, {
  timeout: 60_000 + CHANGES * 500,
}, async () => {
  const random = createRandom(SEED)
  const replayed: Replayed = { random, given: [], deletedIds: [] }
  const keyIds: string[] = []
  const rebuilt = await readState(app)
  const known = (await readEvents()).length
  await makeWorld(app)

  for (let done = 0; done < CHANGES; ) {
    const tries = random.chance(0.15) ? [keyMutation(random, keyIds)] : randomMutations(replayed)
    for (const { name, input } of tries) {
      const answer = await app.root.send(changeDocument(name, PAYLOADS[name]), { input })
      if (wordOf(answer) !== 'done') continue
      const { apiKey, deletedId } = answer.data[name]
      if (apiKey) keyIds.push(apiKey.id)
      if (deletedId?.startsWith('user_')) replayed.deletedIds.push(deletedId)
      done += 1
      break
    }
  }
  const events = (await readEvents()).slice(known)
  for (const event of events) apply(rebuilt, event)

  expect(rebuilt).toEqual(await readState(app))
})
