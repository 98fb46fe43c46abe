/** What was told after a step, and what must be told as of then. */
import { expect } from 'vitest'
import { askAbout, idsOf, leaveLiving, randomQuestions } from './questions.ts'
import type { Replay, Snapshot } from './replay.ts'
import { type Item, readTold } from './told.ts'

/** What was compared. */
export interface Counts {
  items: number
  /** Items with an end that nobody knew of then. */
  ended: number
  /** Items that speak of something deleted since. */
  deleted: number
  /** Lists of what was made later. */
  before: number
  answers: number
  /** Answers about users who were not there. */
  absent: number
}

export function createCounts(): Counts {
  return { items: 0, ended: 0, deleted: 0, before: 0, answers: 0, absent: 0 }
}

/** Asks everything again, as of the time of the nth snapshot. */
export async function compareWithPast(replay: Replay, n: number, counts: Counts) {
  const { app, history, shifted } = replay
  const snapshot = history[n] as Snapshot
  const at = new Date(snapshot.at - shifted).toISOString()
  const { lists } = await readTold(app.root, at, shifted)
  for (const [id, told] of lists) compareList(replay, n, { id, told }, counts)
  await compareAnswers(replay, snapshot, at, counts)
  await askAboutAbsent(replay, snapshot, at, counts)
}

const withoutUntil = ({ expiresAt: _, ...item }: Item) => item
const REFERENCES = ['user', 'organization', 'project', 'controller', 'model', 'role']

function compareList(replay: Replay, n: number, { id, told }: { id: string; told: Item[] }, counts: Counts) {
  const { history, names } = replay
  const { step, lists } = history[n] as Snapshot
  const then: Item[] = JSON.parse(lists.get(id) ?? '[]')
  const where = `${id} ${names.get(id)} as of ${n}, "${step}"`

  expect(told.map(withoutUntil), where).toEqual(then.map(withoutUntil))
  const ends = then.map((item, place) => endProblem(replay, n, { id, item, told: told[place]?.expiresAt ?? null }))
  expect(ends.filter(Boolean), where).toEqual([])

  counts.items += told.length
  counts.ended += then.filter(({ expiresAt }, place) => expiresAt !== told[place]?.expiresAt).length
  counts.deleted += then.filter((item) => isAboutDeleted(item, names)).length
  counts.before += lists.has(id) ? 0 : 1
}

const isGone = (id: string | null | undefined, names: Replay['names']) => typeof id === 'string' && !names.has(id)

function isAboutDeleted(item: Item, names: Replay['names']): boolean {
  return REFERENCES.some((name) => isGone(item[name], names))
}

/**
 * What is wrong with the end that is told now; null where nothing is. Either it is the planned one, as it was told then,
 * or it came sooner: with a later step, after which the item was gone.
 */
function endProblem({ history }: Replay, n: number, { id, item, told }: Ended): string | null {
  if (told === item.expiresAt) return null
  const problem = `${JSON.stringify(item)} ends ${told}`
  if (told === null || (item.expiresAt !== null && told > item.expiresAt)) return problem
  const time = Date.parse(told)
  const next = history.slice(n + 1).find(({ at }) => at >= time)
  if (!next) return problem
  const isLess = timesIn(next, id, item) < timesIn(history[n] as Snapshot, id, item)
  return isLess ? null : `${problem}, before "${next.step}"`
}

interface Ended {
  id: string
  item: Item
  told: string | null
}

/** How often a list has the item. Two ways that began as the thing was made look alike, and each has its end. */
function timesIn({ lists }: Snapshot, id: string, item: Item): number {
  const items: Item[] = JSON.parse(lists.get(id) ?? '[]')
  const key = JSON.stringify(withoutUntil(item))
  return items.filter((one) => JSON.stringify(withoutUntil(one)) === key).length
}

async function compareAnswers({ app, names }: Replay, { step, asked }: Snapshot, at: string, counts: Counts) {
  const living = leaveLiving(names, asked)
  if (living === null) return
  const codes = await askAbout(app.root, names, living, at)
  expect([step, living, codes]).toEqual([step, living, living.codes])
  counts.answers += codes.length
}

/** Nobody holds anything before they are made; who had been deleted and is back was inactive. */
async function askAboutAbsent({ app, random, history, names }: Replay, now: Snapshot, at: string, counts: Counts) {
  const absent = idsOf(names, 'user').filter((id) => !now.lists.has(id))
  if (absent.length === 0) return
  const user = random.pick(absent)
  const wasThere = history.some((earlier) => earlier.at < now.at && earlier.lists.has(user))
  const questions = randomQuestions(random, names, 3)
  const codes = await askAbout(app.root, names, { user, questions }, at)
  expect([now.step, user, codes]).toEqual([now.step, user, questions.map(() => (wasThere ? 'INACTIVE' : 'NOT_HELD'))])
  counts.absent += codes.length
}
