/** A huge bad input is answered shortly: it can't make an answer that is larger than the request, or a long wait. */
import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { changeDocument } from '../support/change.ts'
import { withoutWriting } from '../support/rows.ts'

const app = startApp()

const GRANT = changeDocument('grantRoles')
const CREATE = changeDocument('createApiKey')

function grants(count: number) {
  return { input: { user: 'root', roles: Array.from({ length: count }, () => ({ role: 7, expiresAt: 'never' })) } }
}

test('at most twenty issues are told of one input', async () => {
  const answer = await withoutWriting(app, () => app.root.failed('InvalidInputError', GRANT, grants(100)))

  expect(answer.issues).toHaveLength(20)
})

test('a list of more than a hundred items is one issue, whatever the items are', async () => {
  const answer = await withoutWriting(app, () => app.root.failed('InvalidInputError', GRANT, grants(5_000)))

  expect(answer.issues).toEqual([{ path: ['roles'], message: 'At most 100 items at once.' }])
})

test('a value with thousands of parts where a text belongs is one issue', async () => {
  const label = Object.fromEntries(Array.from({ length: 15_000 }, (_, n) => [`a${n}`, n]))

  const answer = await withoutWriting(app, () => app.root.failed('InvalidInputError', CREATE, { input: { label } }))

  expect(answer.issues).toMatchObject([{ path: ['label'] }])
})

test('the input of an unknown caller is not described', async () => {
  const error = await app.nobody.refused('UNAUTHENTICATED', GRANT, grants(2))

  expect(JSON.stringify(error)).not.toContain('expiresAt')
})

test('the bad input of someone who signs in is InvalidInputError', async () => {
  const answer = await app.nobody.failed('InvalidInputError', changeDocument('signIn'), {
    input: { username: 7, password: 'x' },
  })

  expect(answer.issues).toMatchObject([{ path: ['username'] }])
})
