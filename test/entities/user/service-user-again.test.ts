import { describe, expect, test } from 'vitest'
import { startApp } from '../../support/app.ts'
import { change, changeDocument, failInput } from '../../support/change.ts'
import { withoutWriting } from '../../support/rows.ts'

const app = startApp()
const INPUT = { username: 'api-upload', email: 'max@example.test', ifExists: 'UPDATE' }

describe('createServiceUser with ifExists: UPDATE', () => {
  test('by eight at once creates the user once, with one key, and updates it seven times', async () => {
    const document = changeDocument('createServiceUser', 'created secret')

    const answers = await Promise.all(Array.from({ length: 8 }, () => app.root.ok(document, { input: INPUT })))

    const made = answers.map(({ createServiceUser }) => createServiceUser)
    expect(made.map(({ created }) => created).sort()).toEqual([...Array(7).fill(false), true])
    expect(made.filter(({ secret }) => secret !== null)).toHaveLength(1)
  })

  test('leaves the address and the display name where they are omitted', async () => {
    await change(app.root, 'createServiceUser', { ...INPUT, displayName: 'Uploader' })

    await change(app.root, 'createServiceUser', { username: 'upload', ifExists: 'UPDATE' })

    const { user } = await app.root.ok('{ user(username: "api-upload") { email displayName } }')
    expect(user).toEqual({ email: 'max@example.test', displayName: 'Uploader' })
  })

  test('needs the address for a new user, and never takes it away', async () => {
    await withoutWriting(app, () => failInput(app.root, ['email'], 'createServiceUser', { username: 'upload' }))
    await change(app.root, 'createServiceUser', INPUT)

    await withoutWriting(app, () => failInput(app.root, ['email'], 'createServiceUser', { ...INPUT, email: null }))
  })
})
