import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { change, changeDocument } from '../support/change.ts'
import { permissionsOf, statusOf, usernameOf } from '../support/look.ts'
import { query, readAudit, uuidOf, withoutWriting } from '../support/rows.ts'
import { grantRoles } from '../support/seed.ts'
import { basic, createPerson, OTHER_PASSWORD, PASSWORD, VIEWER, withoutChange } from '../support/sessions.ts'

const app = startApp()
/** bob, who has PASSWORD and holds nothing. */
const given = app.world(() => createPerson(app, 'bob'))

function get(headers: Record<string, string>): Promise<Response> {
  return fetch(`${app.url}?query=${encodeURIComponent(VIEWER)}`, { headers })
}

const encode = (text: string | Buffer) => Buffer.from(text).toString('base64')

describe('HTTP Basic', () => {
  test('is accepted in POST and GET, without a session or a key', async () => {
    const { viewer } = await app
      .as(basic('bob', PASSWORD))
      .ok('{ viewer { user { username } apiKey { id } session { id } expiresAt sessions { totalCount } } }')
    const response = await get(basic('bob', PASSWORD))

    expect(viewer).toEqual({
      user: { username: 'bob' },
      apiKey: null,
      session: null,
      expiresAt: null,
      sessions: { totalCount: 0 },
    })
    expect([response.status, await response.json()]).toEqual([200, { data: { viewer: { user: { username: 'bob' } } } }])
  })

  test('gives the whole authority of its user, and changes are made by that user', async () => {
    const bob = given()
    await grantRoles(app, 'bob', [{ role: 'ADMINISTRATOR', everywhere: true }])
    const client = app.as(basic('BOB', PASSWORD))

    const { project } = await change(client, 'createProject', { code: 'apollo' }, 'project { id }')

    expect(await readAudit(app)).toContainEqual(
      expect.objectContaining({
        action: 'createProject',
        actor_id: uuidOf(bob.id),
        api_key_id: null,
        session_id: null,
        target_id: uuidOf(project.id),
      }),
    )
  })

  test('accepts any case of the scheme, and blanks before the value', async () => {
    for (const scheme of ['basic ', 'BASIC ', 'Basic   ']) {
      expect(await usernameOf(app.as({ authorization: scheme + encode(`bob:${PASSWORD}`) }))).toBe('bob')
    }
  })

  test.each([
    ['colons', 'a:colon:and:more:'],
    ['a colon first', ':twelve letters'],
    ['UTF-8', 'Größenwahn ist 数学 und 🐎🔋'],
    ['blanks around', '  twelve letters  '],
    ['quotes and percent signs', `'"%00%zz\\u0000'`],
  ])('accepts a password with %s', async (_what, password) => {
    await createPerson(app, 'carol', { password })

    expect(await usernameOf(app.as(basic('carol', password)))).toBe('carol')
    expect(await statusOf(app.as(basic('carol', password.trim().slice(1))))).toBe(401)
  })

  test('accepts base64 with +, / and padding', async () => {
    const password = 'ÿþ>>>???ûïÿÿÿ~~~'
    await createPerson(app, 'carol', { password })
    const { authorization } = basic('carol', password)
    expect(authorization).toMatch(/[+/]/)

    expect(await usernameOf(app.as({ authorization }))).toBe('carol')
  })

  const BAD: [string, string][] = [
    ['a wrong password', encode('bob:wrong')],
    ['no password', encode('bob:')],
    ['no colon', encode('bob')],
    ['no username', encode(`:${PASSWORD}`)],
    ['nothing but a colon', encode(':')],
    ['nothing', ''],
    ['malformed base64', '%%%%'],
    ['base64 with a blank', `${encode(`bob:${PASSWORD}`).slice(0, 8)} ${encode(`bob:${PASSWORD}`).slice(8)}`],
    ['plain text', `bob:${PASSWORD.replaceAll(' ', '-')}`],
    ['bytes that are no UTF-8', encode(Buffer.from([0x62, 0x6f, 0x62, 0x3a, 0xff, 0xfe]))],
    ['a null byte in the username', encode(`bob\0:${PASSWORD}`)],
    ['a null byte in the password', encode(`bob:${PASSWORD}\0`)],
    ['another user', encode(`alice:${PASSWORD}`)],
    ['a long password', encode(`bob:${'x'.repeat(8000)}`)],
    ['the password twice', encode(`bob:${PASSWORD}${PASSWORD}`)],
    ['a blank before the username', encode(` bob:${PASSWORD}`)],
  ]

  test.each(BAD)('with %s is answered with 401 and asks for Bearer, in POST and GET', async (_what, value) => {
    const headers = { authorization: `Basic ${value}` }

    const [posted, got] = await withoutChange(app, async () => [await app.as(headers).send(VIEWER), await get(headers)])

    const body = {
      errors: [{ message: 'The credential is not valid.', extensions: { code: 'UNAUTHENTICATED' } }],
    }
    expect([posted.status, posted.headers.get('www-authenticate'), posted.data]).toEqual([401, 'Bearer', null])
    expect(posted.errors).toEqual(body.errors)
    expect([got.status, got.headers.get('www-authenticate'), await got.json()]).toEqual([401, 'Bearer', body])
  })

  test('with a wrong password changes nothing', async () => {
    await grantRoles(app, 'bob', [{ role: 'ADMINISTRATOR', everywhere: true }])

    const { status, data } = await withoutChange(app, () =>
      app.as(basic('bob', 'wrong')).send(changeDocument('createProject'), { input: { code: 'apollo' } }),
    )

    expect([status, data]).toEqual([401, null])
  })

  test('with the key of root as a password is refused', async () => {
    const { ROOT_KEY } = await import('../support/root-key.ts')

    expect(await statusOf(app.as(basic('root', ROOT_KEY)))).toBe(401)
  })

  describe('is checked again at the next request', () => {
    test.each([
      ['the user was disabled', 'disableUser', { user: 'bob' }],
      ['the user was deleted', 'deleteUser', { user: 'bob' }],
      ['another password was set', 'setUserPassword', { user: 'bob', password: OTHER_PASSWORD }],
      ['the user was renamed', 'updateUser', { user: 'bob', username: 'robert' }],
    ])('and is refused if %s, although it was valid before', async (_what, name, input) => {
      const client = app.as(basic('bob', PASSWORD))
      expect([await statusOf(client), await statusOf(client)]).toEqual([200, 200])

      await change(app.root, name, input)

      expect(await statusOf(client)).toBe(401)
    })

    test('and is valid if the same password was set again', async () => {
      const client = app.as(basic('bob', PASSWORD))
      expect(await statusOf(client)).toBe(200)

      await change(app.root, 'setUserPassword', { user: 'bob', password: PASSWORD })

      expect(await statusOf(client)).toBe(200)
    })

    test('and has less authority after a role was revoked', async () => {
      const roles = [{ role: 'AUDITOR', everywhere: true }]
      await grantRoles(app, 'bob', roles)
      const client = app.as(basic('bob', PASSWORD))
      expect(await permissionsOf(client)).toHaveLength(3)

      await change(app.root, 'revokeRoles', { user: 'bob', roles })

      expect(await permissionsOf(client)).toEqual([])
    })
  })

  test('writes nothing if it only reads', async () => {
    const client = app.as(basic('bob', PASSWORD))
    await statusOf(client)

    await withoutWriting(app, () => statusOf(client))

    expect(await query(app, sql`select id from sessions`)).toEqual([])
  })
})
