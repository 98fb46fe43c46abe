/** The lists of who may do what among a hundred thousand grants: whole and paged they are what an oracle reads from the rows. */
import { expect, test } from 'vitest'
import { createRandom, type Random } from '../read/random.ts'
import { ACCESS, type Access, inWordsWithTime } from '../support/access.ts'
import { startApp } from '../support/app.ts'
import { check, have, may } from '../support/check.ts'
import { expectedAccess } from './check/access.ts'
import { type Facts, readFacts } from './check/facts.ts'
import { createOracle } from './check/oracle.ts'
import { type CrowdSize, fillCrowd } from './crowd/crowd.ts'
import { expectedHolders, expectedProjectHolders, expectedRoleHolders, splitByUser } from './crowd/holders.ts'
import { type Ask, PAGE, readAll } from './crowd/pages.ts'

const app = startApp()

const THINGS = { users: 5000, organizations: 20, projects: 200, roles: 50, controllers: 50, models: 500 }
const WHOLE: CrowdSize = { ...THINGS, roleGrants: 50_000, controllerGrants: 15_000, modelGrants: 35_000 }
const THIRD: CrowdSize = { ...THINGS, users: 1667, roleGrants: 16_667, controllerGrants: 5_000, modelGrants: 11_667 }
const SIZE = process.env.CHATELAINE_LONG ? WHOLE : THIRD
const GRANTS = SIZE.roleGrants + SIZE.controllerGrants + SIZE.modelGrants
const SEED = Number(process.env.CHATELAINE_SEED ?? 7)
const TIMEOUT_MS = 300_000

let facts: Facts
let byUser: Map<string, Facts>
/** The one with most grants, the one with fewest, and some at random. */
function choose<T extends { id: string }>(things: T[], grants: string[], some: number): T[] {
  const counts = Map.groupBy(grants, (id) => id)
  const sorted = things.toSorted((a, b) => (counts.get(b.id)?.length ?? 0) - (counts.get(a.id)?.length ?? 0))
  const random = createRandom(SEED)
  const ends = [sorted[0], sorted.at(-1)] as T[]
  return [...ends, ...random.some(sorted.slice(1, -1), some, some)]
}

/** Users of every kind: heavily granted, hardly, suspended, who manage controllers, and some at random. */
function chooseUsers(): Facts['users'] {
  const grants = [facts.roleGrants, facts.controllerGrants, facts.modelGrants].flat().map(({ user }) => user)
  const named = facts.users.filter(({ username }) =>
    ['root', 'user17', 'user34', 'user20', 'user40'].includes(username),
  )
  return [...choose(facts.users, grants, 2), ...named]
}

const PAGING = '$first: Int, $after: String, $last: Int, $before: String, $at: DateTime'
const ARGUMENTS = 'first: $first, after: $after, last: $last, before: $before'

function askAccess(username: string, at: string | null = null): Ask<{ node: Access }> {
  const document = `query ($username: String!, ${PAGING}) { user(username: $username) {
    effectiveAccess(${ARGUMENTS}, at: $at) { ${PAGE} edges { cursor node { ${ACCESS} } } } } }`
  return async (page) => (await app.root.ok(document, { username, at, ...page })).user.effectiveAccess
}

interface LevelEdge {
  level: string
  via: string
  since: string
  expiresAt: string | null
  endedAt: string | null
  node: { username: string }
}

const levelInWords = ({ node, level, via, since, expiresAt, endedAt }: LevelEdge) =>
  `${node.username} ${level} ${via} ${since} ${expiresAt ?? endedAt}`

const typeOf = (kind: string) => `${kind.charAt(0).toUpperCase()}${kind.slice(1)}`

/** Of a controller or a model, by id. */
function askHolders(kind: string, id: string, at: string | null = null): Ask<LevelEdge> {
  const document = `query ($id: ID!, ${PAGING}) { node(id: $id) { ... on ${typeOf(kind)} {
    holders(${ARGUMENTS}, at: $at) { ${PAGE} edges { cursor level via since expiresAt endedAt node { username } } } } } }`
  const variables = { id: `${kind}_${id}`, at }
  return async (page) => (await app.root.ok(document, { ...variables, ...page })).node.holders
}

interface RoleEdge extends Omit<LevelEdge, 'level' | 'via'> {
  via: string
  role?: { name: string } | null
  permission?: string | null
  organization: { name: string } | null
  project: { code: string } | null
}

const roleInWords = ({ node, role, permission, organization, project, via, since, expiresAt, endedAt }: RoleEdge) =>
  `${node.username} ${role?.name ?? permission ?? '-'} ${organization?.name ?? '-'} ${project?.code ?? '-'} ${via} ${since} ${expiresAt ?? endedAt}`

/** Of a role or a project, by id. */
function askRoleHolders(kind: string, id: string, at: string | null = null): Ask<RoleEdge> {
  const what = kind === 'project' ? 'role { name } permission' : ''
  const document = `query ($id: ID!, ${PAGING}) { node(id: $id) { ... on ${typeOf(kind)} { holders(${ARGUMENTS}, at: $at) {
    ${PAGE} edges { cursor ${what} organization { name } project { code } via since expiresAt endedAt node { username } } } } } }`
  return async (page) => (await app.root.ok(document, { id: `${kind}_${id}`, at, ...page })).node.holders
}

const momentAgo = (hours: number) => Math.floor(facts.now - hours * 3600)
const timeOf = (seconds: number) => new Date(seconds * 1000).toISOString()
const sinces = (edges: { since: string }[]) => edges.map(({ since }) => since)

/** What is read in the smallest pages too. */
const SHORT = 150

