/** The attributes of credentials: every one of every type, with what no attribute can be. */
import { describe, expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { changeDocument, failInput } from '../support/change.ts'
import { addCredential, inputOf, memberOf, reveal, TYPES, valuesOf } from '../support/credentials.ts'
import { withoutWriting } from '../support/rows.ts'

const app = startApp()

const ATTRIBUTES = TYPES.flatMap(({ member, attributes }) =>
  attributes.map(({ name, isRequired }) => ({ member, name: memberOf(name), isRequired })),
)

/** What a type takes, with another value for one attribute; undefined leaves it out. */
function withValue(member: string, name: string, value: unknown): object {
  const type = TYPES.find((one) => one.member === member)
  const given = inputOf(member, valuesOf(type?.attributes ?? []))
  return { [member]: { ...given[member], [name]: value } }
}

/** Sends attributes that must be refused before they are looked at; gives the message. */
async function refuse(attributes: unknown): Promise<string> {
  const input = { name: 'x', attributes }
  const error = await app.root.refused('BAD_USER_INPUT', changeDocument('addCredential'), { input })
  return error.message
}

test('there are ten types with 30 attributes', () => {
  expect([TYPES.length, ATTRIBUTES.length]).toEqual([10, 30])
})

describe('an attribute of a credential', () => {
  test.each(ATTRIBUTES)(
    'is refused by name where no text can be like that: $member.$name',
    async ({ member, name }) => {
      const values = ['', 'a\0b', 'a\ud800b', 'a\udc00', 'a'.repeat(20_001)]

      await withoutWriting(app, async () => {
        for (const value of values) {
          const input = { name: 'x', attributes: withValue(member, name, value) }
          await failInput(app.root, [`attributes.${member}.${name}`], 'addCredential', input)
        }
      })
    },
  )

  test('is refused by name where it is of the wrong type', async () => {
    const surprises: unknown[] = []

    await withoutWriting(app, async () => {
      for (const { member, name } of ATTRIBUTES) {
        for (const value of [5, true, { a: 1 }, ['a', 'b']]) {
          const input = { name: 'x', attributes: withValue(member, name, value) }
          const { issues } = await app.root.failed('InvalidInputError', changeDocument('addCredential'), { input })
          const path = issues[0]?.path.join('.')
          if (path !== `attributes.${member}.${name}`) surprises.push([member, name, value, path])
        }
      }
    })

    expect(surprises).toEqual([])
  })

  test('is refused by name where it is needed and null or missing, and may be null where it is not', async () => {
    const needed = ATTRIBUTES.filter(({ isRequired }) => isRequired)

    for (const { member, name } of needed) {
      expect(await refuse(withValue(member, name, null))).toContain(`input.attributes.${member}.${name}`)
      expect(await refuse(withValue(member, name, undefined))).toContain(name)
    }
    for (const [index, { member, name }] of ATTRIBUTES.filter(({ isRequired }) => !isRequired).entries()) {
      const input = { name: `c${index}`, attributes: withValue(member, name, null) }
      await app.root.failed('AddCredentialPayload', changeDocument('addCredential'), { input })
    }
    expect([needed.length, ATTRIBUTES.length]).toEqual([23, 30])
  })

  test('may be as long as a certificate is', async () => {
    const longest = 'a'.repeat(20_000)

    await addCredential(app.root, 'long', longest)

    expect((await reveal(app.root, 'long')).find(({ name }) => name === 'password')?.value).toBe(longest)
  })
})

describe('the type of a credential', () => {
  const USERPASS = { username: 'me', password: 'a secret' }

  test.each([
    ['none', {}],
    ['null', null],
    ['one that is null', { userpass: null }],
    ['two', { userpass: USERPASS, oauth1: { consumer: 'c', token: 't' } }],
    ['one, and one that is null', { userpass: USERPASS, oauth1: null }],
    ['one that there is not', { kerberos: { ticket: 't' } }],
    ['one as the clouds write it', { 'access-key': { 'access-key': 'a', 'secret-key': 's' } }],
    ['one with an attribute of another', { userpass: { ...USERPASS, token: 't' } }],
    ['a list', [{ userpass: USERPASS }, { userpass: USERPASS }]],
    ['a text', 'userpass'],
    ['the empty one with nothing', { empty: {} }],
    ['the empty one with null', { empty: { confirm: null } }],
  ])('is exactly one of those there are, not %s', async (_what, attributes) => {
    const message = await withoutWriting(app, () => refuse(attributes))

    expect(message).toMatch(/attributes|CredentialAttributesInput|kerberos|access-key|token|confirm/)
    expect(message).not.toContain('a secret')
  })
})
