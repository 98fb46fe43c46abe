/** A server of the version before restarts while the tables are already those of this version. */
import { cpSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { OLDEST_PROGRAM } from '../../src/db/oldest-program.ts'
import { startLoad } from '../outage/load.ts'
import { ROOT_KEY } from '../support/root-key.ts'
import { type Cluster, SERVERS } from './cluster.ts'
import { describeAnswers } from './failures.ts'
import { change, withKey } from './request.ts'
import type { Result } from './result.ts'
import { startServer } from './server.ts'

const ROOT_FOLDER = fileURLToPath(new URL('../..', import.meta.url))
const LATER = '20991231000000_tomorrow'

export async function tryOldServers(cluster: Cluster): Promise<Result> {
  const folder = copyWithoutLastMigration(cluster.runtime.folder)
  const problems: string[] = []
  const load = startLoad(cluster.url, ROOT_KEY, 'upgrade')
  for (const index of SERVERS) {
    await cluster.serve(index, folder)
    await change(cluster.servers[index]?.url ?? '', withKey(ROOT_KEY), 'createOrganization', { name: `old-${index}` })
    await wait(1500)
  }
  for (const index of SERVERS) await cluster.serve(index)
  const answers = await load.stop()
  if (answers.some(({ code }) => code !== null)) problems.push(`the load got ${describeAnswers(answers)}`)
  problems.push(...(await tryTooOld(cluster, folder)))
  return {
    trial: 'servers that lack the last migration restart beside its tables',
    rounds: SERVERS.length,
    figures: { requests: answers.length, answers: describeAnswers(answers) },
    problems,
  }
}

/** Where the database says that such a server is too old, it must not start. */
async function tryTooOld(cluster: Cluster, folder: string): Promise<string[]> {
  const set = (name: string) => cluster.query(`update drizzle.oldest_program set migration = '${name}'`)
  await set(LATER)
  const said = await startServer(cluster.runtime, 'too-old', cluster.environmentOf(0), folder).then(
    (server) => server.stop().then(() => 'nothing'),
    (error: Error) => error.message,
  )
  await set(OLDEST_PROGRAM)
  return /ended with 1: .*newer version/.test(said) ? [] : [`a server that is too old said ${said}`]
}

/** The program as it was before the last migration: gives its folder. */
function copyWithoutLastMigration(parent: string): string {
  const folder = join(parent, 'version-before')
  mkdirSync(folder)
  for (const name of ['src', 'drizzle', 'package.json', 'schema.graphql'])
    cpSync(join(ROOT_FOLDER, name), join(folder, name), { recursive: true })
  symlinkSync(join(ROOT_FOLDER, 'node_modules'), join(folder, 'node_modules'))
  const last = readdirSync(join(folder, 'drizzle')).sort().at(-1) ?? ''
  rmSync(join(folder, 'drizzle', last), { recursive: true })
  return folder
}
