/** Questions of `checkAccess` about mutations: it answers as the mutation does, without doing it. */
import type { GraphQLInputObjectType } from 'graphql'
import { expect, test } from 'vitest'
import { schema } from '../../src/graphql/schema.ts'
import { startApp } from '../support/app.ts'
import { CHANGES, makeWorld, type World } from '../support/changes.ts'
import { ask } from '../support/check.ts'
import { statusOf } from '../support/look.ts'
import { withoutWriting } from '../support/rows.ts'
import { createUser, grantRoles } from '../support/seed.ts'
import { createGate } from '../support/verify.ts'
import { CALLERS, type Caller, createStranger } from './check/callers.ts'
import { expectedLine, isAtTheDoor, type Line, tell, tryOut } from './check/tried.ts'
import { CALLS, type Call } from './check/variants.ts'

const app = startApp()
const given = app.world(start)

interface Given {
  world: World
  /** For each call, in the order of CALLS: does everything that it names exist? */
  isThere: boolean[]
}

async function start(): Promise<Given> {
  const world = await makeWorld(app)
  await createUser(app, 'empty-handed', { organization: 'acme' })
  const isThere: boolean[] = []
  for (const call of CALLS) isThere.push(await seesAll(call, world))
  return { world, isThere }
}

/** To root, who sees everything, only what is missing is not there. */
async function seesAll(call: Call, world: World): Promise<boolean> {
  const input = call.input(world)
  // A credential is looked for among those of the caller: root's own are not theirs.
  if (call.name === 'revealCredential' || typeof input.credential === 'string') return false
  return (await tryOut(app.root, call.name, input)).word !== 'NotFoundError'
}

/** All calls in one question list each; null where the caller is not let in. */
async function askBoth({ client, subject }: Caller, world: World) {
  const questions = CALLS.map(({ name, input }) => ({ mutation: { [name]: input(world) } }))
  const isLetIn = (await statusOf(client)) === 200
  return { own: isLetIn ? await ask(client, {}, questions) : null, others: await ask(app.root, subject, questions) }
}

test('checkAccess takes every mutation that has a dry run', () => {
  const type = schema.getType('MutationQuestionInput') as GraphQLInputObjectType
  const names = CHANGES.map(({ name }) => name).sort()

  expect(Object.keys(type.getFields()).sort()).toEqual(names)
  expect([...new Set(CALLS.map(({ name }) => name))].sort()).toEqual(names)
})

test.each(Object.entries(CALLERS))(
  'for %s, checkAccess answers as the mutation does, to every caller, and writes nothing',
  async (_who, make) => {
    const { world, isThere } = given()
    const caller = await make(app, world)

    const { own, others } = await withoutWriting(app, () => askBoth(caller, world))

    const lines: [string, Line, Line][] = []
    for (const [n, call] of CALLS.entries()) {
      const tried = await tryOut(caller.client, call.name, call.input(world))
      const there = tried.word === 'NotFoundError' || isAtTheDoor(tried) ? isThere[n] === true : true
      const told = tell(own?.[n], others[n])
      lines.push([`${call.name} ${call.what}: ${tried.word}`, told, expectedLine(tried, told, there)])
    }
    expect(lines.map(([call, told]) => [call, told])).toEqual(lines.map(([call, , right]) => [call, right]))
  },
  60_000,
)

test('a caller who does not see a named thing gets NOT_FOUND, whatever the user may do', async () => {
  const { world } = given()
  await createUser(app, 'chief', { isAdmin: true })
  await createGate(app, 'gate', 'default')
  const { client } = await createStranger(app)
  await grantRoles(app, 'stan', [{ role: 'CHECKER', organization: 'default' }])
  const questions = CALLS.map(({ name, input }) => ({ mutation: { [name]: input(world) } }))

  const seen = await ask(app.root, { user: 'chief' }, questions)
  const told = await ask(client, { user: 'chief' }, questions)

  const right: string[] = []
  for (const [n, call] of CALLS.entries()) {
    const tried = await tryOut(client, call.name, call.input(world))
    // Who may manage webhooks nowhere is refused at the door, before the webhook or its organization is looked for.
    const isHidden = tried.word === 'NotFoundError' || (isAtTheDoor(tried) && call.name.includes('Webhook'))
    right.push(isHidden ? 'NOT_FOUND' : (seen[n]?.code ?? ''))
  }
  expect(told.map(({ code }, n) => [CALLS[n]?.name, CALLS[n]?.what, code])).toEqual(
    right.map((code, n) => [CALLS[n]?.name, CALLS[n]?.what, code]),
  )
  expect(new Set(right)).toEqual(new Set(['ALLOWED', 'NOT_FOUND']))
})
