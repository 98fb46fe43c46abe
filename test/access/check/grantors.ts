/** Who is said to be able to give bob something, and who really can. */
import type { Client, TestApp } from '../../support/app.ts'
import { changeDocument } from '../../support/change.ts'
import { ask, check } from '../../support/check.ts'
import type { SeededUser } from '../../support/seed.ts'
import { wordOf } from '../../support/word.ts'

export const BOB = { user: 'bob' }

/** Their names, as whoever asks is told. */
export async function grantorsOf(client: Client, question: object, subject: object = BOB): Promise<string[]> {
  const [told] = await ask(client, subject, [question])
  return told?.grantors ?? []
}

/**
 * Lets each of the cast give bob something: what came of it, and what is answered about bob then, like `done ALLOWED`.
 * Before the next one tries, it is taken away.
 */
export async function letAllTry(
  app: TestApp,
  cast: Map<string, SeededUser>,
  { name, input, question, takeAway }: { name: string; input: object; question: object; takeAway(): Promise<unknown> },
): Promise<[string, string][]> {
  const outcomes: [string, string][] = []
  for (const [username, { client }] of cast) {
    const answer = await client.send(changeDocument(name), { input: { ...BOB, ...input } })
    const [code] = (await check(app.root, BOB, [question])) ?? []
    outcomes.push([username, `${wordOf(answer)} ${code}`])
    await takeAway()
  }
  return outcomes
}

/** How it has to come out: who is named can, and nobody else. */
export function rightOutcomes(outcomes: [string, string][], named: string[]): [string, unknown][] {
  const refused = /^(FORBIDDEN|MissingAuthorityError|NotFoundError|UNAUTHENTICATED) NOT_HELD$/
  return outcomes.map(([username, outcome]) => {
    if (named.includes(username)) return [username, 'done ALLOWED']
    return [username, refused.test(outcome) ? outcome : 'refused']
  })
}
