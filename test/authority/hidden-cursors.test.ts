/** Cursors and filters do not show whether a hidden thing exists. */
import { sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { change } from '../support/change.ts'
import { query, uuidOf } from '../support/rows.ts'
import { documentOf, filtersOf, type List } from './hidden/lists.ts'
import { ask, createCallers, listsFor } from './hidden/world.ts'
import type { Caller, Things } from './matrix/world.ts'

const app = startApp()
const given = app.world(() => createCallers(app))

/** The place of another row beside the one of this cursor: where none is. */
function besides(cursor: string): string {
  const keys: string[] = JSON.parse(Buffer.from(cursor, 'base64url').toString())
  const last = keys.at(-1) ?? ''
  const other = last.endsWith('0') ? '1' : '0'
  return Buffer.from(JSON.stringify([...keys.slice(0, -1), last.slice(0, -1) + other])).toString('base64url')
}

/** Each list by a third of the callers; by all of them in the long run. */
const askedAt = (place: number) => (_: unknown, n: number) =>
  process.env.CHATELAINE_LONG !== undefined || (n + place) % 3 === 0

test('the cursor of a hidden row answers as the cursor of no row', async () => {
  const { callers, administrator } = given()
  let compared = 0

  for (const [place, { list, variables }] of listsFor(callers[0] as Caller).entries()) {
    const cursorsOf = async (caller: Caller) => {
      const { data } = JSON.parse(await ask(app, caller, documentOf(list, ['first: 100']), variables))
      const edges: { cursor: string }[] = (list.type === null ? data : data?.node)?.a0?.edges ?? []
      return edges.map(({ cursor }) => cursor)
    }
    const pages = ['first: 1, after: $cursor', 'last: 1, before: $cursor']
    const document = documentOf(list, pages, undefined, '$cursor: String')
    const all = await cursorsOf(administrator)
    for (const caller of callers.filter(askedAt(place))) {
      const seen = await cursorsOf(caller)
      for (const cursor of all.filter((one) => !seen.includes(one)).slice(0, 3)) {
        const [answer, answerNone] = await Promise.all(
          [cursor, besides(cursor)].map((at) => ask(app, caller, document, { ...variables, cursor: at })),
        )
        expect([caller.name, list.name, answer]).toEqual([caller.name, list.name, answerNone])
        compared++
      }
    }
  }

  expect(compared).toBe(process.env.CHATELAINE_LONG === undefined ? 217 : 634)
}, 120_000)

/** What a filter by this key names, of some things; null where it names nothing that could be hidden. */
function namedBy(list: List, key: string): keyof Things | null {
  if (['access', 'outcome', 'state', 'action', 'scope', 'kind', 'isActive', 'isAdmin', 'isValid'].includes(key))
    return null
  if (key === 'organization' || key === 'role') return key
  if (['actor', 'email', 'displayName'].includes(key)) return 'user'
  if (key === 'target') return 'userId'
  const [, kind = ''] = /\.(\w+)s$/.exec(list.name) ?? []
  if (['name', 'username', 'code'].includes(key)) return kind as keyof Things
  throw new Error(`${list.name} has a filter by ${key}, which is not known here.`)
}

/** The filters of a list that name something of these things, or the time it was made, in every way. */
function filtersNaming(list: List, things: Things, madeAt: string): string[] {
  return filtersOf(list).flatMap(({ key, type }) => {
    if (type === 'DateTime') return [`${key}: "2101-01-01T00:00:00Z"`]
    if (type === 'TimeFilter') return [`${key}: { from: "${madeAt}-01-01T00:00:00Z", to: "${madeAt}-02-01T00:00:00Z" }`]
    const name = namedBy(list, key)
    if (name === null) return []
    const value = JSON.stringify(key === 'email' ? `${things[name]}@example.test` : things[name])
    if (type !== 'NameFilter') return [`${key}: ${value}`]
    return ['equals', 'in', 'startsWith'].map((operator) => `${key}: { ${operator}: ${value} }`)
  })
}

/** Lets everything of the other organization have been made in 2001. */
async function makeOld(foreign: Things) {
  const organization = uuidOf(foreign.organizationId)
  const of = sql`organization_id = ${organization}`
  const tables = { organizations: sql`id = ${organization}`, projects: of, roles: of, controllers: of, users: of }
  const models = sql`controller_id in (select c.id from controllers as c where c.organization_id = ${organization})`
  for (const [table, where] of Object.entries({ ...tables, models })) {
    await query(
      app,
      sql`update ${sql.identifier(table)} set created_at = '2001-01-15' where ${where} and deleted_at is null`,
    )
  }
  await query(app, sql`update users set display_name = username where ${of}`)
  await query(app, sql`update audit_events set at = '2001-01-15' where ${of}`)
}

test('a filter that matches a hidden thing answers as a filter that matches nothing', async () => {
  const { callers } = given()
  const { foreign, missing } = (callers[0] as Caller).targets
  const place = { user: 'ann-acme', controller: foreign.controller }
  await change(app.root, 'grantControllerAccess', { ...place, access: 'LOGIN' })
  await makeOld(foreign)

  const leaks: object[] = []
  const keys = new Set<string>()
  for (const [place, caller] of callers.entries()) {
    for (const { list, variables } of listsFor(caller).filter(askedAt(place))) {
      const [hidden, none] = [filtersNaming(list, foreign, '2001'), filtersNaming(list, missing, '2002')]
      for (const [n, filter] of hidden.entries()) {
        const documents = [filter, none[n]].map((one) => documentOf(list, [`first: 1, filter: { ${one} }`]))
        const [fitting, fittingNone] = await Promise.all(
          documents.map((document) => ask(app, caller, document, variables)),
        )
        if (fitting !== fittingNone) leaks.push({ who: caller.name, list: list.name, filter, fitting, fittingNone })
        keys.add(`${list.name} ${filter.split(':')[0]}`)
      }
    }
  }

  expect(leaks).toEqual([])
  expect(keys.size).toBe(44)
}, 120_000)
