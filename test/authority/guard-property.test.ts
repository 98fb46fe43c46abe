import { sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { createRandom } from '../read/random.ts'
import { type Answer, type Client, startApp } from '../support/app.ts'
import { change, changeDocument } from '../support/change.ts'
import { query } from '../support/rows.ts'
import { createRole } from '../support/seed.ts'
import { signIn } from '../support/sessions.ts'
import { createDelegation, type Move, randomMove, WORDS, type World } from './matrix/delegation.ts'

const app = startApp()

/** Each block begins with an empty database: every world makes the next one slower. The database must know how many rows it has by then. */
const BLOCKS = process.env.CHATELAINE_LONG ? 20 : 1
const WORLDS = process.env.CHATELAINE_LONG ? 100 : 30
const MOVES = 14

interface Held {
  name: string
  organization: string | null
  project: string | null
  expiresAt: string | null
}

/** A level, with where it is held. */
interface HeldLevel {
  place: string
  access: string
  expiresAt: string | null
}

const LEVELS = ['LOGIN', 'ADD_MODEL', 'SUPERUSER', 'READ', 'WRITE', 'ADMIN']
const HOLDERS = 'holders(first: 100) { edges { level expiresAt node { username } } }'

interface Place {
  name: string
  holders: { edges: { level: string; expiresAt: string | null; node: { username: string } }[] }
  models?: { nodes: Place[] }
}

/** Permissions, and levels on controllers and models. */
interface Holdings {
  words: Held[]
  levels: HeldLevel[]
}

/**
 * Everything a client may do now; nothing where its key or its user is no longer good. The levels are those of its user:
 * of a limited key they are left out, being more than its own, but for the delegate's, who is to gain nothing beyond.
 */
async function holdingsOf(client: Client, prefix: string, isDelegate = false): Promise<Holdings> {
  const { status, data, errors } = await client.send(
    `query ($prefix: String!) {
      viewer { user { username } apiKey { isLimited } permissions { name organization project expiresAt } }
      controllers(first: 3, filter: { name: { startsWith: $prefix } }) { nodes {
        name ${HOLDERS} models(first: 2) { nodes { name ${HOLDERS} } } } } }`,
    { prefix: `${prefix}-` },
  )
  if (status === 401) return { words: [], levels: [] }
  expect(errors).toEqual([])
  const { user, apiKey, permissions } = data.viewer
  if (apiKey?.isLimited && !isDelegate) return { words: permissions, levels: [] }
  return { words: permissions, levels: data.controllers.nodes.flatMap(levelsThere(user.username)) }
}

/** A user's levels on a controller and its models. */
function levelsThere(username: string) {
  const ofPlace = (place: string, { holders }: Place) =>
    holders.edges
      .filter(({ node }) => node.username === username)
      .map(({ level, expiresAt }): HeldLevel => ({ place, access: level, expiresAt }))
  return (controller: Place) => [
    ...ofPlace(controller.name, controller),
    ...(controller.models?.nodes ?? []).flatMap((model) => ofPlace(`${controller.name}/${model.name}`, model)),
  ]
}

/** What a limited key may do: of the levels of its user, those that its limits let through. */
async function reachOf(key: Client, { controllers }: World): Promise<Holdings> {
  const places = controllers.flatMap((controller) => [{ controller }, { controller, model: controller }])
  const questions = places.flatMap((place) =>
    ('model' in place ? LEVELS.slice(3) : LEVELS.slice(0, 3)).map((access) => ({ ...place, access })),
  )
  const { status, data } = await key.send(
    `query ($input: CheckAccessInput!) {
      viewer { permissions { name organization project expiresAt } }
      checkAccess(input: $input) { isAllowed ways { code expiresAt } } }`,
    { input: { questions: questions.map((one) => ({ ['model' in one ? 'model' : 'controller']: one })) } },
  )
  if (status === 401) return { words: [], levels: [] }
  const levels = questions.flatMap(({ access, ...place }, index): HeldLevel[] => {
    const { isAllowed, ways } = data.checkAccess[index]
    const ends = ways.map(({ expiresAt }: { expiresAt: string | null }) => expiresAt)
    const expiresAt = ends.includes(null) ? null : ends.sort().at(-1)
    return isAllowed ? [{ place: Object.values(place).join('/'), access, expiresAt }] : []
  })
  return { words: data.viewer.permissions, levels }
}

/** The rows that are in none of these holdings. */
function beyond({ words, levels }: Holdings, ...allowed: Holdings[]): string[] {
  return [
    ...words.filter((row) => !allowed.some((one) => covers(one.words, row))),
    ...levels.filter((row) => !allowed.some((one) => coversLevel(one.levels, row))),
  ].map((row) => JSON.stringify(row))
}

function coversLevel(start: HeldLevel[], { place, access, expiresAt }: HeldLevel): boolean {
  return start.some(
    (held) =>
      held.place === place &&
      LEVELS.indexOf(held.access) >= LEVELS.indexOf(access) &&
      (held.expiresAt === null || (expiresAt !== null && expiresAt <= held.expiresAt)),
  )
}

/** Does one of these rows hold this permission, at least there, at least as long? */
function covers(start: Held[], { name, organization, project, expiresAt }: Held): boolean {
  return start.some(
    (held) =>
      held.name === name &&
      (held.organization === null || held.organization === organization) &&
      (held.project === null || held.project === project) &&
      (held.expiresAt === null || (expiresAt !== null && expiresAt <= held.expiresAt)),
  )
}

const PAYLOADS: Record<string, string> = {
  createUser: 'secret user { username isActive } apiKey { id }',
  setUserPassword: 'user { username isActive }',
  changePassword: 'user { username isActive }',
  enableUser: 'user { username isActive }',
  createServiceUser: 'secret user { username } apiKey { id }',
  createApiKey: 'secret apiKey { id }',
  importUsers: 'results { status }',
  rotateApiKey: 'secret apiKey { id }',
  createRole: 'role { name }',
  deleteUser: 'deletedId',
}

/** Makes one move with one of the clients in hand; gives the payload where it was done. */
async function make({ name, input }: Move, hand: Client): Promise<Answer['data'] | null> {
  const { data, errors } = await hand.send(changeDocument(name, PAYLOADS[name]), { input })
  const codes = errors.map(({ extensions }) => extensions.code)
  const strange = codes.filter((code) => code !== 'FORBIDDEN' && code !== 'UNAUTHENTICATED')
  expect(strange, `${name} ${JSON.stringify(input)}`).toEqual([])
  const result = data?.[name]
  return result?.__typename.endsWith('Payload') ? result : null
}

/** Takes from a payload what may be used later: clients in hand, and things to try next. */
async function learn(world: World, hands: Client[], { name, input }: Move, payload: Answer['data']) {
  if (payload.secret) hands.push(app.as(payload.secret))
  if (name === 'importUsers') hands.push(...importedHands(input, payload.results))
  if (payload.apiKey) world.keyIds.push(payload.apiKey.id)
  if (payload.role) world.roles.push(payload.role.name)
  if (name === 'deleteUser') world.deletedIds.push(payload.deletedId)
  const { newPassword, password } = input as { newPassword?: string; password?: string }
  const { username, isActive } = payload.user ?? {}
  if (newPassword || password) world.known.add(username)
  // Also one that was set while they were disabled.
  if (isActive && world.known.has(username)) hands.push((await signIn(app, username)).client)
  if (name !== 'updateUser' && name !== 'addSshKey') return
  // Whoever receives a user’s mail can become them; with a key of theirs, whoever logs in to machines is them there.
  const taken = world.users.get((input as { user: string }).user)
  if (taken) hands.push(taken.client)
}

/** The clients with the keys that were imported. */
function importedHands(input: object, results: { status: string }[]): Client[] {
  const { items } = input as { items: { apiKeys: { secret: string }[] }[] }
  const done = items.filter((_item, index) => results[index]?.status !== 'FAILED')
  return done.flatMap(({ apiKeys }) => apiKeys.map(({ secret }) => app.as(secret)))
}

interface Play {
  done: string[]
  gained: string[]
}

/** One world, played to its end or to the first gain. */
async function play(seed: number): Promise<Play> {
  const random = createRandom(seed)
  const world = await createDelegation(app, random, `w${seed}`)
  const hands = [world.delegate.client]
  const start = await holdingsOf(world.delegate.client, world.prefix, true)
  const before = new Map<Client, Holdings>()
  for (const key of world.bystanders.values()) before.set(key, await reachOf(key, world))
  for (const user of world.suspended) await change(app.root, 'disableUser', { user })
  const done: string[] = []
  for (let step = 0; step < MOVES; step++) {
    const move = randomMove(world, random, step)
    const payload = await make(move, random.chance(0.6) ? world.delegate.client : random.pick(hands))
    if (payload === null) continue
    done.push(`${move.name} ${JSON.stringify(move.input)}`)
    await learn(world, hands, move, payload)
    const held = await Promise.all(hands.map((hand) => holdingsOf(hand, world.prefix)))
    const gained = held.flatMap((holdings) => beyond(holdings, start))
    if (gained.length > 0) return { done, gained }
  }
  return { done, gained: await gainedByOthers(world, start, before) }
}

/** What limited keys of others can do in the end that they could not do at the start, once their owners are enabled. */
async function gainedByOthers(world: World, start: Holdings, before: Map<Client, Holdings>): Promise<string[]> {
  const gained: string[] = []
  for (const [user, key] of world.bystanders) {
    await app.root.send(changeDocument('enableUser'), { input: { user } })
    gained.push(...beyond(await reachOf(key, world), start, before.get(key) ?? start))
  }
  return gained
}

test.each(Array.from({ length: BLOCKS }, (_, block) => 1 + block * WORLDS))(
  `a delegate, and every user whose credentials they get, never holds more than the delegate held at the start: ${WORLDS} worlds from seed %i`,
  async (first) => {
    // What ORGANIZATION_ADMIN and ADMINISTRATOR stand for is spelled out in the words in use: all are from the beginning.
    await createRole(app, 'WORDS', WORDS)

    const plays: (Play & { seed: number })[] = []
    for (let seed = first; seed < first + WORLDS; seed++) {
      if (seed % 5 === 0) await query(app, sql`analyze`)
      plays.push({ seed, ...(await play(seed)) })
    }

    expect(plays.filter(({ gained }) => gained.length > 0)).toEqual([])
    const kinds = new Set(plays.flatMap(({ done }) => done.map((move) => move.split(' ')[0])))
    expect([...kinds].sort()).toEqual([
      'addSshKey',
      'changePassword',
      'createApiKey',
      'createProject',
      'createRole',
      'createServiceUser',
      'createUser',
      'deleteProject',
      'deleteRole',
      'deleteUser',
      'disableUser',
      'enableUser',
      'grantControllerAccess',
      'grantModelAccess',
      'grantRoles',
      'importUsers',
      'restoreUser',
      'revokeControllerAccess',
      'revokeModelAccess',
      'revokeRoles',
      'rotateApiKey',
      'setControllerAccess',
      'setModelAccess',
      'setRoles',
      'setUserPassword',
      'updateApiKey',
      'updateOrganization',
      'updateRole',
      'updateUser',
    ])
  },
  WORLDS * 2000,
)
