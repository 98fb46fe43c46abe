/** What `checkAccess` can’t be asked, and secrets that are not put into a variable. */
import { describe, expect, test } from 'vitest'
import { startOwnApp } from '../support/app.ts'
import { ROOT_KEY } from '../support/root-key.ts'

const app = startOwnApp()

const DOCUMENT = 'query ($input: CheckAccessInput!) { checkAccess(input: $input) { isAllowed code } }'
const EVERYWHERE = { permission: 'version.create', everywhere: true }
const NULL_BYTE = 'a\0b'

/** Asks; gives the message of the refusal. */
async function refuse(input: unknown): Promise<string> {
  const { message } = await app.root.refused('BAD_USER_INPUT', DOCUMENT, { input })
  return message
}

/** The question stands behind a good one, so that its place is told. */
function second(question: unknown) {
  return { questions: [{ permission: EVERYWHERE }, question] }
}

describe('a question about access is BAD_USER_INPUT naming it', () => {
  const PERMISSIONS = [
    '',
    'version',
    'Version.create',
    'version.',
    'version.*',
    '*',
    '@applications',
    'users.fly',
    'a.b c',
  ]
  test.each([...PERMISSIONS, NULL_BYTE, 'a\ud800b', `a.${'b'.repeat(100)}`])(
    'where the permission is none: %j',
    async (permission) => {
      expect(await refuse(second({ permission: { permission, everywhere: true } }))).toContain(
        'input.questions.1.permission',
      )
    },
  )

  test.each([
    [{}],
    [{ everywhere: false }],
    [{ everywhere: null, project: null }],
    [{ everywhere: true, project: 'apollo' }],
    [{ everywhere: true, organization: 'default' }],
    [{ project: 'apollo', organization: 'default' }],
  ])('where the place is none, or more than one: %j', async (place) => {
    expect(await refuse(second({ permission: { permission: 'version.create', ...place } }))).toContain(
      'input.questions.1.permission',
    )
  })

  test.each([
    ['none', {}],
    ['null', null],
    ['one that is null', { permission: null }],
    ['two at once', { permission: EVERYWHERE, controller: { controller: 'gce1', access: 'LOGIN' } }],
    ['an unknown one', { role: 'AUDITOR' }],
    ['a text', 'version.create'],
    ['a level of the other ladder', { controller: { controller: 'gce1', access: 'ADMIN' } }],
    ['a level of the other ladder', { model: { controller: 'gce1', model: 'web', access: 'LOGIN' } }],
    ['no level', { model: { controller: 'gce1', model: 'web' } }],
    ['no model', { model: { controller: 'gce1', access: 'READ' } }],
  ])('where it is no question: %s', async (_what, question) => {
    expect(await refuse(second(question))).toContain('questions[1]')
  })

  test.each([
    ['user', { user: NULL_BYTE, ...second({ permission: EVERYWHERE }) }],
    ['project', second({ permission: { permission: 'version.create', project: NULL_BYTE } })],
    ['organization', second({ permission: { permission: 'version.create', organization: NULL_BYTE } })],
    ['controller', second({ controller: { controller: NULL_BYTE, access: 'LOGIN' } })],
    ['model', second({ model: { controller: 'gce1', model: NULL_BYTE, access: 'READ' } })],
  ])('where the name can’t be one: %s', async (name, input) => {
    expect(await refuse(input)).toContain(name)
  })

  test('where there is none, there are too many, or a user and a key', async () => {
    const many = (length: number) => ({ questions: Array.from({ length }, () => ({ permission: EVERYWHERE })) })

    for (const input of [many(0), many(101), { questions: null }, {}])
      expect(await refuse(input)).toContain('questions')
    expect(await refuse({ user: 'root', apiKey: 'chl_x', ...many(1) })).toContain('"user" or an "apiKey"')

    const { checkAccess } = await app.root.ok(DOCUMENT, { input: many(100) })
    expect(checkAccess).toEqual(Array(100).fill({ isAllowed: true, code: 'ALLOWED' }))
  })

  test('a name that does not exist is no bad input: it is the answer', async () => {
    const names = ['', ' ', '%', 'a\ud800b', "'; drop table users; --", 'a'.repeat(20_000)]
    for (const name of names) {
      const questions = [
        { permission: { permission: 'version.create', project: name } },
        { permission: { permission: 'version.create', organization: name } },
        { controller: { controller: name, access: 'LOGIN' } },
        { model: { controller: name, model: name, access: 'READ' } },
      ]

      const { checkAccess } = await app.root.ok(DOCUMENT, { input: { questions } })
      const nobody = await app.root.ok(DOCUMENT, { input: { user: name, questions } })

      expect(checkAccess).toEqual(Array(4).fill({ isAllowed: false, code: 'NOT_FOUND' }))
      expect(nobody.checkAccess).toBe(null)
    }
  })
})

describe('a secret that is asked about', () => {
  const SPELLED_OUT: [string, string][] = [
    ['secret', '{ verifyApiKey(secret: "chl_spelled") { username } }'],
    ['token', '{ verifySession(token: "eyJspelled") { username } }'],
    [
      'input.apiKey',
      '{ checkAccess(input: { apiKey: "chl_spelled", questions: [{ permission: { permission: "a.b", everywhere: true } }] }) { code } }',
    ],
  ]

  test.each(SPELLED_OUT)('is not spelled out in the document: %s', async (name, document) => {
    const { message } = await app.root.refused('BAD_USER_INPUT', document)

    expect(message).toContain(`"${name}"`)
    expect(message).not.toContain('spelled')
  })

  test('is in a variable that has no value of its own', async () => {
    const document = 'query ($secret: String! = "chl_spelled") { verifyApiKey(secret: $secret) { username } }'

    await app.root.refused('BAD_USER_INPUT', document)
  })

  test.each([
    ['secret', 'query ($v: String!) { verifyApiKey(secret: $v) { username } }'],
    ['token', 'query ($v: String!) { verifySession(token: $v) { username } }'],
  ])('is not in an address: %s', async (name, query) => {
    const search = new URLSearchParams({ query, variables: JSON.stringify({ v: 'chl_spelled' }) })
    const response = await fetch(`${app.url}?${search}`, { headers: { 'api-key': ROOT_KEY } })

    const { errors } = await response.json()
    expect(errors[0]).toMatchObject({
      message: expect.stringContaining(`"${name}"`),
      extensions: { code: 'BAD_USER_INPUT' },
    })
    expect(errors[0].message).not.toContain('spelled')
  })
})
