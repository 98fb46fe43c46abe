import { describe, expect, test } from 'vitest'
import { startApp } from './support/app.ts'
import { createUser } from './support/seed.ts'

const app = startApp()

describe('API keys', () => {
  test('a revoked key is refused by the next request', async () => {
    const bob = await createUser(app, 'bob')
    await bob.client.ok('{ viewer { user { username } } }')

    await app.root.ok(
      `mutation ($input: RevokeApiKeyInput!) { revokeApiKey(input: $input) { __typename ... on RevokeApiKeyPayload { changed } } }`,
      { input: { apiKey: bob.keyId } },
    )

    const { status, data } = await bob.client.send('{ viewer { user { username } } }')
    expect(status).toBe(401)
    expect(data).toBe(null)
  })
})
