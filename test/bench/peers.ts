/** The peers: other servers on the same tables, which are measured in the same rounds (docs/benchmark.md). */
import { dirname, join } from 'node:path'
import { startChild } from './child.ts'
import { BenchError } from './cleanup.ts'
import type { Sent } from './load.ts'
import { type Answer, EXPECTED, readAnswer } from './peers/postgraphile/answers.ts'
import { DOCUMENTS } from './peers/postgraphile/documents.ts'
import { readOwnCursor, variablesOf } from './peers/postgraphile/requests.ts'
import { NODE, type Program, ROOT_FOLDER, startNode } from './programs.ts'
import type { Caller, Workload } from './workloads.ts'
import { ROOT_USERNAME } from './world.ts'

const MERCURIUS = 'Mercurius + JIT'
const POSTGRAPHILE = 'PostGraphile'
export const PEERS: readonly string[] = [MERCURIUS, POSTGRAPHILE]

/** A peer knows no callers and answers everything, so it does the same work as the server for root alone. */
export function hasPeers(workload: Workload, caller: Caller): boolean {
  return caller === 'root' && workload.name in DOCUMENTS
}

const FOLDER = join(ROOT_FOLDER, 'test/bench/peers')

/** Installs the packages of the peers, which `npm ci` of the project leaves out. @throws BenchError */
export async function installPeers() {
  const options = ['--ignore-scripts', '--prefer-offline', '--fetch-retries=1', '--no-audit', '--no-fund']
  const env = { ...process.env, PATH: `${dirname(NODE)}:${process.env.PATH}` }
  const npm = startChild('npm', ['npm', 'ci', '--prefix', FOLDER, ...options], { cwd: FOLDER, env })
  const { code, said } = await npm.ended()
  if (code === 0) return
  // Its first lines are codes alone.
  const [, reason = 'npm does not start.'] = /^npm error (?!code|syscall|errno)(.+)$/m.exec(said) ?? []
  throw new BenchError(`The packages of test/bench/peers, which --peers needs, cannot be installed: ${reason}`)
}

export async function startPeers(databaseUrl: string): Promise<Program[]> {
  const start = (name: string, folder: string) =>
    startNode(name, [`test/bench/peers/${folder}/server.ts`], databaseUrl, {
      NODE_ENV: 'production',
      GRAPHILE_ENV: 'production',
    })
  const [mercurius, postgraphile] = await Promise.all([
    start(MERCURIUS, 'mercurius'),
    start(POSTGRAPHILE, 'postgraphile'),
  ])
  return [describeMercurius(mercurius), await describePostGraphile(postgraphile)]
}

type Started = Awaited<ReturnType<typeof startNode>>

const request = (query: string | undefined, variables: object): Sent => ({
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ query, variables }),
})

/** There is no key that the caller could be found by. */
const VIEWER = 'query ($username: String!) { viewer(username: $username) { user { username organization { name } } } }'

/** Describes a program that answers the server's own documents, but for the first. */
function describeMercurius({ child, url }: Started): Program {
  return {
    name: MERCURIUS,
    child,
    urlOf: () => url,
    requestOf: ({ name, document }, { variables }) =>
      name === 'W1' ? request(VIEWER, { username: ROOT_USERNAME }) : request(document, variables),
  }
}

async function describePostGraphile({ child, url }: Started): Promise<Program> {
  const digest = await readDigest(url)
  return {
    name: POSTGRAPHILE,
    child,
    urlOf: () => url,
    requestOf: ({ name }, { variables }) => request(DOCUMENTS[name], variablesOf(name, variables, digest)),
    own: {
      expected: ({ name }) => EXPECTED[name] ?? '',
      translate: ({ name }, answer) => readAnswer(name, answer as Answer),
    },
  }
}

/** Its cursors begin with a digest of the order, which its first page tells. */
async function readDigest(url: string): Promise<string> {
  const response = await fetch(url, { method: 'POST', ...request(DOCUMENTS.W3, { after: null }) })
  const { data } = (await response.json()) as Answer
  const [digest] = readOwnCursor(data.allUsers.pageInfo.endCursor)
  return digest
}
