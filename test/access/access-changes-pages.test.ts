/** The pages of `accessChanges`, and what it can't be asked. */
import { describe, expect, test } from 'vitest'
import { type AccessChange, CHANGES, changeInWords, HOUR_MS, hoursAgo, readChanges } from '../support/access-changes.ts'
import { startApp } from '../support/app.ts'
import { change } from '../support/change.ts'
import { createOrganization, createRole, createUser } from '../support/seed.ts'
import { letPass } from './replay/clock.ts'

const app = startApp()

const IN_ACME = [{ role: 'EDITOR', organization: 'acme' }]

/** In the last half hour amy and carol lost a word, bob gained three; dave holds what he held. */
async function createChanges() {
  await createOrganization(app, 'acme')
  await createRole(app, 'EDITOR', ['doc.edit'])
  await createRole(app, 'LIBRARIAN', ['doc.list', 'doc.read'])
  for (const username of ['dave', 'carol', 'amy']) await createUser(app, username, { roles: IN_ACME })
  await letPass(app, HOUR_MS)
  for (const user of ['carol', 'amy']) await change(app.root, 'revokeRoles', { user, roles: IN_ACME })
  await createUser(app, 'bob', { roles: [...IN_ACME, { role: 'LIBRARIAN', organization: 'acme' }] })
  return hoursAgo(0.5)
}

interface Page {
  totalCount: number
  nodes: AccessChange[]
  edges: { cursor: string }[]
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string; endCursor: string }
}

async function readPage(page: object): Promise<Page> {
  const { accessChanges } = await app.root.ok(CHANGES, page)
  return accessChanges
}

describe('pages', () => {
  test.each([1, 2, 3, 4])('of %i, forward, are the whole list by username', async (first) => {
    const from = await createChanges()

    const changes = await readChanges(app.root, { from, first })

    expect(changes.map(({ username }) => username)).toEqual(['amy', 'bob', 'bob', 'bob', 'carol'])
    expect(changes.map(changeInWords).sort()).toEqual([
      ...['doc.edit', 'doc.list', 'doc.read'].map((word) => `GAINED bob ${word} in acme`),
      ...['LOST amy doc.edit in acme', 'LOST carol doc.edit in acme'],
    ])
  })

  test.each([1, 2, 3, 4])('of %i, backward, are the same list', async (last) => {
    const from = await createChanges()
    const whole = await readChanges(app.root, { from })
    const pages: AccessChange[][] = []

    for (let before: string | null = null; ; ) {
      const { totalCount, nodes, edges, pageInfo }: Page = await readPage({ from, last, before })
      pages.unshift(nodes)
      expect([totalCount, pageInfo.hasNextPage]).toEqual([5, before !== null])
      expect([pageInfo.startCursor, pageInfo.endCursor]).toEqual([edges[0]?.cursor, edges.at(-1)?.cursor])
      before = pageInfo.startCursor
      if (!pageInfo.hasPreviousPage) break
    }

    expect(pages.flat()).toEqual(whole)
    expect(pages.slice(1).map((page) => page.length)).toEqual(Array(pages.length - 1).fill(last))
  })

  test('say whether there are items before and after them', async () => {
    const from = await createChanges()
    const { pageInfo } = await readPage({ from, first: 2 })

    const pages = [
      await readPage({ from, first: 2, after: pageInfo.endCursor }),
      await readPage({ from, first: 3, after: pageInfo.endCursor }),
      await readPage({ from, first: 5 }),
    ]

    expect(
      pages.map(({ nodes, pageInfo: { hasPreviousPage, hasNextPage } }) => [
        nodes.length,
        hasPreviousPage,
        hasNextPage,
      ]),
    ).toEqual([
      [2, true, true],
      [3, true, false],
      [5, false, false],
    ])
  })

  test('have twenty items where no length is given', async () => {
    await createOrganization(app, 'acme')
    await createRole(
      app,
      'EDITOR',
      Array.from({ length: 21 }, (_, n) => `doc.edit${n}`),
    )
    await createUser(app, 'bob', { organization: 'acme' })
    await letPass(app, HOUR_MS)
    await change(app.root, 'grantRoles', { user: 'bob', roles: IN_ACME })

    const { totalCount, nodes, pageInfo } = await readPage({ from: hoursAgo(0.5) })

    expect([totalCount, nodes.length, pageInfo.hasNextPage]).toEqual([21, 20, true])
  })
})

