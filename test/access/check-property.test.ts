/** What `checkAccess` answers in random worlds, against an oracle that reads every row; and what is refused agrees. */
import { expect, test } from 'vitest'
import { createRandom, type Random } from '../read/random.ts'
import { type Client, startApp } from '../support/app.ts'
import { ask, check, EVERYWHERE, have, may } from '../support/check.ts'
import { uuidOf } from '../support/rows.ts'
import { type NamedCall, randomCall } from './check/calls.ts'
import { type Facts, readFacts } from './check/facts.ts'
import { createOracle } from './check/oracle.ts'
import { expectedLine, tell, tryOut } from './check/tried.ts'
import {
  type Cast,
  CONTROLLERS,
  fillWorld,
  freshName,
  MODELS,
  makeCast,
  ORGANIZATIONS,
  PROJECTS,
} from './check/world.ts'

const app = startApp()

const WORLDS = process.env.CHATELAINE_LONG ? 2000 : 6
const QUESTIONS = 30
/** Mutations that each of some users is asked about and tries, besides one that needs exactly what was asked. */
const CALLS = 3
const SEED = Number(process.env.CHATELAINE_SEED ?? 12)

const WORDS = [
  'doc.read',
  'doc.edit',
  'doc.none',
  'version.create',
  'project.update',
  'projects.manage',
  'users.manage',
]
const MORE_WORDS = ['users.read', 'controllers.manage', 'audit.read', 'access.check', 'organizations.manage']
const LEVELS = { controller: ['LOGIN', 'ADD_MODEL', 'SUPERUSER'], model: ['READ', 'WRITE', 'ADMIN'] }

type Decide = (oracle: ReturnType<typeof createOracle>, facts: Facts, user: string, key: string | null) => boolean

/** A question, and how the oracle is asked it. */
interface Asked {
  question: object
  decide: Decide
}

function permissionAt(
  word: string,
  place: { everywhere: true } | { organization: string } | { project: string },
): Asked {
  const decide: Decide = (oracle, facts, user, key) => {
    if ('project' in place) {
      const project = facts.projects.find(({ code }) => code === place.project)
      return oracle.may(user, key, word, { organization: project?.organization ?? null, project: project?.id ?? null })
    }
    const organization =
      'organization' in place ? facts.organizations.find(({ name }) => name === place.organization) : null
    return oracle.may(user, key, word, { organization: organization?.id ?? null, project: null })
  }
  return { question: may(word, place), decide }
}

function levelOn(thing: string, rank: number): Asked {
  const [controllerName, modelName] = thing.split('/')
  const decide: Decide = (oracle, facts, user, key) => {
    const controller = facts.controllers.find(({ name }) => name === controllerName)?.id ?? ''
    if (modelName === undefined) return oracle.onController(user, key, controller) >= rank
    const model = facts.models.find((row) => row.controller === controller && row.name === modelName)
    return oracle.onModel(user, key, model?.id ?? '') >= rank
  }
  const access = LEVELS[modelName === undefined ? 'controller' : 'model'][rank - 1] ?? ''
  return { question: have(access, thing), decide }
}

function randomQuestion(random: Random): Asked {
  const kind = random.pick(['PERMISSION', 'PERMISSION', 'CONTROLLER', 'MODEL'])
  if (kind === 'CONTROLLER') return levelOn(random.pick(CONTROLLERS), 1 + random.int(3))
  if (kind === 'MODEL') return levelOn(random.pick(MODELS), 1 + random.int(3))
  const organization = { organization: random.pick(ORGANIZATIONS) }
  const project = { project: random.pick(PROJECTS) }
  const place = random.pick([EVERYWHERE, organization, organization, project, project])
  return permissionAt(random.pick([...WORDS, ...MORE_WORDS]), place)
}

/** In a minute: what is given for so long is covered by whatever lasts for hours. */
const soon = () => new Date(Date.now() + 60_000).toISOString()

/** A question and the mutation that needs exactly that. */
interface Enforced extends Asked {
  name: string
  input: { user?: string }
}

/** Any such, to a user who may be anyone. */
function enforced(random: Random): Enforced {
  const organization = random.pick(ORGANIZATIONS)
  const controller = random.pick(CONTROLLERS)
  const [modelController = '', model = ''] = random.pick(MODELS).split('/')
  const target = `member-of-${organization}`
  return random.pick([
    {
      ...permissionAt('projects.manage', { organization }),
      name: 'createProject',
      input: { code: freshName(), organization },
    },
    { ...permissionAt('users.manage', { organization }), name: 'disableUser', input: { user: target } },
    { ...levelOn(controller, 2), name: 'createModel', input: { controller, name: freshName() } },
    {
      ...levelOn(controller, 3),
      name: 'setControllerAccess',
      input: { user: target, controller, access: 'LOGIN', expiresAt: soon() },
    },
    {
      ...levelOn(`${modelController}/${model}`, 3),
      name: 'setModelAccess',
      input: { user: target, controller: modelController, model, access: 'READ', expiresAt: soon() },
    },
  ])
}

interface Counts {
  allowed: number
  denied: number
  inactive: number
  done: number
  refused: number
  hidden: number
}

