import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { startApp } from './support/app.ts'
import { change } from './support/change.ts'
import { databaseText, query } from './support/rows.ts'
import { secretsFound, secretsIn } from './support/secrets.ts'

const app = startApp()
const SECRET = 'sëcret + of/the=test?'

/** Every test that starts an app ends with this search; here it is seen to find what is planted. */
describe('a secret', () => {
  test('is found in a dump of all tables, wherever it is planted and in whatever form', async () => {
    const bytes = Buffer.from(SECRET)
    const forms = {
      plain: SECRET,
      base64: bytes.toString('base64'),
      base64url: bytes.toString('base64url'),
      'base64 of a longer text': Buffer.from(`bob:${SECRET}`).toString('base64'),
      hex: bytes.toString('hex'),
      url: encodeURIComponent(SECRET),
    }
    const found: Record<string, string[]> = {}

    for (const [name, form] of Object.entries(forms)) {
      await query(app, sql`update users set display_name = ${form}`)
      found[name] = secretsFound(await databaseText(app), [SECRET])
    }
    await query(app, sql`update users set display_name = 'nothing'`)
    found.nothing = secretsFound(await databaseText(app), [SECRET])

    const all = Object.keys(forms).map((name) => [name, [SECRET]])
    expect(found).toEqual({ ...Object.fromEntries(all), nothing: [] })
  })

  test('is known by the input that takes it and the answer that gives it', async () => {
    const input = { username: 'bob', password: 'a password of the test' }
    const payload = await change(app.root, 'createUser', { ...input, withApiKey: true }, 'secret user { username }')

    expect(secretsIn({ input }, false)).toEqual(['a password of the test'])
    expect(secretsIn({ createUser: payload }, true)).toEqual([payload.secret])
    expect(
      secretsIn({ input: { attributes: { accessKey: { accessKey: 'AKIA', secretKey: 'the secret key' } } } }, false),
    ).toEqual(['the secret key'])
  })
})
