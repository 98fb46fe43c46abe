import { describe, expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { change } from '../support/change.ts'
import { createUser } from '../support/seed.ts'
import { basic, createPerson, PASSWORD, SIGN_IN } from '../support/sessions.ts'

const app = startApp({ passwordNeedsApiKey: true })
const VIEWER = '{ viewer { user { username } } }'

/** erin, who has a password, and the key of an application. */
const world = app.world(async () => {
  await createPerson(app, 'erin')
  const { key } = await createUser(app, 'portal')
  return { key }
})

describe('where a password needs the key of an application', () => {
  test('signIn and Basic are refused without the key', async () => {
    const input = { username: 'erin', password: PASSWORD }

    await app.nobody.refused('FORBIDDEN', SIGN_IN, input)
    await app.as(basic('erin', PASSWORD)).refused('UNAUTHENTICATED', VIEWER)
  })

  test('signIn and Basic are answered beside the key', async () => {
    const { signIn } = await app.as(world().key).ok(SIGN_IN, { username: 'erin', password: PASSWORD })
    const beside = app.as({ ...basic('erin', PASSWORD), 'api-key': world().key })

    expect(signIn.__typename ?? 'SignInPayload').toBe('SignInPayload')
    expect(await beside.ok(VIEWER)).toEqual({ viewer: { user: { username: 'erin' } } })
  })

  test('keys and tokens need nothing beside them', async () => {
    expect(await app.as(world().key).ok(VIEWER)).toEqual({ viewer: { user: { username: 'portal' } } })
    await change(app.root, 'updateViewer', { displayName: 'Root' })
  })
})
