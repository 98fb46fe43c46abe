/** What is wrong with the answers that clients got while the database was away. */
import { type Answered, send } from './load.ts'

/**
 * Answers that no client may get: only success, UNAVAILABLE, and OUTCOME_UNKNOWN for changes are right; RATE_LIMITED only where
 * the database answers others, while the requests of the caller wait for each other.
 */
export function strange(answers: Answered[], holdsUpOne = false): Answered[] {
  return answers.filter(({ status, code, name }) => {
    if (code === null) return status !== 200
    if (code === 'RATE_LIMITED' && holdsUpOne) return status !== 429
    return status !== 503 || !(code === 'UNAVAILABLE' || (code === 'OUTCOME_UNKNOWN' && name !== null))
  })
}

/** Changes that were made later than a second after their answer, that were made although none was told, or told and not made. */
export function wronglyTold(answers: Answered[], made: Map<string, number>): Answered[] {
  return answers.filter(({ name, code, at }) => {
    if (name === null) return false
    const madeAt = made.get(name)
    if (code === null) return madeAt === undefined
    if (code === 'UNAVAILABLE') return madeAt !== undefined
    return madeAt !== undefined && madeAt > at + 1000
  })
}

/**
 * The time until a change succeeds, in milliseconds. It is asked for as another caller than that of a load, whose requests can
 * wait for those that the outage holds up.
 */
export async function untilWell({ url }: { url: string }, key: string): Promise<number> {
  const started = Date.now()
  for (let attempt = 0; ; attempt++) {
    const { status } = await send(url, key, `well-${started}-${attempt}`)
    if (status === 200 || Date.now() - started > 20_000) return Date.now() - started
  }
}
