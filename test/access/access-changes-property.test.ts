/**
 * After every one of many random mutations everybody’s effective access is kept. What `accessChanges` tells of two of
 * these moments is their difference, by user, permission or level, and place.
 *
 * Effective access spells out what the words of ADMINISTRATOR and ORGANIZATION_ADMIN that stand for many come to, which
 * are told as one here. Things are told by name, of what is deleted the last: so they are compared by these.
 */
import { expect, test } from 'vitest'
import { SERVER_PERMISSIONS } from '../../src/authority/permissions.ts'
import { type AccessChange, changeInWords, readChanges } from '../support/access-changes.ts'
import { startApp } from '../support/app.ts'
import { makeWorld } from './replay/mutations.ts'
import { createReplay, mutate, passTime, type Replay } from './replay/replay.ts'
import type { Item } from './replay/told.ts'

const app = startApp()

const MUTATIONS = process.env.CHATELAINE_LONG ? 1000 : 60
/** So many, and time passes. */
const ROUND = 15
const PAIRS = process.env.CHATELAINE_LONG ? 500 : 10
const SEED = Number(process.env.CHATELAINE_SEED ?? 5)

/** What everything was called last, by id; of a model `gce1/web`. */
type Names = Map<string, string>

/** A held word as it is told of changes. */
function wordOf({ permission = null, role }: Item, names: Names): string | null {
  const name = role && names.get(role)
  if (permission === null || name === 'ADMINISTRATOR') return permission && 'every permission'
  const isMany = name === 'ORGANIZATION_ADMIN' && !(permission in SERVER_PERMISSIONS)
  return isMany ? 'every permission of the applications' : permission
}

type Thing = Omit<AccessChange, 'kind'>

/** An item of somebody’s access as it would be told were it gained or lost. */
function thingOf(userId: string, item: Item, names: Names): Thing {
  const nameOf = (id: string | null | undefined) => (id ? (names.get(id)?.split('/').at(-1) ?? null) : null)
  const { scope = null, organization, project, controller, model, level = null } = item
  return {
    ...{ user: null, username: names.get(userId) ?? '', permission: wordOf(item, names), scope },
    ...{ organization: nameOf(organization), project: nameOf(project) },
    ...{ controller: nameOf(controller), model: nameOf(model), level },
  }
}

/** All that everybody held at a moment, by what it is. */
function heldAt({ history }: Replay, n: number, names: Names): Map<string, Thing> {
  const held = new Map<string, Thing>()
  for (const [id, text] of history[n]?.lists ?? []) {
    if (!id.startsWith('user_')) continue
    for (const item of JSON.parse(text) as Item[]) {
      const thing = thingOf(id, item, names)
      const { organization, project, controller, model } = item
      held.set(JSON.stringify([id, thing, organization, project, controller, model]), thing)
    }
  }
  return held
}

/** The difference of two moments in words, sorted. */
function differenceOf(replay: Replay, n: number, m: number, names: Names): string[] {
  const [before, after] = [heldAt(replay, n, names), heldAt(replay, m, names)]
  const lines: string[] = []
  for (const [key, item] of after) if (!before.has(key)) lines.push(changeInWords({ ...item, kind: 'GAINED' }))
  for (const [key, item] of before) if (!after.has(key)) lines.push(changeInWords({ ...item, kind: 'LOST' }))
  return lines.sort()
}

/** Does the mutations; gives what everything was called last, deleted or not. */
async function play(replay: Replay): Promise<Names> {
  const names: Names = new Map()
  const remember = () => {
    for (const [id, name] of replay.names) names.set(id, name)
  }
  for (let done = 0; done < MUTATIONS; done++) {
    await mutate(replay)
    remember()
    if ((done + 1) % ROUND === 0) await passTime(replay, 1 + replay.random.int(60))
    remember()
  }
  return names
}

/** Asks of two moments of the history, the last one being now; of everybody, and of one user. */
async function compare(replay: Replay, n: number, m: number, names: Names) {
  const { history, shifted, random } = replay
  const timeOf = (place: number) => new Date((history[place]?.at ?? 0) - shifted).toISOString()
  const times = { from: timeOf(n), to: m === history.length - 1 ? null : timeOf(m) }
  const usernames = [...names].filter(([id]) => id.startsWith('user_')).map(([, name]) => name)
  const user = random.pick(usernames)

  const [all, narrow] = [await readChanges(app.root, times), await readChanges(app.root, { ...times, user })]

  const expected = differenceOf(replay, n, m, names)
  const where = `from ${n} to ${m}, "${history[m]?.step}"`
  expect(all.map(changeInWords).sort(), where).toEqual(expected)
  const isOfUser = (line: string) => line.split(' ')[1] === user
  expect(narrow.map(changeInWords).sort(), `${where}, of ${user}`).toEqual(expected.filter(isOfUser))
  for (const { user: found, username } of all) if (found) expect(replay.names.get(found.id)).toBe(username)
  return { all, deleted: all.filter((item) => item.user === null).length }
}

test(`the access changes between two moments are the difference of the access held at them, after random mutations (CHATELAINE_SEED=${SEED})`, {
  timeout: MUTATIONS * 3000,
}, async () => {
  await makeWorld(app)
  const replay = createReplay(app, SEED)
  const names = await play(replay)
  const counts = { GAINED: 0, LOST: 0, deleted: 0, many: 0, levels: 0 }

  for (let n = 0; n < PAIRS; n++) {
    const last = replay.history.length - 1
    const from = replay.random.int(last)
    const to = n % 2 === 0 ? last : from + 1 + replay.random.int(last - from)
    const { all, deleted } = await compare(replay, from, to, names)
    for (const { kind } of all) counts[kind]++
    counts.deleted += deleted
    counts.many += all.filter(({ permission }) => permission?.startsWith('every ')).length
    counts.levels += all.filter(({ permission }) => permission === null).length
  }

  // There was something of everything.
  expect(Math.min(...Object.values(counts)), JSON.stringify(counts)).toBeGreaterThan(0)
})
