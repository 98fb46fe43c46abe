/** Levels against an oracle: the whole effective table after every random step. */
import { expect, test } from 'vitest'
import { createRandom, type Random } from '../read/random.ts'
import { type Client, startApp } from '../support/app.ts'
import { changeDocument } from '../support/change.ts'
import { levelTable } from '../support/levels.ts'
import { createOrganization } from '../support/seed.ts'
import { wordOf } from '../support/word.ts'
import { climb, controllerLevel, effective, forget, rankOf, type State } from './levels/oracle.ts'

const app = startApp()

const STEPS = process.env.CHATELAINE_LONG ? 10_000 : 300
const SEED = Number(process.env.CHATELAINE_SEED ?? 3)

const USERS = ['alice', 'bob', 'carol']
const ORGANIZATIONS = ['default', 'acme']
/** Each controller is always registered in the same organization. */
const CONTROLLERS = { gce1: 'default', maas: 'default', aws: 'acme' }
const NAMES = Object.keys(CONTROLLERS) as (keyof typeof CONTROLLERS)[]
const MODELS = ['default', 'staging', 'demo']
const LEVELS = { controller: ['LOGIN', 'ADD_MODEL', 'SUPERUSER'], model: ['READ', 'WRITE', 'ADMIN'] }

/** What a step is about to do, and what must come of it. */
interface Step {
  name: string
  input: Record<string, unknown>
  by: string
  /** What must be answered, in a word; told and done in the oracle by one and the same. */
  expected: string
  changed?: boolean
  /** No cell of the table may become lower, or higher. */
  never?: 'LOWERS' | 'RAISES'
}

interface World {
  state: State
  random: Random
  clients: Map<string, Client>
}

/** A user and a thing, any of which may be missing; often one on which they hold something. */
function target({ state, random }: World, kind: string) {
  const held = [...state.granted.keys()].filter((fact) => !fact.startsWith('root '))
  if (held.length > 0 && random.chance(kind === 'REVOKE' ? 0.5 : 0.3)) {
    const [user = '', place = ''] = random.pick(held).split(' ')
    const [controller = '', model = null] = place.split('/')
    return { user, controller, model }
  }
  const model = random.chance(0.6) ? random.pick(MODELS) : null
  return { user: random.pick(USERS), controller: random.pick(NAMES), model }
}

/** Grant, revoke or set on a thing that may be missing. */
function ladder(world: World): Step {
  const { state, random } = world
  const kind = random.pick(['GRANT', 'GRANT', 'REVOKE', 'REVOKE', 'SET'] as const)
  const { user, controller, model } = target(world, kind)
  const level = kind === 'REVOKE' && random.chance(0.3) ? null : 1 + random.int(3)
  const access = level === null ? undefined : LEVELS[model ? 'model' : 'controller'][level - 1]
  const name = `${kind.toLowerCase()}${model ? 'Model' : 'Controller'}Access`
  const input = { user, controller, ...(model && { model }), access }
  const place = model ? `${controller}/${model}` : controller
  const known = state.users.has(user) && state.controllers.has(controller)
  if (!known || (model && !state.controllers.get(controller)?.models.has(model))) {
    return { name, input, by: 'root', expected: 'NotFoundError' }
  }
  const changed = climb(state, { kind, user, place, level })
  const never = kind === 'GRANT' ? 'LOWERS' : kind === 'REVOKE' ? 'RAISES' : undefined
  return { name, input, by: 'root', expected: 'done', changed, never }
}

function makeController({ state, random }: World): Step {
  const controller = random.pick(NAMES)
  const organization = CONTROLLERS[controller]
  const isTaken = state.controllers.has(controller)
  if (!isTaken) state.controllers.set(controller, { organization, models: new Set() })
  const input = { name: controller, type: 'google', organization }
  return { name: 'createController', input, by: 'root', expected: isTaken ? 'ConflictError' : 'done' }
}

/** By anyone: ADD_MODEL makes a model, and its maker is ADMIN on it. */
function makeModel({ state, random }: World): Step {
  const [controller, model] = [random.pick(NAMES), random.pick(MODELS)]
  const by = random.pick([...state.users.keys()])
  const level = controllerLevel(state, by, controller)
  const models = state.controllers.get(controller)?.models
  const step = { name: 'createModel', input: { controller, name: model }, by }
  if (!models || level === 0) return { ...step, expected: 'NotFoundError' }
  if (level === 1) return { ...step, expected: 'FORBIDDEN' }
  if (models.has(model)) return { ...step, expected: 'ConflictError' }
  models.add(model)
  climb(state, { kind: 'SET', user: by, place: `${controller}/${model}`, level: 3 })
  return { ...step, expected: 'done' }
}

function removeModel({ state, random }: World): Step {
  const [controller, model] = [random.pick(NAMES), random.pick(MODELS)]
  const known = state.controllers.get(controller)?.models.delete(model) ?? false
  forget(state, (_user, place) => place === `${controller}/${model}`)
  const input = { controller, model }
  return { name: 'deleteModel', input, by: 'root', expected: known ? 'done' : 'NotFoundError', never: 'RAISES' }
}

function removeController({ state, random }: World): Step {
  const controller = random.pick(NAMES)
  const models = state.controllers.get(controller)?.models
  const step: Step = { name: 'deleteController', input: { controller }, by: 'root', expected: 'done', never: 'RAISES' }
  if (!models) return { ...step, expected: 'NotFoundError' }
  if (models.size > 0) return { ...step, expected: 'ConflictError' }
  state.controllers.delete(controller)
  forget(state, (_user, place) => place === controller)
  return step
}

