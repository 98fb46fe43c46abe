/** What clients of the last release would stumble over. A release replaces `released.graphql` by its schema. */
import { readFileSync } from 'node:fs'
import { buildSchema, findBreakingChanges } from 'graphql'
import { expect, test } from 'vitest'

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')

/** The breaking changes from one schema to another that the text does not announce by the name of what changed. */
function unannounced(released: string, current: string, announcement: string): string[] {
  const changes = findBreakingChanges(buildSchema(released), buildSchema(current))
  return changes.map(({ description }) => description).filter((description) => !isAnnounced(description, announcement))
}

/** `User.active was removed.` is announced by a line of the change log that has `User.active`. */
function isAnnounced(description: string, announcement: string): boolean {
  const [name = ''] = /\b[A-Z]\w*\.\w+/.exec(description) ?? /\b(?!Field|Argument)[A-Z]\w+/.exec(description) ?? []
  return announcement.includes(`\`${name}\``)
}

test('every breaking change since the last release is in the change log', () => {
  const [, unreleased = ''] = /## \[?Unreleased\]?([\s\S]*?)(?=\n## |$)/.exec(read('../../CHANGELOG.md')) ?? []

  expect(unreleased).not.toBe('')
  expect(unannounced(read('released.graphql'), read('../../schema.graphql'), unreleased)).toEqual([])
})

test('a breaking change that is not announced is named', () => {
  const [before, after] = ['type Query { user: String active: Boolean }', 'type Query { user: String }']

  expect(unannounced(before, after, '')).toEqual([expect.stringContaining('Query.active')])
  expect(unannounced(before, after, '- `Query.active` is gone.')).toEqual([])
})
