import { describe, expect, test } from 'vitest'
import { startApp } from '../../support/app.ts'
import { change, changeDocument, failChange, failInput } from '../../support/change.ts'
import {
  addCredential,
  credentialsOf,
  inputOf,
  memberOf,
  reveal,
  spellingsOf,
  TYPES,
  valuesOf,
  withoutSecrets,
} from '../../support/credentials.ts'
import { readAudit, uuidOf, withoutWriting } from '../../support/rows.ts'
import { createUser } from '../../support/seed.ts'

const app = startApp()
const given = app.world(async () => ({ bob: await createUser(app, 'bob') }))

const CREDENTIAL = 'credential { id name type attributes { name value isSecret } user { username } createdAt }'

describe.each(TYPES)('a credential of the type $type', ({ member, type, attributes }) => {
  const required = attributes.filter(({ isRequired }) => isRequired)

  test('tells all its attributes in their order, and the secret ones to its owner alone', async () => {
    const { bob } = given()
    const values = valuesOf(attributes)

    const input = { name: 'mine', attributes: inputOf(member, values) }
    const { credential } = await change(bob.client, 'addCredential', input, CREDENTIAL)

    const expected = {
      id: credential.id,
      name: 'mine',
      type,
      attributes: withoutSecrets(values),
      user: { username: 'bob' },
    }
    expect(credential).toEqual({ ...expected, createdAt: expect.stringMatching(/^\d{4}-/) })
    expect(await credentialsOf(bob.client, 'bob')).toEqual([expected])
    expect(await reveal(bob.client, 'MINE')).toEqual(values)
  })

  test('tells only the required attributes where it has no others', async () => {
    const { bob } = given()
    const values = valuesOf(required)
    const others = attributes.filter(({ isRequired }) => !isRequired).map(({ name }) => ({ name, value: null }))

    await change(bob.client, 'addCredential', { name: 'omitted', attributes: inputOf(member, values) })
    await change(bob.client, 'addCredential', { name: 'null', attributes: inputOf(member, [...values, ...others]) })

    const seen = await credentialsOf(bob.client, 'bob')
    expect(seen.map((one: { attributes: object }) => one.attributes)).toEqual([
      withoutSecrets(values),
      withoutSecrets(values),
    ])
    expect(await reveal(bob.client, 'omitted')).toEqual(values)
    expect(await reveal(bob.client, 'null')).toEqual(values)
  })

  test('leaves one row in the audit, with the names of its attributes and without their values', async () => {
    const { bob } = given()
    const values = valuesOf(attributes)
    const before = (await readAudit(app)).length

    const input = { name: 'mine', attributes: inputOf(member, values) }
    const { credential } = await change(bob.client, 'addCredential', input, CREDENTIAL)

    const rows = (await readAudit(app)).slice(before)
    expect(rows).toMatchObject([
      {
        action: 'addCredential',
        actor_id: uuidOf(bob.id),
        target_type: 'Credential',
        target_id: uuidOf(credential.id),
      },
    ])
    const after = {
      name: 'mine',
      type: type.toLowerCase().replaceAll('_', '-'),
      attributes: values.map(({ name }) => name),
    }
    expect([rows[0]?.before, rows[0]?.after]).toEqual([null, after])
  })

  test('is refused where a required attribute is missing or null', async () => {
    const { bob } = given()
    const document = changeDocument('addCredential')
    const values = valuesOf(attributes)

    await withoutWriting(app, async () => {
      for (const { name } of required) {
        const others = values.filter((value) => value.name !== name)
        for (const left of [others, [...others, { name, value: null }]]) {
          const input = { name: 'mine', attributes: inputOf(member, left) }
          const { message } = await bob.client.refused('BAD_USER_INPUT', document, { input })
          expect(message).toContain(memberOf(name))
        }
      }
    })
  })

  test('is refused where an attribute is empty, and the error names it', async () => {
    const { bob } = given()
    const values = valuesOf(attributes)

    await withoutWriting(app, async () => {
      for (const { name } of attributes) {
        const empty = values.map((value) => (value.name === name ? { ...value, value: '' } : value))
        const path = `attributes.${member}.${memberOf(name)}`
        await failInput(bob.client, [path], 'addCredential', { name: 'mine', attributes: inputOf(member, empty) })
      }
    })
  })
})