describe('bad input', () => {
  const seconds = (from: number) => new Date(Date.now() + from * 1000).toISOString()
  const settled = (argument: string) => `"${argument}" must be at least 10 seconds ago.`
  const AFTER = '"to" must be after "from".'
  const noon = '2026-01-05T12:00:00.000Z'

  const BAD: [string, () => object, string][] = [
    ['a beginning that is now', () => ({ from: seconds(0) }), settled('from')],
    ['a beginning 8 seconds ago', () => ({ from: seconds(-8), user: 'nobody' }), settled('from')],
    ['a beginning in the future', () => ({ from: seconds(3600) }), settled('from')],
    ['a beginning in a hundred years', () => ({ from: '2126-01-01T00:00:00Z', to: null }), settled('from')],
    ['an end that is now', () => ({ from: noon, to: seconds(0) }), settled('to')],
    ['an end 8 seconds ago', () => ({ from: noon, to: seconds(-8) }), settled('to')],
    ['an end in the future', () => ({ from: noon, to: seconds(3600) }), settled('to')],
    ['an end that is the beginning', () => ({ from: noon, to: noon }), AFTER],
    ['an end before the beginning', () => ({ from: noon, to: '2026-01-05T11:59:59.999Z' }), AFTER],
    ['the same moment written otherwise', () => ({ from: noon, to: '2026-01-05T13:00:00+01:00' }), AFTER],
    ['a null byte in the name', () => ({ from: noon, user: 'a\0b' }), '"user" holds a null byte.'],
    ['an empty page', () => ({ from: noon, first: 0 }), '"first" must be from 1 to 100, not 0.'],
    ['too long a page', () => ({ from: noon, first: 101 }), '"first" must be from 1 to 100, not 101.'],
    ['too long a page from the end', () => ({ from: noon, last: 101 }), '"last" must be from 1 to 100, not 101.'],
    ['both ends', () => ({ from: noon, first: 1, last: 1 }), 'Give "first" or "last", not both.'],
  ]

  test.each(BAD)('like %s is refused and named, for every caller', async (_what, variables, message) => {
    const amy = await createUser(app, 'amy')

    const errors = [
      await app.root.refused('BAD_USER_INPUT', CHANGES, variables()),
      await amy.client.refused('BAD_USER_INPUT', CHANGES, variables()),
    ]

    expect(errors.map((error) => error.message)).toEqual([message, message])
  })

  test.each([
    ['from', ['x', '', '2020-13-01T00:00:00Z', 5, null]],
    ['to', ['x', '', '2020-13-01T00:00:00Z', 5]],
    ['user', [5, ['bob']]],
  ])('of another type in $%s is refused, and named', async (name, values) => {
    for (const value of values) {
      const error = await app.root.refused('BAD_USER_INPUT', CHANGES, { from: noon, [name]: value })
      expect(error.message).toContain(`"$${name}"`)
    }
  })

  test.each(['after', 'before'])('that is no cursor of this list is refused, and named %s', async (name) => {
    const from = await createChanges()
    const { users } = await app.root.ok('{ users(first: 1) { pageInfo { endCursor } } }')

    for (const cursor of [' ', 'x', 'W10', 'a\0b', users.pageInfo.endCursor.slice(1)]) {
      const { message } = await app.root.refused('BAD_USER_INPUT', CHANGES, { from, [name]: cursor })
      expect(message).toContain(`"${name}"`)
    }
  })
})