/** ORGANIZATION_ADMIN, which manages controllers, is given or taken. */
function manage({ state, random }: World): Step {
  const [user, organization] = [random.pick(USERS), random.pick(ORGANIZATIONS)]
  const isGiven = random.chance(0.4)
  const input = { user, roles: [{ role: 'ORGANIZATION_ADMIN', organization }] }
  const manages = state.users.get(user)
  const step: Step = { name: isGiven ? 'grantRoles' : 'revokeRoles', input, by: 'root', expected: 'done' }
  if (!manages) return { ...step, expected: 'NotFoundError' }
  const changed = manages.has(organization) !== isGiven
  if (isGiven) manages.add(organization)
  else manages.delete(organization)
  return { ...step, changed, never: isGiven ? 'LOWERS' : 'RAISES' }
}

function makeUser({ state, random }: World): Step {
  const username = random.pick(USERS)
  const isTaken = state.users.has(username)
  if (!isTaken) state.users.set(username, new Set())
  return { name: 'createUser', input: { username }, by: 'root', expected: isTaken ? 'ConflictError' : 'done' }
}

function removeUser({ state, random }: World): Step {
  const user = random.pick(USERS)
  const known = state.users.delete(user)
  forget(state, (holder) => holder === user)
  return {
    name: 'deleteUser',
    input: { user },
    by: 'root',
    expected: known ? 'done' : 'NotFoundError',
    never: 'RAISES',
  }
}

const KINDS: [weight: number, make: (world: World) => Step][] = [
  [24, ladder],
  [4, makeController],
  [8, makeModel],
  [3, removeModel],
  [2, removeController],
  [4, manage],
  [3, makeUser],
  [1, removeUser],
]
const DECK = KINDS.flatMap(([weight, make]) => Array.from({ length: weight }, () => make))

const PAYLOADS: Record<string, string> = { createUser: 'secret', createController: '__typename' }

/** Takes a step over the API; gives what was answered, in a word. */
async function take({ clients }: World, step: Step): Promise<string> {
  const client = clients.get(step.by) ?? app.root
  const payload = PAYLOADS[step.name] ?? ('changed' in step && step.changed !== undefined ? 'changed' : '__typename')
  const answer = await client.send(changeDocument(step.name, payload), { input: step.input })
  const result = answer.data?.[step.name]
  if (result?.secret) clients.set(String(step.input.username), app.as(result.secret))
  const word = wordOf(answer)
  return word === 'done' && 'changed' in (result ?? {}) ? `done ${result.changed}` : word
}

/** The cells that a step made lower or higher, where it must not. */
function wrongWay(never: Step['never'], before: Record<string, string>, after: Record<string, string>): string[] {
  if (never === undefined) return []
  const cells = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  return cells.filter((cell) => {
    const rise = rankOf(after[cell]) - rankOf(before[cell])
    return never === 'LOWERS' ? rise < 0 : rise > 0
  })
}

/** Who reaches what was just made, though neither managing its controller, nor SUPERUSER on it, nor its maker. */
function inherited({ name, input, by }: Step, after: Record<string, string>): string[] {
  const cells = Object.keys(after)
  if (name === 'createUser') return cells.filter((cell) => cell.startsWith(`${input.username} `))
  if (name === 'createController') {
    return cells.filter((cell) => cell.endsWith(` ${input.name}`) && after[cell] !== 'SUPERUSER')
  }
  if (name !== 'createModel') return []
  return cells.filter((cell) => {
    const [user = '', place] = cell.split(' ')
    if (place !== `${input.controller}/${input.name}`) return false
    return user !== by && after[`${user} ${input.controller}`] !== 'SUPERUSER'
  })
}

test(`the table of levels equals the oracle after each random step (CHATELAINE_SEED=${SEED})`, {
  timeout: STEPS * 300,
}, async () => {
  await createOrganization(app, 'acme')
  const state: State = { users: new Map([['root', new Set(['*'])]]), controllers: new Map(), granted: new Map() }
  const world: World = { state, random: createRandom(SEED), clients: new Map([['root', app.root]]) }
  const seen = new Set<string>()
  let before: Record<string, string> = {}

  for (let n = 1; n <= STEPS; n++) {
    const step = world.random.pick(DECK)(world)
    const where = `seed ${SEED}, step ${n}: ${step.name} ${JSON.stringify(step.input)} by ${step.by}`
    const answered = await take(world, step)
    const after = await levelTable(app.root)

    const changed = step.changed === undefined ? '' : ` ${step.changed}`
    expect(answered, where).toBe(`${step.expected}${changed}`)
    expect(after, where).toEqual(effective(state))
    expect(wrongWay(step.never, before, after), where).toEqual([])
    if (answered === 'done') expect(inherited(step, after), where).toEqual([])
    seen.add(`${step.name} ${answered}`)
    before = after
  }

  // The steps went everywhere: every mutation was done, and what can be refused was.
  const words = STEPS > 1000 ? ['done true', 'done false', 'NotFoundError'] : ['done true', 'NotFoundError']
  const ladders = ['grant', 'revoke', 'set'].flatMap((kind) =>
    [`${kind}ControllerAccess`, `${kind}ModelAccess`].flatMap((name) => words.map((word) => `${name} ${word}`)),
  )
  const made = ['createController done', 'createModel done', 'createModel NotFoundError', 'createUser done']
  const ended = ['deleteModel done', 'deleteController done', 'deleteController ConflictError', 'deleteUser done']
  const expected = [...ladders, ...made, ...ended, 'grantRoles done true', 'revokeRoles done true']
  expect(expected.filter((word) => !seen.has(word))).toEqual([])
})
