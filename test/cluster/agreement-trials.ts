/** What is made or ended through a server is known to the others at once. */
import { ROOT_KEY } from '../support/root-key.ts'
import type { Cluster } from './cluster.ts'
import { change, whose, withKey, withToken } from './request.ts'
import { type Result, range } from './result.ts'

const PASSWORD = 'correct horse battery'
const AS_ROOT = withKey(ROOT_KEY)
const ROUNDS = 10
const REVOCATIONS = 200
const NEW_KEY = 'apiKey { id } secret'

/** A session and a key that each server makes are used on all servers. */
export async function tryCredentials({ servers }: Cluster): Promise<Result> {
  const problems: string[] = []
  const person = { username: 'alice', password: PASSWORD, mustChangePassword: false }
  await change(servers[0]?.url ?? '', AS_ROOT, 'createUser', person)
  let uses = 0
  for (let round = 1; round <= ROUNDS; round++) {
    for (const { name, url } of servers) {
      const { token } = await change(url, {}, 'signIn', { username: 'alice', password: PASSWORD }, 'token')
      const { secret } = await change(url, AS_ROOT, 'createApiKey', { label: `${name}-${round}` }, NEW_KEY)
      for (const [headers, owner] of [
        [withToken(token), 'alice'],
        [withKey(secret), 'root'],
      ] as const) {
        const owners = await Promise.all(servers.map((other) => whose(other.url, headers)))
        uses += owners.length
        if (owners.some((some) => some !== owner))
          problems.push(`what ${name} gave ${owner} is of ${owners.join(', ')}`)
      }
    }
  }
  return { trial: 'tokens and keys of each server work on each', rounds: ROUNDS, figures: { requests: uses }, problems }
}

/** A key is used on one server, revoked on another, and used again on the first. */
export async function tryRevocations({ servers }: Cluster): Promise<Result> {
  const problems: string[] = []
  const times: number[] = []
  for (let round = 0; round < REVOCATIONS; round++) {
    const [one, other] = [servers[round % 3]?.url ?? '', servers[(round + 1 + (round % 2)) % 3]?.url ?? '']
    const { apiKey, secret } = await change(one, AS_ROOT, 'createApiKey', { label: `revoked-${round}` }, NEW_KEY)
    const before = await whose(other, withKey(secret))
    await change(one, AS_ROOT, 'revokeApiKey', { apiKey: apiKey.id })
    const started = Date.now()
    const after = await whose(other, withKey(secret))
    times.push(Date.now() - started)
    if (before !== 'root' || after !== 401) problems.push(`round ${round}: ${before} before, ${after} after`)
  }
  const figures = { late: problems.length, 'ms until the refusal': range(times) }
  return { trial: 'a revoked key is refused by the other servers', rounds: REVOCATIONS, figures, problems }
}
