import { expect, test } from 'vitest'
import { schema } from '../../src/graphql/schema.ts'
import { startApp } from '../support/app.ts'
import { argumentsOf, changeDocument } from '../support/change.ts'
import { snapshot } from '../support/rows.ts'
import { wordOf } from '../support/word.ts'
import { type Asker, createAskers } from './viewer-can/askers.ts'
import { inputFor } from './viewer-can/inputs.ts'
import { BUTTONS, type Button, expectSameInLists, readShown, readThings, type Thing } from './viewer-can/things.ts'

const app = startApp()

test('every viewerCan… names a mutation', () => {
  const mutations = Object.keys(schema.getMutationType()?.getFields() ?? {})

  const strays = BUTTONS.filter(({ mutation }) => !mutations.includes(mutation))

  expect(strays).toEqual([])
  expect(BUTTONS.length).toBe(45)
})

test('every viewerCan… is true exactly where its mutation does not refuse the caller, by id and in every list', async () => {
  const askers = await createAskers(app)
  const things = await readThings(app.root)
  const cells: Cell[] = []
  for (const asker of askers) cells.push(...(await readCells(asker, things)))
  const before = await snapshot(app)

  const wrong = await judgeAll(cells.filter(isTried).filter(isAsked))
  const after = await snapshot(app)
  wrong.push(...(await judgeAll(cells.filter((cell) => !isTried(cell)))))

  expect.soft(wrong).toEqual([])
  expect.soft(after).toEqual(before)
  expect.soft(BUTTONS.filter((button) => ![true, false].every((isShown) => occurs(cells, button, isShown)))).toEqual([])
  const shown = cells.filter(({ isShown }) => isShown)
  expect({ cells: cells.length, shown: shown.length }).toEqual({ cells: 5157, shown: 1793 })
}, 120_000)

/** One button on one thing before one caller. */
interface Cell {
  asker: Asker
  thing: Thing
  button: Button
  isShown: boolean
}

/** A half of the mutations that can be tried; all of them in the long run. */
function isAsked(_: Cell, n: number): boolean {
  return process.env.CHATELAINE_LONG !== undefined || n % 2 === 0
}

/** What can't be tried without being done is asked last. */
function isTried({ button }: Cell): boolean {
  return argumentsOf(button.mutation).includes('dryRun')
}

function occurs(cells: Cell[], button: Button, isShown: boolean): boolean {
  return cells.some((cell) => cell.button === button && cell.isShown === isShown)
}

/** What a caller is shown of all that they see; none where nobody knows them. */
async function readCells(asker: Asker, things: Thing[]): Promise<Cell[]> {
  const client = app.as(asker.headers)
  const shown = await readShown(client, things)
  if (shown.size > 0) await expectSameInLists(client, shown)
  for (const headers of asker.otherWays) expect(await readShown(app.as(headers), things)).toEqual(shown)
  return things.flatMap((thing) =>
    BUTTONS.filter(({ type }) => type === thing.type).flatMap((button) => {
      const isShown = shown.get(thing.id)?.[button.field]
      return isShown === undefined ? [] : [{ asker, thing, button, isShown }]
    }),
  )
}

/** Few enough that each still answers soon. */
const AT_ONCE = 4

async function judgeAll(cells: Cell[]): Promise<string[]> {
  const queue = [...cells]
  const wrong: string[] = []
  async function work() {
    for (let cell = queue.pop(); cell; cell = queue.pop()) wrong.push(...(await judge(cell)))
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  return wrong.sort()
}

/** The state of things may still forbid what the caller may do, but not a state that lasts. */
const MEANING: Record<string, boolean> = {
  ...{ never: false },
  ...{ done: true, ConflictError: true, InvalidInputError: true, LastAdministratorError: true },
  ...{ FORBIDDEN: false, MissingAuthorityError: false, 'about others': false },
}

/** Where the mutation answers otherwise than the button promises, in words. */
async function judge({ asker, thing, button, isShown }: Cell): Promise<string[]> {
  const { type, field, mutation } = button
  const input = inputFor(mutation, thing, asker.username)
  const answer = input === null ? 'about others' : await ask(asker, mutation, input)
  if (MEANING[answer] === isShown) return []
  return [`${asker.name}: ${type}.${field} of ${thing.name} is ${isShown}, but ${mutation} answers ${answer}`]
}

async function ask({ headers }: Asker, mutation: string, input: object): Promise<string> {
  const answer = await app.as(headers).send(changeDocument(mutation), { input, dryRun: true })
  const word = wordOf(answer)
  return word === 'ConflictError' && LASTING.test(answer.data[mutation].message) ? 'never' : word
}

/** Conflicts with a state that never ends by itself. */
const LASTING = new RegExp(
  [
    ...['^The built-in role ', '^root is never ', '^A service user has API keys and no password', '^It is locked, '],
    ...['^This key is set by ROOT_API_KEY', '^The key was rotated already', '^The key has ended'],
  ].join('|'),
)
