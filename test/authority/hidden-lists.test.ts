/** What is hidden is in no list: not in its items, counts and pages, not in what they lead to. */
import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { documentOf, everyField, everyPage, nestedLists, rootLists } from './hidden/lists.ts'
import { ask, createCallers, createMoreElsewhere, hiddenWords, listsForAll } from './hidden/world.ts'
import type { Caller } from './matrix/world.ts'

const app = startApp()
const given = app.world(() => createCallers(app))

/** Lists that grow by it all the same: the audit of what was done with their users, and that there is access elsewhere. */
const GROWING = ['Query.auditEvents', 'Query.accessChanges', 'User.effectiveAccess']

/** Each list by a third of the callers; by all of them in the long run. */
const isAsked = (_: unknown, n: number) => process.env.CHATELAINE_LONG !== undefined || n % 3 === 0

test('a change in another organization changes no list of a user who does not see it', async () => {
  const { callers } = given()
  const asked = listsForAll(callers)
    .filter(isAsked)
    .filter(({ list }) => !GROWING.includes(list.name))
    .map(({ list, ...rest }) => ({ list, ...rest, document: documentOf(list, everyPage(list)) }))
  const answers: string[] = []
  for (const { caller, document, variables } of asked) answers.push(await ask(app, caller, document, variables))

  await createMoreElsewhere(app)

  const changed: object[] = []
  for (const [n, { caller, list, document, variables }] of asked.entries()) {
    const after = await ask(app, caller, document, variables)
    if (after !== answers[n]) changed.push({ who: caller.name, list: list.name, before: answers[n], after })
  }
  expect(changed).toEqual([])
  expect(new Set(asked.map(({ list }) => list.name)).size).toBe(rootLists.length + nestedLists.length - GROWING.length)
  expect(answers.filter((answer) => /"edges" ?: ?\[\{/.test(answer)).length).toBe(70)
}, 120_000)

/** Every caller can decode a cursor. */
function readable(body: string): string {
  return body.replaceAll(/"cursor":"([^"]+)"/g, (_all, cursor) => Buffer.from(cursor, 'base64url').toString())
}

/** The audit is told whole: it names what it touched elsewhere too. */
const WHOLE = ['Query.auditEvents']

test('no field of any list shows a name or an id of a hidden thing', async () => {
  const { callers } = given()
  await createMoreElsewhere(app)
  const words = await hiddenWords(app, (callers[0] as Caller).targets.foreign)

  const leaks: object[] = []
  for (const { caller, list, variables } of listsForAll(callers).filter(isAsked)) {
    if (WHOLE.includes(list.name)) continue
    const answer = await ask(app, caller, documentOf(list, ['first: 50'], everyField(list)), variables)
    const body = readable(answer)
    const found = words.filter((word) => body.includes(word))
    if (found.length > 0) leaks.push({ who: caller.name, list: list.name, found, body })
  }

  expect(leaks).toEqual([])
  expect(words.length).toBe(35)
}, 120_000)
