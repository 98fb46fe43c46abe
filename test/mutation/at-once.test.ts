/** The same mutation several times at once: the answers are those that some order of them gives. */
import { describe, expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { changeDocument } from '../support/change.ts'
import { CHANGES, makeWorld } from '../support/changes.ts'
import { restoreCopy } from '../support/copies.ts'
import { wordOf } from '../support/word.ts'

const app = startApp()
const given = app.world(() => makeWorld(app))
/** Passwords are compared before the transaction: a change meanwhile may be told instead of a wrong password. */
const TOLD_OTHERWISE: Record<string, string> = { 'changePassword InvalidInputError': 'ConflictError' }
const AT_ONCE = process.env.CHATELAINE_LONG ? 8 : 4

/** What one of them is asked for, as far as the mutation answers it. */
const PAYLOADS: Record<string, string> = { createServiceUser: 'created' }

/** The copy of the database that the world of this file is kept as. */
const WORLD = 1

describe('the answers to the same request at once are those of one after the other', () => {
  const send = async (name: string, input: object) => {
    const answer = await app.root.send(changeDocument(name, PAYLOADS[name]), { input })
    return `${wordOf(answer)} ${answer.data?.[name]?.created ?? ''}`.trim()
  }

  test.each(CHANGES)('$name', async ({ name, input }) => {
    const value = input(given())
    const ordered: string[] = []
    for (let n = 0; n < AT_ONCE; n++) ordered.push(await send(name, value))
    await restoreCopy(app.database, WORLD)

    const answers = await Promise.all(Array.from({ length: AT_ONCE }, () => send(name, value)))

    const told = (some: string[]) => some.map((answer) => TOLD_OTHERWISE[`${name} ${answer}`] ?? answer).sort()
    expect(told(answers)).toEqual(told(ordered))
  })
})