test('the schema has no other type', async () => {
  const { __type: type } = await app.root.ok('{ __type(name: "CredentialType") { enumValues { name } } }')
  const { __type: input } = await app.root.ok(
    '{ __type(name: "CredentialAttributesInput") { isOneOf inputFields { name } } }',
  )

  expect(type.enumValues.map(({ name }: { name: string }) => name).sort()).toEqual(TYPES.map((one) => one.type).sort())
  expect(input.inputFields.map(({ name }: { name: string }) => name).sort()).toEqual(
    TYPES.map((one) => one.member).sort(),
  )
  expect(input.isOneOf).toBe(true)
})

describe('attributes', () => {
  const oauth1 = { consumer: 'c', token: 'top-secret-token' }
  const jsonfile = { file: 'top-secret-file' }

  const WRONG: [string, unknown][] = [
    ['of two types', { oauth1, jsonfile }],
    ['of no type', {}],
    ['of a type that is null', { oauth1: null }],
    ['of one type, and of another type that is null', { oauth1, jsonfile: null }],
    ['of an unknown type', { kerberos: { ticket: 'top-secret-ticket' } }],
    ['without a required attribute', { oauth1: { token: 'top-secret-token' } }],
    ['with an attribute of another type', { oauth1: { ...oauth1, privateKey: 'top-secret-key' } }],
    ['that are null', null],
    ['that are a text', 'top-secret-text'],
  ]

  test.each(WRONG)('%s are refused, and the answer does not repeat them', async (_name, attributes) => {
    const { bob } = given()

    const { errors } = await withoutWriting(app, () =>
      bob.client.send(changeDocument('addCredential'), { input: { name: 'x', attributes } }),
    )

    expect(errors[0]?.extensions.code).toBe('BAD_USER_INPUT')
    // The answer may be kept in a log.
    expect(JSON.stringify(errors)).not.toContain('top-secret')
  })

  test('with a number are invalid, and the answer does not repeat them', async () => {
    const { bob } = given()
    const attributes = { oauth1: { consumer: 5, token: 'top-secret-token' } }

    const error = await withoutWriting(app, () =>
      bob.client.failed('InvalidInputError', changeDocument('addCredential'), { input: { name: 'x', attributes } }),
    )

    expect(error.issues).toMatchObject([{ path: ['attributes', 'oauth1', 'consumer'] }])
    expect(JSON.stringify(error)).not.toContain('top-secret')
  })

  test('of two types are also refused where the document contains them', async () => {
    const { bob } = given()

    const { errors } = await withoutWriting(app, () =>
      bob.client.send(
        `mutation { addCredential(input: { name: "x", attributes: {
          oauth1: { consumer: "c", token: "top-secret" }, jsonfile: { file: "top-secret" } } }) { __typename } }`,
      ),
    )

    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['GRAPHQL_VALIDATION_FAILED'])
    expect(JSON.stringify(errors)).not.toContain('top-secret')
  })

  test('may be as long as a private key or a file, and come back unchanged', async () => {
    const { bob } = given()
    const pem = `-----BEGIN PRIVATE KEY-----\n${`${'k'.repeat(64)}\n`.repeat(62)}-----END PRIVATE KEY-----\n`
    const file = JSON.stringify({ type: 'service_account', private_key: '\r\n\t"ü€😀'.repeat(1580) })
    const longest = 'x'.repeat(20_000)
    const oauth2 = { clientId: 'c', clientEmail: 'c@example.test', projectId: 'p', privateKey: pem }

    await change(bob.client, 'addCredential', { name: 'pem', attributes: { oauth2 } })
    await change(bob.client, 'addCredential', { name: 'file', attributes: { jsonfile: { file } } })
    await change(bob.client, 'addCredential', { name: 'longest', attributes: { jsonfile: { file: longest } } })

    expect([pem.length, file.length]).toEqual([4084, 19_003])
    expect((await reveal(bob.client, 'pem')).at(-1)).toEqual({ name: 'private-key', value: pem, isSecret: true })
    expect(await reveal(bob.client, 'file')).toEqual([{ name: 'file', value: file, isSecret: true }])
    expect(await reveal(bob.client, 'longest')).toEqual([{ name: 'file', value: longest, isSecret: true }])
  })

  test.each([20_001, 21_000])(
    'of %s characters are refused, and the error names them but does not repeat them',
    async (length) => {
      const { bob } = given()
      const file = 'top-secret'.repeat(length).slice(0, length)

      const error = await withoutWriting(app, () =>
        failChange(bob.client, 'InvalidInputError', 'addCredential', { name: 'x', attributes: { jsonfile: { file } } }),
      )

      expect(error.issues).toEqual([{ path: ['attributes', 'jsonfile', 'file'], message: 'At most 20000 characters.' }])
      expect(JSON.stringify(error)).not.toContain('top-secret')
    },
  )

  test('that are not valid text are refused, and the error names them but does not repeat them', async () => {
    const { bob } = given()

    await withoutWriting(app, async () => {
      for (const token of ['top-secret\0', 'top-secret\ud800']) {
        const input = { name: 'x', attributes: { oauth1: { consumer: 'c', token } } }
        const error = await failChange(bob.client, 'InvalidInputError', 'addCredential', input)
        expect(error.issues.map(({ path }: { path: string[] }) => path)).toEqual([['attributes', 'oauth1', 'token']])
        expect(JSON.stringify(error)).not.toContain('top-secret')
      }
    })
  })
})

