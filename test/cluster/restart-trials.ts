/** Restarts of the servers while clients use them, and the rotations of keys, which need restarts. */
import { randomBytes } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { type Answered, startLoad } from '../outage/load.ts'
import { ENCRYPTION_KEY } from '../support/encryption-key.ts'
import { ROOT_KEY } from '../support/root-key.ts'
import { type Cluster, SERVERS } from './cluster.ts'
import { describeAnswer, describeAnswers, lostOf, readCommits } from './failures.ts'
import { change, whose, withKey, withToken } from './request.ts'
import type { Result } from './result.ts'
import { runOperator } from './server.ts'

const ROUNDS = 5
const AS_ROOT = withKey(ROOT_KEY)
const SECRET = 'kept and hidden'
const PASSWORD = 'staple a paper moon'
/** The requests that one server works on at one moment. */
const MOST_AT_WORK = 2
/** HAProxy sees that a server is there again. */
const UNTIL_SEEN_MS = 1500

/** Restarts one server after the other, as an operator does who installs a new version. */
async function restartAll(cluster: Cluster, encryptionKeys = cluster.encryptionKeys) {
  cluster.encryptionKeys = encryptionKeys
  for (const index of SERVERS) {
    await cluster.serve(index)
    await wait(UNTIL_SEEN_MS)
  }
}

/** Whether the client may simply send the request again. */
function isRetriable({ status, code }: Answered): boolean {
  return status === 503 && code === 'UNAVAILABLE'
}

async function judge(cluster: Cluster, answers: Answered[]) {
  const lost = lostOf(answers, await readCommits(cluster))
  const failed = answers.filter((answer) => answer.code !== null && !isRetriable(answer))
  const figures = { requests: answers.length, answers: describeAnswers(answers), lost: lost.length }
  const problems = [
    ...failed.map((answer) => `a request got ${describeAnswer(answer)}`),
    ...lost.map(({ name }) => `${name} is lost`),
  ]
  return { figures, problems }
}

export async function tryRollingRestarts(cluster: Cluster): Promise<Result> {
  const load = startLoad(cluster.url, ROOT_KEY, 'restart')
  await wait(1000)
  for (let round = 0; round < ROUNDS; round++) await restartAll(cluster)
  const judged = await judge(cluster, await load.stop())
  return { trial: 'rolling restarts under load', rounds: ROUNDS, ...judged }
}

/** A killed server takes the requests with it that it works on; HAProxy then uses the others. */
export async function tryKilledServers(cluster: Cluster): Promise<Result> {
  const load = startLoad(cluster.url, ROOT_KEY, 'killed')
  await wait(1000)
  for (let round = 0; round < ROUNDS; round++) {
    const index = SERVERS[round % SERVERS.length] ?? 0
    cluster.servers[index]?.kill()
    await wait(2000)
    await cluster.serve(index)
    await wait(UNTIL_SEEN_MS)
  }
  const answers = await load.stop()
  const lost = lostOf(answers, await readCommits(cluster))
  const failed = answers.filter(({ code }) => code !== null)
  const strange = failed.filter(({ status }) => status !== 0 && status !== 502)
  const figures = { requests: answers.length, answers: describeAnswers(answers), lost: lost.length }
  const problems = [
    ...strange.map((answer) => `a request got ${describeAnswer(answer)}`),
    ...(failed.length > ROUNDS * MOST_AT_WORK ? [`${failed.length} requests failed`] : []),
    ...lost.map(({ name }) => `${name} is lost`),
  ]
  return { trial: 'servers are killed under load', rounds: ROUNDS, figures, problems }
}

/** Rotates both keys by the commands of docs/key-rotation.md, in the order that it says. */
export async function tryRotations(cluster: Cluster): Promise<Result> {
  const problems: string[] = []
  const { url } = cluster
  const attributes = { userpass: { username: 'me', password: SECRET } }
  await change(url, AS_ROOT, 'createUser', { username: 'bob', password: PASSWORD, mustChangePassword: false })
  await change(url, AS_ROOT, 'addCredential', { name: 'aws', attributes })
  const { token: old } = await signIn(url)
  const fresh = randomBytes(32).toString('base64')
  const operator = (...args: string[]) => {
    const { PORT, ROOT_API_KEY, ...given } = cluster.environmentOf(0)
    return runOperator(cluster.runtime, args, given)
  }
  const load = startLoad(url, ROOT_KEY, 'rotation')

  await restartAll(cluster, [ENCRYPTION_KEY, fresh])
  await restartAll(cluster, [fresh, ENCRYPTION_KEY])
  const said = [await operator('rotate-encryption-key'), await operator('rotate-signing-key')]
  await restartAll(cluster, [fresh])

  const judged = await judge(cluster, await load.stop())
  const { token: recent } = await signIn(url)
  for (const server of cluster.servers) {
    const names = [await whose(server.url, withToken(old)), await whose(server.url, withToken(recent))]
    if (names.join() !== 'bob,bob')
      problems.push(`${server.name} knows the old and the new token as ${names.join(', ')}`)
    if ((await reveal(server.url)) !== SECRET) problems.push(`${server.name} does not open the credential`)
  }
  if (kidOf(old) === kidOf(recent)) problems.push('the new token is signed with the old key')
  if (!said[0]?.includes('secrets were sealed again')) problems.push(`rotate-encryption-key said: ${said[0]}`)
  return {
    trial: 'rotations of the encryption key and the signing key under load',
    rounds: 1,
    figures: judged.figures,
    problems: [...judged.problems, ...problems],
  }
}

function signIn(url: string) {
  return change(url, {}, 'signIn', { username: 'bob', password: PASSWORD }, 'token')
}

async function reveal(url: string): Promise<string | undefined> {
  const { attributes } = await change(
    url,
    AS_ROOT,
    'revealCredential',
    { name: 'aws' },
    'attributes { value isSecret }',
  )
  return attributes.find(({ isSecret }: { isSecret: boolean }) => isSecret)?.value
}

function kidOf(token: string): string {
  return JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid
}
