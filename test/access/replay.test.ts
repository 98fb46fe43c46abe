/**
 * After every one of many random mutations all that is told of the present is kept: everybody’s access, the holders of
 * every controller and model, some answers of `checkAccess`. Soon after, and for some of them once more when all are
 * done, the same is asked as of that moment.
 *
 * What was deleted between a moment and the question about it can't be asked about any more: its lists, and questions
 * that name it, are left out. In the lists of everything else it stands as it did then. What has its name by now is
 * something else, and had nothing before it was made. Of what has ended since, the end is told.
 */
import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { type Counts, compareWithPast, createCounts } from './replay/compare.ts'
import { makeWorld } from './replay/mutations.ts'
import { createReplay, mutate, passTime, type Replay } from './replay/replay.ts'

const app = startApp()

const MUTATIONS = process.env.CHATELAINE_LONG ? 5000 : 125
/** So many, and time passes. */
const ROUND = 25
/** At last, every so many moments are asked about again. */
const EVERY = process.env.CHATELAINE_LONG ? 5 : 3
const SEED = Number(process.env.CHATELAINE_SEED ?? 12)

/** Compares every so many of the snapshots from this one on but the last, whose moment is not yet past. */
async function compareFrom(replay: Replay, first: number, every: number, counts: Counts) {
  for (let n = first; n < replay.history.length - 1; n += every) await compareWithPast(replay, n, counts)
}

test(`the answers about a past moment equal the answers given at that moment, after random mutations (CHATELAINE_SEED=${SEED})`, {
  timeout: MUTATIONS * 1000,
}, async () => {
  await makeWorld(app)
  const replay = createReplay(app, SEED)
  const [soon, atLast] = [createCounts(), createCounts()]

  for (let done = 0; done < MUTATIONS; done += ROUND) {
    const first = Math.max(0, replay.history.length - 1)
    for (let n = 0; n < ROUND; n++) await mutate(replay)
    await passTime(replay, 1 + replay.random.int(60))
    await compareFrom(replay, first, 1, soon)
  }
  await compareFrom(replay, 0, EVERY, atLast)

  // There was something of everything.
  const counts = [...Object.values(soon), ...Object.values(atLast)]
  expect(Math.min(...counts), JSON.stringify([soon, atLast])).toBeGreaterThan(0)
  expect([...replay.kinds].sort()).toEqual([
    ...['createController', 'createModel', 'createOrganization', 'createProject', 'createRole', 'createUser'],
    ...['deleteController', 'deleteModel', 'deleteOrganization', 'deleteProject', 'deleteRole', 'deleteUser'],
    ...['disableUser', 'enableUser', 'grantControllerAccess', 'grantModelAccess', 'grantRoles', 'importUsers'],
    'restoreUser',
    ...['revokeControllerAccess', 'revokeModelAccess', 'revokeRoles', 'setControllerAccess', 'setModelAccess'],
    'setRoles',
    ...['updateController', 'updateModel', 'updateOrganization', 'updateProject', 'updateRole', 'updateUser'],
  ])
})