describe('the name of a credential', () => {
  test('is unique for its user, in upper and lower case alike', async () => {
    const { bob } = given()
    const carol = await createUser(app, 'carol')
    await addCredential(bob.client, 'aws', 'top-secret')

    await withoutWriting(app, async () => {
      for (const name of ['aws', 'AWS']) {
        const input = { name, attributes: { jsonfile: { file: 'another-secret' } } }
        const error = await failChange(bob.client, 'ConflictError', 'addCredential', input)
        expect(error.message).toBe(`There is a credential named "${name}" already.`)
      }
    })
    await addCredential(carol.client, 'AWS', 'hers')

    expect((await reveal(bob.client, 'aws')).at(-1)?.value).toBe('top-secret')
    expect((await reveal(carol.client, 'aws')).at(-1)?.value).toBe('hers')
  })

  test('is taken once where several requests use it at the same time', async () => {
    const { bob } = given()
    const input = { name: 'aws', attributes: { jsonfile: { file: 'x' } } }

    const answers = await Promise.all([1, 2, 3].map(() => bob.client.ok(changeDocument('addCredential'), { input })))

    const names = answers.map(({ addCredential: answer }) => answer.__typename)
    expect(names.sort()).toEqual(['AddCredentialPayload', 'ConflictError', 'ConflictError'])
    expect(await credentialsOf(bob.client, 'bob')).toHaveLength(1)
  })

  test('is refused where it is invalid', async () => {
    const { bob } = given()

    await withoutWriting(app, async () => {
      for (const name of ['', ' ', 'a b', '-a', 'a/b', 'é', 'x'.repeat(65)]) {
        const input = { name, attributes: { jsonfile: { file: 'x' } } }
        await failInput(bob.client, ['name'], 'addCredential', input)
      }
    })
  })

  test('is free again once the credential is removed', async () => {
    const { bob } = given()
    const id = await addCredential(bob.client, 'aws', 'first')

    const removed = await change(bob.client, 'removeCredential', { name: 'AWS' }, 'name')
    const gone = await bob.client.ok('query ($id: ID!) { node(id: $id) { id } }', { id })
    await addCredential(bob.client, 'AWS', 'second')

    expect(removed.name).toBe('aws')
    expect(gone).toEqual({ node: null })
    expect((await reveal(bob.client, 'aws')).at(-1)?.value).toBe('second')
    await withoutWriting(app, () => failChange(bob.client, 'NotFoundError', 'removeCredential', { name: 'missing' }))
  })
})

test('the search for a secret finds it in base64', () => {
  const secret = 'application-password-0123456789abcdef'

  for (const prefix of ['', 'x', 'xy']) {
    const text = Buffer.from(`${prefix}${secret}zzz`).toString('base64')
    expect(spellingsOf(secret).some((spelling) => text.includes(spelling))).toBe(true)
  }
})