/** In whatever pages a list is read, it is one and the same. */
async function expectSamePages<Edge>(ask: Ask<Edge>, whole: Edge[]) {
  const size = whole.length < SHORT ? 7 : 100
  if (whole.length < SHORT) expect(await readAll(ask, size)).toEqual(whole)
  expect(await readAll(ask, size, 'BACKWARD')).toEqual(whole)
}

/** Gives through what they have it. */
async function compareAccess(username: string, moment: number): Promise<string[]> {
  const own = byUser.get(username) as Facts
  const whole = await readAll(askAccess(username), 100)
  const past = await readAll(askAccess(username, timeOf(moment)), 100)
  const items = whole.map(({ node }) => node)

  expect([username, items.map(inWordsWithTime).sort()]).toEqual([username, expectedAccess(own, username, facts.now)])
  expect(past.map(({ node }) => inWordsWithTime(node)).sort()).toEqual(expectedAccess(own, username, moment))
  expect(sinces(items)).toEqual(sinces(items).sort())
  await expectSamePages(askAccess(username), whole)
  return items.map(({ via }) => via)
}

/** Gives the codes of the answers. */
async function compareAnswers({ id, username }: Facts['users'][number], random: Random): Promise<string[]> {
  const oracle = createOracle(byUser.get(username) as Facts)
  const [project, controller] = [random.pick(facts.projects), random.pick(facts.controllers)]
  const model = random.pick(facts.models)
  const home = facts.controllers.find((row) => row.id === model.controller)?.name
  const asked = await check(app.root, { user: username }, [
    may('shared.word1', { project: project.code }),
    may('controllers.manage', { project: project.code }),
    have('LOGIN', controller.name),
    have('READ', `${home}/${model.name}`),
  ])

  const place = { organization: project.organization, project: project.id }
  const words = ['shared.word1', 'controllers.manage'].map((word) => oracle.may(id, null, word, place))
  const levels = [oracle.onController(id, null, controller.id) > 0, oracle.onModel(id, null, model.id) > 0]
  const no = oracle.isSuspended(id) ? 'INACTIVE' : 'NOT_HELD'
  const expected = [...words, ...levels].map((held) => (held && !oracle.isSuspended(id) ? 'ALLOWED' : no))
  expect([username, asked]).toEqual([username, expected])
  return expected
}

async function compareHolders(kind: string, id: string, moment: number, [now, then]: Expected[]) {
  const whole = await readAll(askHolders(kind, id), 100)
  const past = await readAll(askHolders(kind, id, timeOf(moment)), 100)

  expect([kind, id, whole.map(levelInWords).sort()]).toEqual([kind, id, now?.(id)])
  expect([kind, id, past.map(levelInWords).sort()]).toEqual([kind, id, then?.(id)])
  expect(sinces(whole)).toEqual(sinces(whole).sort())
  await expectSamePages(askHolders(kind, id), whole)
}

type Expected = (id: string) => string[]

async function compareRoleHolders(kind: 'role' | 'project', id: string, moment: number) {
  const whole = await readAll(askRoleHolders(kind, id), 100)
  const past = await readAll(askRoleHolders(kind, id, timeOf(moment)), 100)
  const expected = kind === 'role' ? expectedRoleHolders : expectedProjectHolders

  expect([kind, id, whole.map(roleInWords).sort()]).toEqual([kind, id, expected(facts, id, facts.now)])
  expect([kind, id, past.map(roleInWords).sort()]).toEqual([kind, id, expected(facts, id, moment)])
  expect(sinces(whole)).toEqual(sinces(whole).sort())
  await expectSamePages(askRoleHolders(kind, id), whole)
}

async function compareAllAccess() {
  const random = createRandom(SEED)
  const [vias, codes] = [new Set<string>(), new Set<string>()]

  for (const user of chooseUsers()) {
    for (const via of await compareAccess(user.username, momentAgo(300.5))) vias.add(via)
    for (const code of await compareAnswers(user, random)) codes.add(code)
  }

  expect([...vias].sort()).toEqual(['CONTROLLER', 'GRANT', 'MEMBERSHIP', 'MODEL', 'ROLE'])
  expect([...codes].sort()).toEqual(['ALLOWED', 'INACTIVE', 'NOT_HELD'])
}

async function compareAllHolders() {
  const moment = momentAgo(300.5)
  const expected = [facts.now, moment].map((at) => expectedHolders(byUser, at))
  const onControllers = facts.controllerGrants.map(({ controller }) => controller)
  const onModels = facts.modelGrants.map(({ model }) => model)
  const ofRoles = facts.roleGrants.map(({ role }) => role)
  const onProjects = facts.roleGrants.flatMap(({ project }) => project ?? [])

  for (const { id } of choose(facts.controllers, onControllers, 0)) {
    await compareHolders('controller', id, moment, expected)
  }
  for (const { id } of choose(facts.models, onModels, 1)) await compareHolders('model', id, moment, expected)
  for (const { id } of choose(facts.roles, ofRoles, 0)) await compareRoleHolders('role', id, moment)
  for (const { id } of choose(facts.projects, onProjects, 0)) await compareRoleHolders('project', id, moment)
}

/** One test: to bring a crowd back costs as much as to write it. */
test(
  `among ${GRANTS} grants the lists of access and of holders and the answers of checkAccess are right, now and in the past, on pages of any size`,
  async () => {
    await fillCrowd(app, SIZE)
    facts = await readFacts(app)
    byUser = splitByUser(facts)
    // Root has one too.
    expect(facts.roleGrants.length + facts.controllerGrants.length + facts.modelGrants.length).toBe(GRANTS + 1)

    await compareAllAccess()
    await compareAllHolders()
  },
  TIMEOUT_MS,
)
