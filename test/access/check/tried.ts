/** What `checkAccess` is to answer about a mutation, from what comes of trying it. */

import { expect } from 'vitest'
import type { Client } from '../../support/app.ts'
import { changeDocument } from '../../support/change.ts'
import type { Told } from '../../support/check.ts'
import { type Missing, missingAt } from '../../support/missing.ts'
import { wordOf } from '../../support/word.ts'

/** What came of a dry run: its word, and of a refusal what was missing. */
export interface Tried {
  word: string
  missing: Missing[]
}

export async function tryOut(client: Client, name: string, input: object): Promise<Tried> {
  const answer = await client.send(changeDocument(name), { input, dryRun: true })
  return { word: wordOf(answer), missing: missingAt(answer.errors[0]?.extensions ?? answer.data?.[name] ?? {}) }
}

/** What one is told, beside what others are told, with the names of places as one sees them oneself. */
export function tell(own: Told | undefined, others: Told | undefined) {
  const missing = own?.missing ?? []
  const seen = (others?.missing ?? []).map(({ what, where }, n) => {
    const isHidden = missing[n]?.where?.endsWith('that you do not see')
    return { what, where: isHidden ? (missing[n]?.where ?? null) : where }
  })
  const code = others?.code
  return { own: own?.code ?? 'UNAUTHENTICATED', missing, others: code, othersMissing: code === 'NOT_HELD' ? seen : [] }
}

export type Line = ReturnType<typeof tell>

/** Refused before anything was looked up: for the key, or for a word that is held nowhere at all. */
export const isAtTheDoor = ({ missing }: Tried) =>
  missing.some(({ what, where }) => where === 'somewhere' || what.startsWith('a key '))

/** What they are to be told, as it came out so. */
export function expectedLine(tried: Tried, told: Line, there: boolean): Line {
  const line = (own: string, others: string, missing: Missing[] = []) => ({
    own,
    missing,
    others,
    othersMissing: missing,
  })
  if (['done', 'ConflictError', 'InvalidInputError', 'LastAdministratorError'].includes(tried.word))
    return line('ALLOWED', 'ALLOWED')
  if (tried.word === 'UNAUTHENTICATED') return line('UNAUTHENTICATED', 'INACTIVE')
  const hidden = line('NOT_FOUND', there ? 'HIDDEN' : 'NOT_FOUND')
  if (tried.word === 'NotFoundError') return hidden
  expect(['FORBIDDEN', 'MissingAuthorityError']).toContain(tried.word)
  if (!isAtTheDoor(tried)) return line('NOT_HELD', 'NOT_HELD', tried.missing)
  // Whoever was not let in at the door does not know what is behind it; who asks is told both, and where.
  if (told.own === 'NOT_FOUND') return hidden
  return line('NOT_HELD', 'NOT_HELD', tellsMore(told.missing, tried.missing) ? told.missing : tried.missing)
}

/** All that is missing, with its places; against an administrator it is administration instead. */
function tellsMore(missing: Missing[], atTheDoor: Missing[]): boolean {
  const words = missing.map(({ what }) => what)
  if (words.join() === 'ADMINISTRATOR') return true
  return missing.every(({ where }) => where !== 'somewhere') && atTheDoor.every(({ what }) => words.includes(what))
}
