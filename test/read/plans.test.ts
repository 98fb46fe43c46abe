/**
 * The plans of what is read and changed among many users, for three kinds of callers: no statement reads many rows that it does
 * not need. `explain (analyze)` tells it; that an index is there does not.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readConfig } from '../../src/config.ts'
import { openDatabase } from '../../src/db/database.ts'
import type { Sent } from '../../src/db/lease.ts'
import { type Listening, listen } from '../../src/http/server.ts'
import type { Services } from '../../src/services.ts'
import { fillDatabase } from '../bench/fill.ts'
import { CALLERS, type Caller, type Load, WORKLOADS } from '../bench/workloads.ts'
import type { World } from '../bench/world.ts'
import { createClient } from '../support/app.ts'
import { createEmptyStore, type Store } from '../support/database.ts'
import { openTestServices } from '../support/services.ts'
import { createRandom } from './random.ts'

const USERS = process.env.CHATELAINE_LONG ? 20_000 : 5_000

let store: Store
let services: Services
let listening: Listening
let load: Load
const sent: Sent[] = []

beforeAll(async () => {
  const empty = await createEmptyStore()
  store = empty
  const world = await fillDatabase(empty.url, USERS)
  services = await openTestServices(await openDatabase(readConfig({ ...empty.environment, DATABASE_POOL_SIZE: '2' })))
  services.database.observe((statement) => sent.push(statement))
  listening = await listen(services)
  load = { world, random: createRandom(1), callers: 100, tokens: [], changes: 0 }
}, 120_000)

afterAll(async () => {
  await listening.close()
  await services.database.close()
  await store.remove()
})

interface Plan {
  'Node Type': string
  'Relation Name'?: string
  'Index Name'?: string
  'CTE Name'?: string
  'Actual Rows': number
  'Rows Removed by Filter'?: number
  'Rows Removed by Index Recheck'?: number
  Plans?: Plan[]
}

/** Parts of plans that read more than they need, and why that is right. */
const EXCEPTIONS = {
  'Index Scan on users_username_unique':
    'Who sees some of many users by several rights is shown the first of them in the order of all: as many are passed as their share is small.',
  'CTE Scan on own': 'The few levels that others follow from are found among all levels of the user, which were read.',
  'Index Scan on role_grants_user_order': 'Of a user’s many roles, few manage controllers, and no index says which.',
}

/** A table of so many rows may be read whole. */
const SMALL = 1_000

function wasteOf(plan: Plan): string[] {
  const { 'Actual Rows': rows } = plan
  const removed = (plan['Rows Removed by Filter'] ?? 0) + (plan['Rows Removed by Index Recheck'] ?? 0)
  const place = `${plan['Node Type']} on ${plan['Index Name'] ?? plan['Relation Name'] ?? plan['CTE Name']}`
  const isWaste = removed > Math.max(10 * rows, SMALL) && !(place in EXCEPTIONS)
  const own = isWaste ? [`${place}: ${rows} rows, and ${removed} for nothing`] : []
  return [...own, ...(plan.Plans ?? []).flatMap(wasteOf)]
}

/** What the statements of one answer read for nothing; what they change is undone. */
async function wasteOfAnswer(credential: string, document: string, variables: object): Promise<string[]> {
  const client = createClient(() => listening.url, { authorization: credential })
  await client.ok(document, variables)
  sent.length = 0
  await client.ok(document, variables)
  const statements = sent.filter(
    ({ text }) => !text.includes(';') && /^\s*(select|with|insert|update|delete)/i.test(text),
  )
  expect(statements, document).not.toHaveLength(0)
  const alone = await services.database.connectAlone()
  const found: string[] = []
  await alone.query(
    `begin; set local plan_cache_mode = force_generic_plan; set local jit = off; set local random_page_cost = 1.1; set local cpu_index_tuple_cost = 0.05; set local timezone = 'UTC'`,
  )
  for (const { text, values } of statements) {
    await alone.query('savepoint one')
    const { rows } = await alone.query(`explain (analyze, format json) ${text}`, values)
    await alone.query('rollback to savepoint one')
    found.push(...wasteOf(rows[0]['QUERY PLAN'][0].Plan))
  }
  await alone.query('rollback')
  await alone.end()
  return [...new Set(found)]
}

const LISTS = {
  'users by e-mail':
    '{ users(first: 50, filter: { email: { startsWith: "user-00001" } }) { nodes { username } totalCount } }',
  'users by display name':
    '{ users(first: 50, filter: { displayName: { startsWith: "user 12" } }) { nodes { username } } }',
  'programs among the users': '{ users(first: 50, filter: { kind: SERVICE }) { nodes { username } } }',
  'suspended users': '{ users(first: 50, filter: { isActive: false }) { nodes { username } } }',
  'administrators among the users': '{ users(first: 50, filter: { isAdmin: true }) { nodes { username } } }',
  'users by role': '{ users(first: 50, filter: { role: "GRANTED_1" }) { nodes { username } } }',
  'users who were not seen':
    '{ users(first: 50, filter: { notSeenSince: "2026-01-01T00:00:00Z" }) { nodes { username } } }',
  'deleted users': '{ deletedUsers(first: 50) { nodes { username } } }',
  'keys that were not used':
    '{ apiKeys(first: 50, filter: { isValid: true, notUsedSince: "2026-01-01T00:00:00Z" }) { nodes { label } } }',
  'users by name': '{ users(first: 50, filter: { username: { startsWith: "user-00" } }) { nodes { username } } }',
  'users counted': '{ users { totalCount } }',
  'organizations with their parts':
    '{ organizations(first: 5) { nodes { name users(first: 5) { nodes { username } } projects(first: 5) { nodes { code } } roles(first: 5) { nodes { name } } controllers(first: 5) { nodes { name } } } } }',
  'holders of roles': '{ roles(first: 20) { nodes { name holders(first: 10) { nodes { username } } } } }',
  'holders of projects': '{ projects(first: 20) { nodes { code holders(first: 10) { nodes { username } } } } }',
  'holders of controllers': '{ controllers(first: 5) { nodes { name holders(first: 10) { nodes { username } } } } }',
  'holders of models': '{ models(first: 5) { nodes { name holders(first: 10) { nodes { username } } } } }',
  'all that the caller may do':
    '{ viewer { user { effectiveAccess(first: 50) { nodes { permission level via since } } } } }',
  'the permissions': '{ permissions(first: 100) { nodes { name } } }',
}

const keyOf: Record<Caller, (world: World) => string | undefined> = {
  root: ({ rootKey }) => rootKey,
  administrator: ({ administratorKeys }) => administratorKeys[0],
  user: ({ userKeys }) => userKeys[0],
}

const asked = WORKLOADS.filter(({ usesTokens }) => !usesTokens).flatMap(({ title, callers }) =>
  callers.map((caller) => [title, caller] as const),
)

test.each(asked)('%s reads only what it needs, as %s', async (title, caller) => {
  const workload = WORKLOADS.find((one) => one.title === title)
  if (!workload) throw new Error(title)
  const { credential, variables } = workload.next(load, caller)

  expect(await wasteOfAnswer(credential, workload.document, variables)).toEqual([])
})

test.each(Object.keys(LISTS).flatMap((name) => CALLERS.map((caller) => [name, caller] as const)))(
  '%s: the list reads only what it needs, as %s',
  async (name, caller) => {
    const key = keyOf[caller](load.world)

    expect(await wasteOfAnswer(`Bearer ${key}`, LISTS[name as keyof typeof LISTS], {})).toEqual([])
  },
)