/** Asks about every user, as root and as themselves, with each of their keys. */
async function askAll(random: Random, cast: Cast, facts: Facts, counts: Counts) {
  const oracle = createOracle(facts)
  for (const [username, user] of cast.users) {
    const asked = Array.from({ length: QUESTIONS / cast.users.size }, () => randomQuestion(random))
    const questions = asked.map(({ question }) => question)
    const id = uuidOf(user.id)
    const isSuspended = oracle.isSuspended(id)
    const expected = (key: string | null) =>
      asked.map(({ decide }) => (isSuspended ? 'INACTIVE' : decide(oracle, facts, id, key) ? 'ALLOWED' : 'NOT_HELD'))
    const about = async (subject: object) => [subject, await check(app.root, subject, questions)]
    const whole = expected(null)
    for (const code of whole) counts[code === 'ALLOWED' ? 'allowed' : code === 'INACTIVE' ? 'inactive' : 'denied']++

    expect(await about({ user: username })).toEqual([{ user: username }, whole])
    for (const [key, keyId] of [
      [user.key, null],
      [user.limitedKey, uuidOf(user.limitedKeyId)],
    ] as const) {
      expect(await about({ apiKey: key })).toEqual([{ apiKey: key }, isSuspended ? null : expected(keyId)])
      if (isSuspended) continue
      // Themselves may not see all that is asked about, but what they may do they see.
      const own = await check(app.as(key), {}, questions)
      expect(own?.map((code) => code === 'ALLOWED')).toEqual(expected(keyId).map((code) => code === 'ALLOWED'))
    }
  }
}

/** Some of them try what they were told that they may, or may not. */
async function tryAll(random: Random, cast: Cast, facts: Facts, counts: Counts) {
  const oracle = createOracle(facts)
  for (const [username, user] of random.some([...cast.users], 3, 3)) {
    const key = random.chance(0.3) ? uuidOf(user.limitedKeyId) : null
    const secret = key === null ? user.key : user.limitedKey
    const client: Client = app.as(secret)
    const id = uuidOf(user.id)
    // Half of the time something that they may do, where there is anything.
    const wanted = random.chance(0.5)
    const choices = Array.from({ length: 20 }, () => enforced(random))
    const choice = choices.find((one) => one.decide(oracle, facts, id, key) === wanted) ?? enforced(random)
    const calls: NamedCall[] = [[choice.name, choice.input], ...Array.from({ length: CALLS }, () => randomCall(random))]
    const isSuspended = oracle.isSuspended(id)
    const subject = isSuspended || key === null ? { user: username } : { apiKey: secret }
    const [word = ''] = await tryCalls({ client, isSuspended, subject }, calls, counts)
    if (!isSuspended) await compareWithOracle(client, choice, choice.decide(oracle, facts, id, key), word)
  }
}

/** Each call is answered, to themselves and to root, as it then comes out; gives how. */
async function tryCalls(
  { client, isSuspended, subject }: { client: Client; isSuspended: boolean; subject: object },
  calls: NamedCall[],
  counts: Counts,
): Promise<string[]> {
  const questions = calls.map(([name, input]) => ({ mutation: { [name]: input } }))
  const own = isSuspended ? null : await ask(client, {}, questions)
  const others = await ask(app.root, subject, questions)
  const words: string[] = []
  for (const [n, [name, input]] of calls.entries()) {
    const tried = await tryOut(client, name, input)
    const told = tell(own?.[n], others[n])
    expect([name, input, tried.word, told]).toEqual([name, input, tried.word, expectedLine(tried, told, true)])
    words.push(tried.word)
    counts[tried.word === 'done' ? 'done' : told.others === 'HIDDEN' ? 'hidden' : 'refused']++
  }
  return words
}

/** What needs exactly what was asked comes out as the oracle says. */
async function compareWithOracle(client: Client, choice: Enforced, isAllowed: boolean, word: string) {
  const { question, name, input } = choice
  const [told] = (await check(client, {}, [question])) ?? []
  expect([question, told === 'ALLOWED']).toEqual([question, isAllowed])
  if (isAllowed && !(await mayName(client, input))) expect([name, word]).toEqual([name, 'NotFoundError'])
  else if (isAllowed) expect([name, input, word]).toEqual([name, input, 'done'])
  else expect(['FORBIDDEN', 'NotFoundError'], `${name} ${JSON.stringify(input)}: ${word}`).toContain(word)
}

/** Users whom one does not see can't be named, whatever one may do with them. */
async function mayName(client: Client, input: { user?: string }): Promise<boolean> {
  if (input.user === undefined) return true
  const { user } = await client.ok('query ($user: String!) { user(username: $user) { id } }', { user: input.user })
  return user !== null
}

test(
  `${WORLDS} random worlds are answered as the oracle says, and what is refused agrees`,
  async () => {
    const cast = await makeCast(app)
    const counts: Counts = { allowed: 0, denied: 0, inactive: 0, done: 0, refused: 0, hidden: 0 }

    for (let n = 0; n < WORLDS; n++) {
      const seed = SEED * 1000 + n
      const random = createRandom(seed)
      try {
        await fillWorld(app, cast, random)
        const facts = await readFacts(app)
        await askAll(random, cast, facts, counts)
        await tryAll(random, cast, facts, counts)
      } catch (error) {
        throw new Error(`world ${n}, seed ${seed}: ${(error as Error).message}`, { cause: error })
      }
    }

    // The worlds are such that much is allowed and much is not.
    for (const count of Object.values(counts)) expect(count, JSON.stringify(counts)).toBeGreaterThan(WORLDS / 4)
  },
  process.env.CHATELAINE_LONG ? 3_600_000 : 120_000,
)
