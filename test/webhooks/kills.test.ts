// Runs with whole servers.
/** A server that is killed and a receiver that breaks at random moments: both consumers get every committed change, in order. */
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'drizzle-orm'
import { afterAll, expect, test, vi } from 'vitest'
import { readRows } from '../../src/db/database.ts'
import { createRandom, type Random } from '../read/random.ts'
import { changeDocument } from '../support/change.ts'
import { createStartedStore } from '../support/database.ts'
import { ask, lookInto, type Program, startProgram } from '../support/program.ts'
import { ROOT_KEY } from '../support/root-key.ts'
import { openReceiver, type Receiver, verify } from './receiver.ts'

const ROUNDS = process.env.CHATELAINE_LONG ? 40 : 2
const SEED = Number(process.env.CHATELAINE_SEED ?? 7)
const PROJECTS = ['p1', 'p2', 'p3', 'p4']

vi.setConfig({ testTimeout: 60_000 + ROUNDS * 15_000 })

const { environment, remove } = await createStartedStore()
afterAll(remove)

const serve = () => startProgram({ ...environment, ROOT_API_KEY: ROOT_KEY, WEBHOOK_ALLOWED_NETWORKS: '127.0.0.1' })

test(`${ROUNDS} kills of the server and of the receiver lose, halve and reorder no change (CHATELAINE_SEED=${SEED})`, async () => {
  const random = createRandom(SEED)
  const receiver = await openReceiver()
  afterAll(receiver.close)
  const reader = { cursor: null as string | null, ids: [] as string[] }
  let program = await serve()
  const secret = await createWebhook(program, receiver)
  for (const code of PROJECTS) await send(program, 'createProject', { code })

  for (let round = 1; round <= ROUNDS; round++) {
    const load = startLoad(program)
    await Promise.all([breakReceiver(receiver, random), follow(program, reader), sleep(200 + random.int(800))])
    await program.stop('SIGKILL')
    await load.stop()
    await endClaims()
    program = await serve()
  }
  const committed = await readCommitted()
  await vi.waitFor(
    async () => {
      await endClaims()
      expect(new Set(receiver.accepted.map(({ id }) => id)).size).toBe(committed.length)
    },
    { timeout: 60_000, interval: 500 },
  )
  for (let before = -1; before < reader.ids.length; ) {
    before = reader.ids.length
    await follow(program, reader)
  }
  await program.stop()

  const ids = committed.map(({ id }) => id)
  const firsts = [...new Set(receiver.accepted.map(({ id }) => id))]
  expect(firsts).toEqual(ids)
  expect(reader.ids).toEqual(ids)
  expect(committed.length).toBeGreaterThan(ROUNDS * 5)
  for (const received of receiver.accepted) verify(secret, received)
  for (const code of PROJECTS) expect(outOfOrder(committed, code)).toEqual([])
})

async function send(program: Program, name: string, input: object, payload = '__typename') {
  const { data } = await ask(program, ROOT_KEY, changeDocument(name, payload), { input })
  return data?.[name]
}

async function createWebhook(program: Program, { url }: Receiver): Promise<string> {
  const types = ['project.created', 'project.updated']
  const { secret } = await send(program, 'createWebhook', { url, types, everywhere: true }, 'secret')
  return secret
}

/** Changes four projects, each by a request after the other, until it is stopped or the server is gone. */
function startLoad(program: Program) {
  let isStopped = false
  const running = PROJECTS.map(async (project) => {
    for (let step = 0; !isStopped; step++) {
      const title = `${program.pid} ${step}`
      await send(program, 'updateProject', { project, title }).catch(() => (isStopped = true))
      await sleep(5)
    }
  })
  return {
    async stop() {
      isStopped = true
      await Promise.all(running)
    },
  }
}

/** Lets the receiver refuse, or accept without an answer, from a random moment on for a while. */
async function breakReceiver(receiver: Receiver, random: Random) {
  await sleep(random.int(400))
  const isAccepting = random.int(2) === 0
  receiver.answer = (response, received) => {
    if (!isAccepting) return response.writeHead(503).end()
    receiver.accepted.push(received)
    response.destroy()
  }
  await sleep(random.int(400))
  receiver.answer = null
}

/** Reads the next page after what was read. */
async function follow(program: Program, reader: { cursor: string | null; ids: string[] }) {
  const { data } = await ask(
    program,
    ROOT_KEY,
    `query ($after: String) { changes(first: 100, after: $after, types: ["project.created", "project.updated"], waitSeconds: 1) {
      edges { cursor node { id } } } }`,
    { after: reader.cursor },
  ).catch(() => ({ data: null }))
  for (const { cursor, node } of data?.changes.edges ?? []) {
    reader.cursor = cursor
    reader.ids.push(node.id)
  }
}

/** A killed server keeps its claim for 30 s, and what failed waits: as if that time had passed. */
function endClaims() {
  return lookInto(environment, ({ db }) =>
    db.execute(sql`update webhooks set claimed_until = now(), next_attempt_at = null`),
  )
}

interface Committed {
  id: string
  project: string
  before: string | null
  after: string
}

/** What was committed, in the order of its positions. */
async function readCommitted(): Promise<Committed[]> {
  const read = () =>
    lookInto(environment, ({ db }) =>
      readRows<Committed & { isPlaced: boolean }>(
        db,
        sql`select 'event_' || e.id as id, p.code as project, e.before ->> 'title' as before, e.after ->> 'title' as after, c.position is not null as "isPlaced"
          from audit_events as e join projects as p on p.id = e.target_id left join changes as c on c.audit_event_id = e.id
          where e.outcome = 'DONE' and e.action in ('createProject', 'updateProject') order by c.position`,
      ),
    )
  return vi.waitFor(
    async () => {
      const rows = await read()
      expect(rows.every(({ isPlaced }) => isPlaced)).toBe(true)
      return rows
    },
    { timeout: 10_000, interval: 200 },
  )
}

/** The changes of a project that do not begin with what the one before them left. */
function outOfOrder(committed: Committed[], code: string): Committed[] {
  const own = committed.filter(({ project }) => project === code)
  return own.filter(({ before }, n) => before !== (own[n - 1]?.after ?? null))
}
