/** Random mutations, one after the other, with all that is told after each. */
import { expect } from 'vitest'
import { createRandom } from '../../read/random.ts'
import type { TestApp } from '../../support/app.ts'
import { changeDocument } from '../../support/change.ts'
import { wordOf } from '../../support/word.ts'
import { letPass, readClock } from './clock.ts'
import { type Replayed, randomMutations } from './mutations.ts'
import { type Asked, askAbout, idsOf, randomQuestions } from './questions.ts'
import { readTold } from './told.ts'

/** What was told after a step. Times are by the clock of the first step, however often time was made to pass since. */
export interface Snapshot {
  /** What was done before it, in words. */
  step: string
  at: number
  /** Items as text by the id of what they are about. */
  lists: Map<string, string>
  asked: Asked
}

export interface Replay extends Replayed {
  app: TestApp
  history: Snapshot[]
  /** What is there now: names by id. */
  names: Map<string, string>
  /** By how many milliseconds everything was moved since the first step. */
  shifted: number
  /** The kinds of mutations that were done. */
  kinds: Set<string>
  /** Each text once: from one step to the next most of them stay as they are. */
  texts: Map<string, string>
}

export function createReplay(app: TestApp, seed: number): Replay {
  return {
    ...{ app, random: createRandom(seed), history: [], names: new Map(), shifted: 0 },
    ...{ deletedIds: [], given: [], kinds: new Set(), texts: new Map() },
  }
}

/** Does a mutation; those that are refused, as of something that is not there, are not counted. */
export async function mutate(replay: Replay) {
  for (;;) {
    for (const { name, input } of randomMutations(replay)) {
      const payload = name === 'deleteUser' ? 'deletedId' : '__typename'
      const answer = await replay.app.root.send(changeDocument(name, payload), { input })
      const step = `${name} ${JSON.stringify(input)}`
      const word = wordOf(answer)
      expect(['done', 'NotFoundError', 'ConflictError'], `${step}: ${word}`).toContain(word)
      if (word !== 'done') continue
      if (name === 'deleteUser') replay.deletedIds.push(answer.data.deleteUser.deletedId)
      replay.kinds.add(name)
      return takeSnapshot(replay, step)
    }
  }
}

/** Some hours pass, and with them what was to end in them. */
export async function passTime(replay: Replay, hours: number) {
  const ms = hours * 3_600_000
  await letPass(replay.app, ms)
  replay.shifted += ms
  await takeSnapshot(replay, `${hours} hours`)
}

async function takeSnapshot(replay: Replay, step: string) {
  const { app, random, texts, history, shifted } = replay
  const at = (await readClock(app)) + shifted
  const { names, lists } = await readTold(app.root, null, shifted)
  const user = random.pick(idsOf(names, 'user'))
  const questions = randomQuestions(random, names, 8)
  const codes = await askAbout(app.root, names, { user, questions }, null)
  const kept = [...lists].map(([id, items]): [string, string] => {
    const text = JSON.stringify(items)
    if (!texts.has(text)) texts.set(text, text)
    return [id, texts.get(text) ?? text]
  })
  replay.names = names
  history.push({ step, at, lists: new Map(kept), asked: { user, questions, codes } })
}
