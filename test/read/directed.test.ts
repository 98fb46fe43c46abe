import { execute, parse } from 'graphql'
import { afterAll, describe, expect, test } from 'vitest'
import { openTestDatabase } from '../support/database.ts'
import { admin, alice, bob, type Caller, nobody } from './callers.ts'
import { data } from './data.ts'
import { contextOf, openFilledDatabase } from './database.ts'
import { compareDirected, directed } from './directed.ts'
import { schema } from './schema.ts'

const database = await openFilledDatabase(openTestDatabase)
afterAll(() => database.close())

describe('directed documents read the same as the oracle', () => {
  test.each(directed)('$name', async (one) => {
    expect(await compareDirected(database, one)).toEqual([])
  })
})

async function read(source: string, caller: Caller, variables: Record<string, unknown> = {}, texts: string[] = []) {
  const contextValue = contextOf(database, caller, (text) => texts.push(text))
  const result = await execute({ schema, document: parse(source), variableValues: variables, contextValue })
  return JSON.parse(JSON.stringify(result))
}

test('a wrong claim that the target is visible hides the row', async () => {
  const hidden = new Set(data.people.filter((person) => person.isHidden).map(({ id }) => id))
  const expected = data.teams.filter((team) => !team.isPrivate && !hidden.has(team.ownerId)).map(({ name }) => name)

  const { data: read_ } = await read('{ publicTeams(first: 100) { nodes { name claimedOwner { name } } } }', nobody)

  const names = read_.publicTeams.nodes.map(({ name }: { name: string }) => name)
  expect(names.sort()).toEqual(expected.sort())
  expect(expected.length).toBeGreaterThan(0)
  expect(expected.length).toBeLessThan(data.teams.filter((team) => !team.isPrivate).length)
})

test('a root field is one statement', async () => {
  const texts: string[] = []

  await read('{ tasks(first: 50) { totalCount nodes { title team { owner { name } } } } }', admin, {}, texts)

  expect(texts.length).toBe(1)
})

test('page sizes of one bucket share a statement', async () => {
  const document = parse('query ($n: Int) { tasks(first: $n) { nodes { id } } }')
  const texts: string[] = []
  const contextValue = contextOf(database, alice, (text) => texts.push(text))

  for (const n of [6, 7, 10, 11]) await execute({ schema, document, variableValues: { n }, contextValue })

  expect(new Set(texts).size).toBe(2)
  expect(texts.map((text) => /limit (\d+)/.exec(text)?.[1])).toEqual(['11', '11', '11', '21'])
})

test.each(['first', 'last'])('all pages by %s are the whole list once', async (argument) => {
  const cursorArgument = argument === 'first' ? 'after' : 'before'
  const end = argument === 'first' ? 'endCursor' : 'startCursor'
  const source = `query ($c: String) { tasks(${argument}: 7, ${cursorArgument}: $c, orderBy: {field: CREATED}) {
    totalCount nodes { id } pageInfo { hasNextPage hasPreviousPage ${end} } } }`
  const seen: string[] = []
  let cursor: string | null = null
  let count = 0
  for (let hasMore = true; hasMore; ) {
    const { data: page } = await read(source, bob, { c: cursor })
    seen.push(...page.tasks.nodes.map(({ id }: { id: string }) => id))
    count = page.tasks.totalCount
    cursor = page.tasks.pageInfo[end]
    hasMore = argument === 'first' ? page.tasks.pageInfo.hasNextPage : page.tasks.pageInfo.hasPreviousPage
  }

  expect(new Set(seen).size).toBe(count)
  expect(seen.length).toBe(count)
})

const unreadable = 'A filter or cursor holds a value that the database cannot read.'
const badDate = Buffer.from('["CREATED asc", "2026-13-45 00:00:00+00", "00000000-0000-4000-8000-000000000000"]')

test.each([
  ['an id that is no UUID', '{ team(id: "team_x") { name } }'],
  ['a node id that is no UUID', '{ node(id: "team_x") { id } }'],
  [
    'a cursor of no such day',
    `{ tasks(after: "${badDate.toString('base64url')}", orderBy: {field: CREATED}) { nodes { id } } }`,
  ],
])('%s is refused as bad input', async (_name, source) => {
  const { data: none, errors } = await read(source, admin)

  expect(Object.values(none)).toEqual([null])
  expect(errors.map((error: { message: string }) => error.message)).toEqual([unreadable])
  expect(errors[0].extensions.code).toBe('BAD_USER_INPUT')
})

test('a text with a null byte is refused, naming the argument', async () => {
  const { data: none, errors } = await read('{ people(filter: {name: {equals: "\\u0000"}}) { totalCount } }', admin)

  expect(none).toEqual({ people: null })
  expect(errors[0].message).toBe('"filter.name.equals" holds a null byte.')
  expect(errors[0].extensions.code).toBe('BAD_USER_INPUT')
})

test('a guard that denies gives null, the reason at its path, and the rest of the object', async () => {
  const person = data.people.find(({ isHidden }) => !isHidden)
  const texts: string[] = []

  const { data: found, errors } = await read(
    `{ p: person(name: "${person?.name}") { e: email name } }`,
    nobody,
    {},
    texts,
  )

  expect(found).toEqual({ p: { e: null, name: person?.name } })
  expect(errors).toEqual([
    {
      message: 'Reading this needs people:contact.',
      path: ['p', 'e'],
      locations: [expect.anything()],
      extensions: { code: 'FORBIDDEN', missing: 'people:contact' },
    },
  ])
  expect(texts.length).toBe(1)
})
