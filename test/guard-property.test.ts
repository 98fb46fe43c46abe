import { expect, test } from 'vitest'
import { createDelegation, type Move, randomMove, WORDS, type World } from './authority/delegation.ts'
import { createRandom } from './read/random.ts'
import { type Answer, type Client, startApp } from './support/app.ts'
import { changeDocument } from './support/change.ts'
import { createRole } from './support/seed.ts'

const app = startApp()

const WORLDS = process.env.CHATELAINE_LONG ? 1000 : 60
const MOVES = 10

interface Held {
  name: string
  organization: string | null
  project: string | null
  until: string | null
}

/** Everything a client may do now; nothing where its key or its user is no longer good. */
async function authorityOf(client: Client): Promise<Held[]> {
  const { status, data, errors } = await client.send('{ viewer { permissions { name organization project until } } }')
  if (status === 401) return []
  expect(errors).toEqual([])
  return data.viewer.permissions
}

/** Does one of these rows hold this permission, at least there, at least as long? */
function covers(start: Held[], { name, organization, project, until }: Held): boolean {
  return start.some(
    (held) =>
      held.name === name &&
      (held.organization === null || held.organization === organization) &&
      (held.project === null || held.project === project) &&
      (held.until === null || (until !== null && until <= held.until)),
  )
}

const PAYLOADS: Record<string, string> = {
  createUser: 'secret user { username } apiKey { id }',
  createServiceUser: 'secret user { username } apiKey { id }',
  createApiKey: 'secret apiKey { id }',
  rotateApiKey: 'secret apiKey { id }',
  createRole: 'role { name }',
  deleteUser: 'id',
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
function learn(world: World, hands: Client[], { name, input }: Move, payload: Answer['data']) {
  if (payload.secret) hands.push(app.as(payload.secret))
  if (payload.apiKey) world.keyIds.push(payload.apiKey.id)
  if (payload.role) world.roles.push(payload.role.name)
  if (name === 'deleteUser') world.deletedIds.push(payload.id)
  if (name !== 'updateUser') return
  // Whoever receives a user’s mail can become them.
  const taken = world.users.get((input as { user: string }).user)
  if (taken) hands.push(taken.client)
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
  const start = await authorityOf(world.delegate.client)
  const done: string[] = []
  for (let step = 0; step < MOVES; step++) {
    const move = randomMove(world, random, step)
    const payload = await make(move, random.chance(0.6) ? world.delegate.client : random.pick(hands))
    if (payload === null) continue
    done.push(`${move.name} ${JSON.stringify(move.input)}`)
    learn(world, hands, move, payload)
    const held = (await Promise.all(hands.map(authorityOf))).flat()
    const gained = held.filter((row) => !covers(start, row)).map((row) => JSON.stringify(row))
    if (gained.length > 0) return { done, gained }
  }
  return { done, gained: [] }
}

test(
  `whatever a delegate tries, they and all whose credentials they get never hold more than they did: ${WORLDS} worlds`,
  async () => {
    // What ORGANIZATION_ADMIN and ADMINISTRATOR stand for is spelled out in the words in use: all are from the beginning.
    await createRole(app, 'WORDS', WORDS)

    const plays: (Play & { seed: number })[] = []
    for (let seed = 1; seed <= WORLDS; seed++) plays.push({ seed, ...(await play(seed)) })

    expect(plays.filter(({ gained }) => gained.length > 0)).toEqual([])
    const kinds = new Set(plays.flatMap(({ done }) => done.map((move) => move.split(' ')[0])))
    expect([...kinds].sort()).toEqual([
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
      'grantRoles',
      'restoreUser',
      'revokeRoles',
      'rotateApiKey',
      'updateOrganization',
      'updateRole',
      'updateUser',
    ])
  },
  WORLDS * 2000,
)
