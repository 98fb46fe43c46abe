/** What `checkAccess` is to answer about a mutation, from what comes of trying it. */
import { expect } from 'vitest'
import type { Client } from '../../support/app.ts'
import { changeDocument } from '../../support/change.ts'
import type { Need, Told } from '../../support/check.ts'
import { wordOf } from '../../support/word.ts'

/** What came of a dry run: its word, and of a refusal what was missing. */
export interface Tried {
  word: string
  needs: Need[]
}

export async function tryOut(client: Client, name: string, input: object): Promise<Tried> {
  const document = changeDocument(name).replace('{ missing }', '{ missing needs { what where } }')
  const answer = await client.send(document, { input, dryRun: true })
  const [error] = answer.errors as { extensions: { code: string; needs?: Need[] } }[]
  return { word: wordOf(answer), needs: error?.extensions.needs ?? answer.data?.[name]?.needs ?? [] }
}

/** What one is told, beside what others are told, with the names of places as one sees them oneself. */
export function tell(own: Told | undefined, others: Told | undefined) {
  const needs = own?.needs ?? []
  const seen = (others?.needs ?? []).map(({ what, where }, n) => {
    const isHidden = needs[n]?.where?.endsWith('that you do not see')
    return { what, where: isHidden ? (needs[n]?.where ?? null) : where }
  })
  const code = others?.code
  return { own: own?.code ?? 'UNAUTHENTICATED', needs, others: code, othersNeeds: code === 'NOT_HELD' ? seen : [] }
}

export type Line = ReturnType<typeof tell>

/** Refused before anything was looked up: for the key, or for a word that is held nowhere at all. */
export const isAtTheDoor = ({ needs }: Tried) =>
  needs.some(({ what, where }) => where === 'somewhere' || what.startsWith('a key '))

/** What they are to be told, as it came out so. */
export function expectedLine(tried: Tried, told: Line, there: boolean): Line {
  const line = (own: string, others: string, needs: Need[] = []) => ({ own, needs, others, othersNeeds: needs })
  if (['done', 'Conflict', 'InvalidInput', 'LastAdmin'].includes(tried.word)) return line('ALLOWED', 'ALLOWED')
  if (tried.word === 'UNAUTHENTICATED') return line('UNAUTHENTICATED', 'INACTIVE')
  const hidden = line('NOT_FOUND', there ? 'HIDDEN' : 'NOT_FOUND')
  if (tried.word === 'NotFound') return hidden
  expect(['FORBIDDEN', 'MissingAuthority']).toContain(tried.word)
  if (!isAtTheDoor(tried)) return line('NOT_HELD', 'NOT_HELD', tried.needs)
  // Whoever was not let in at the door does not know what is behind it; who asks is told both, and where.
  if (told.own === 'NOT_FOUND') return hidden
  return line('NOT_HELD', 'NOT_HELD', tellsMore(told.needs, tried.needs) ? told.needs : tried.needs)
}

/** All that is missing, with its places; against an administrator it is administration instead. */
function tellsMore(needs: Need[], atTheDoor: Need[]): boolean {
  const words = needs.map(({ what }) => what)
  if (words.join() === 'ADMINISTRATOR') return true
  return needs.every(({ where }) => where !== 'somewhere') && atTheDoor.every(({ what }) => words.includes(what))
}
