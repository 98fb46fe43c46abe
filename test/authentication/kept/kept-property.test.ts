/**
 * Two servers on one database keep callers, while random mutations, the operator's SQL and time change what they may do.
 * What a server has kept and proves must be what it would read now.
 */
import { sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import type { Services } from '../../../src/services.ts'
import { letPass } from '../../access/replay/clock.ts'
import { makeWorld, type Replayed, randomMutations } from '../../access/replay/mutations.ts'
import { createRandom, type Random } from '../../read/random.ts'
import { startApp } from '../../support/app.ts'
import { change, changeDocument } from '../../support/change.ts'
import { query } from '../../support/rows.ts'
import { createApiKey } from '../../support/seed.ts'
import { bearer, PASSWORD, signIn } from '../../support/sessions.ts'
import { wordOf } from '../../support/word.ts'
import { compareKept, type Headers, keptBy, openServer } from './keeper.ts'

const app = startApp()

const CHANGES = process.env.CHATELAINE_LONG ? 5000 : 100
const SEED = Number(process.env.CHATELAINE_SEED ?? 31)

const OWNERS = ['bob', 'carol', 'dave']

/** A whole key of the user, a key with limits, a session, and the session within the limits of the key. */
async function credentialsOf(owner: string): Promise<Headers[]> {
  await change(app.root, 'setUserPassword', { user: owner, password: PASSWORD, mustChangePassword: false })
  const whole = await createApiKey(app.root, { user: owner })
  const limits = [
    { role: 'R2', organization: 'acme' },
    { role: 'VERSION_MANAGER', project: 'zeus' },
  ]
  const limited = await createApiKey(app.root, { user: owner, limits })
  const session = bearer((await signIn(app, owner, PASSWORD)).token)
  const key = { 'api-key': limited.key }
  return [{ 'api-key': whole.key }, key, session, { ...key, ...session }]
}

/** What an operator writes by hand. */
const BY_HAND = [
  sql`delete from role_grants where id in (select id from role_grants where ended_at is null and granted_by is not null limit 1)`,
  sql`update role_permissions set expires_at = clock_timestamp() + interval '1 hour' where permission = 'doc.edit' and ended_at is null`,
  sql`update base_permissions set ended_at = clock_timestamp() where ended_at is null`,
  sql`update model_grants set level = 'ADMIN' where ended_at is null`,
  sql`update controller_grants set ended_at = null where id = (select id from controller_grants where ended_at is not null limit 1) and not exists (select from controller_grants where ended_at is null)`,
  sql`update api_keys set read_only = not read_only where limited`,
]

async function changeSomething(replayed: Replayed) {
  const { random, deletedIds } = replayed
  if (random.chance(0.1)) return query(app, random.pick(BY_HAND))
  for (const { name, input } of randomMutations(replayed)) {
    const isDeletion = name === 'deleteUser'
    const answer = await app.root.send(changeDocument(name, isDeletion ? 'deletedId' : '__typename'), { input })
    if (wordOf(answer) !== 'done') continue
    if (isDeletion) deletedIds.push(answer.data.deleteUser.deletedId)
    return
  }
}

/**
 * Hours pass, and nothing is written: no trigger tells that something has ended. The clock can't be set, so everything is
 * moved into the past, with the moments that the servers have kept. Sessions, whose times are in their tokens, stay.
 */
async function passTime(random: Random, servers: Services[], credentials: Headers[]) {
  const ms = (1 + random.int(60)) * 3_600_000
  await app.database.transaction(async (tx) => {
    await tx.execute(sql`select set_config('session_replication_role', 'replica', true)`)
    await letPass({ database: { ...app.database, db: tx } }, ms, ['sessions'])
  })
  const sooner = (time: string | null) => time && new Date(Date.parse(time) - ms).toISOString()
  for (const caller of servers.flatMap((server) => credentials.map((headers) => keptBy(server, headers)))) {
    if (!caller) continue
    caller.basis.until = sooner(caller.basis.until)
    caller.authority = caller.authority.map((row) => ({ ...row, until: sooner(row.until) }))
  }
}

test(`what is kept and proven is what would be read, after random changes (CHATELAINE_SEED=${SEED})`, {
  timeout: CHANGES * 1000,
}, async () => {
  await makeWorld(app)
  const credentials = (await Promise.all(OWNERS.map(credentialsOf))).flat()
  const servers = [await openServer(app), await openServer(app)]
  const random = createRandom(SEED)
  const replayed = { random, given: [], deletedIds: [] }
  const counts = { unknown: 0, changed: 0, equal: 0, different: 0 }
  for (let done = 0; done < CHANGES; done++) {
    if (random.chance(0.08)) await passTime(random, servers, credentials)
    else await changeSomething(replayed)
    for (const server of random.some(servers, 1, 2)) {
      for (const headers of credentials) counts[await compareKept(server, headers)] += 1
    }
  }
  expect(counts.different).toBe(0)
  expect(Math.min(counts.changed, counts.equal), JSON.stringify(counts)).toBeGreaterThan(CHANGES / 10)
})
