/** Whether somebody may call a mutation: `checkAccess` answers as it would be answered, without making it. */
import type { GraphQLInputObjectType } from 'graphql'
import { expect, test } from 'vitest'
import { schema } from '../src/schema.ts'
import { CALLERS, type Caller, createStranger } from './check/callers.ts'
import { CALLS, type Call } from './check/variants.ts'
import { type Client, startApp } from './support/app.ts'
import { changeDocument } from './support/change.ts'
import { CHANGES, makeWorld, type World } from './support/changes.ts'
import { ask, type Need, type Told } from './support/check.ts'
import { statusOf } from './support/look.ts'
import { withoutWriting } from './support/rows.ts'
import { createUser, grantRoles } from './support/seed.ts'
import { createGate } from './support/verify.ts'
import { wordOf } from './support/word.ts'

const app = startApp()

async function start(): Promise<World> {
  const world = await makeWorld(app)
  await createUser(app, 'empty-handed', { organization: 'acme' })
  return world
}

/** What came of a dry run: its word, and of a refusal what was missing. */
interface Tried {
  word: string
  needs: Need[]
}

async function tryOut(client: Client, { name, input }: Call, world: World): Promise<Tried> {
  const document = changeDocument(name).replace('{ missing }', '{ missing needs { what where } }')
  const answer = await client.send(document, { input: input(world), dryRun: true })
  const [error] = answer.errors as { extensions: { code: string; needs?: Need[] } }[]
  return { word: wordOf(answer), needs: error?.extensions.needs ?? answer.data?.[name]?.needs ?? [] }
}

/** To root, who sees everything, only what is missing is not there. */
async function isThere(call: Call, world: World): Promise<boolean> {
  return (await tryOut(app.root, call, world)).word !== 'NotFound'
}

/** All calls in one question list each; null from who is not let in. */
async function askBoth({ client, subject }: Caller, world: World) {
  const questions = CALLS.map(({ name, input }) => ({ mutation: { [name]: input(world) } }))
  const isLetIn = (await statusOf(client)) === 200
  return { own: isLetIn ? await ask(client, {}, questions) : null, others: await ask(app.root, subject, questions) }
}

/** What one is told, beside what others are told, with the names of places as one sees them oneself. */
function tell(own: Told | undefined, others: Told | undefined) {
  const needs = own?.needs ?? []
  const seen = (others?.needs ?? []).map(({ what, where }, n) => {
    const isHidden = needs[n]?.where?.endsWith('that you do not see')
    return { what, where: isHidden ? (needs[n]?.where ?? null) : where }
  })
  const [own_, others_] = [own?.code ?? 'UNAUTHENTICATED', others?.code]
  return { own: own_, needs, others: others_, othersNeeds: others_ === 'NOT_HELD' ? seen : [] }
}

type Line = ReturnType<typeof tell>

/** Refused before anything was looked up: for the key, or for a word that is held nowhere at all. */
const isAtTheDoor = ({ needs }: Tried) =>
  needs.some(({ what, where }) => where === 'somewhere' || what.startsWith('a key '))

/** What they are to be told, as it came out so. */
function expected(tried: Tried, told: Line, there: boolean): Line {
  const line = (own: string, others: string, needs: Need[] = []) => ({ own, needs, others, othersNeeds: needs })
  if (['done', 'Conflict', 'InvalidInput', 'LastAdmin'].includes(tried.word)) return line('ALLOWED', 'ALLOWED')
  if (tried.word === 'UNAUTHENTICATED') return line('UNAUTHENTICATED', 'INACTIVE')
  const hidden = line('NOT_FOUND', there ? 'HIDDEN' : 'NOT_FOUND')
  if (tried.word === 'NotFound') return hidden
  expect(['FORBIDDEN', 'MissingAuthority']).toContain(tried.word)
  if (!isAtTheDoor(tried)) return line('NOT_HELD', 'NOT_HELD', tried.needs)
  // Whoever was not let in at the door does not know what is behind it; who asks is told both, and where.
  if (told.own === 'NOT_FOUND') return hidden
  return line('NOT_HELD', 'NOT_HELD', tellsMore(told.needs, tried.needs) ? told.needs : tried.needs)
}

/** All that is missing, with its places; against an administrator it is administration instead. */
function tellsMore(needs: Need[], atTheDoor: Need[]): boolean {
  const words = needs.map(({ what }) => what)
  if (words.join() === 'ADMINISTRATOR') return true
  return needs.every(({ where }) => where !== 'somewhere') && atTheDoor.every(({ what }) => words.includes(what))
}

test('every mutation that has a dry run can be asked about, and is', () => {
  const type = schema.getType('MutationQuestionInput') as GraphQLInputObjectType
  const names = CHANGES.map(({ name }) => name).sort()

  expect(Object.keys(type.getFields()).sort()).toEqual(names)
  expect([...new Set(CALLS.map(({ name }) => name))].sort()).toEqual(names)
})

test.each(Object.entries(CALLERS))(
  'of %s it is answered as they would be, whoever asks, and nothing is written',
  async (_who, make) => {
    const world = await start()
    const caller = await make(app, world)

    const { own, others } = await withoutWriting(app, () => askBoth(caller, world))

    const lines: [string, Line, Line][] = []
    for (const [n, call] of CALLS.entries()) {
      const tried = await tryOut(caller.client, call, world)
      const there = tried.word === 'NotFound' || isAtTheDoor(tried) ? await isThere(call, world) : true
      const told = tell(own?.[n], others[n])
      lines.push([`${call.name} ${call.what}: ${tried.word}`, told, expected(tried, told, there)])
    }
    expect(lines.map(([call, told]) => [call, told])).toEqual(lines.map(([call, , right]) => [call, right]))
  },
  60_000,
)

test('who does not see what it names is told of nothing, whatever the user may', async () => {
  const world = await start()
  await createUser(app, 'chief', { isAdmin: true })
  await createGate(app, 'gate', 'default')
  const { client } = await createStranger(app)
  await grantRoles(app, 'stan', [{ role: 'CHECKER', organization: 'default' }])
  const questions = CALLS.map(({ name, input }) => ({ mutation: { [name]: input(world) } }))

  const seen = await ask(app.root, { user: 'chief' }, questions)
  const told = await ask(client, { user: 'chief' }, questions)

  const right: string[] = []
  for (const [n, call] of CALLS.entries()) {
    const isHidden = (await tryOut(client, call, world)).word === 'NotFound'
    right.push(isHidden ? 'NOT_FOUND' : (seen[n]?.code ?? ''))
  }
  expect(told.map(({ code }, n) => [CALLS[n]?.name, CALLS[n]?.what, code])).toEqual(
    right.map((code, n) => [CALLS[n]?.name, CALLS[n]?.what, code]),
  )
  expect(new Set(right)).toEqual(new Set(['ALLOWED', 'NOT_FOUND']))
})
