import { describe, expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { changeDocument, failChange } from '../support/change.ts'
import { CHANGES, makeWorld, type World } from '../support/changes.ts'
import { createController, createModel } from '../support/levels.ts'
import { withoutWriting } from '../support/rows.ts'
import { createOrganization, createProject, createRole, createUser } from '../support/seed.ts'
import { SESSION_CHANGES } from '../support/session-changes.ts'
import { booleanFields, dotted, type Input, inputTypeOf, replaced, textFields, textPaths } from './bad-input/inputs.ts'
import { INVALID, WRONG_LEVELS } from './bad-input/values.ts'

const app = startApp()
const given = app.world(() => makeWorld(app))

/** Sends bad input; tells under which code it was refused and whether what is wrong was named. */
async function refusalOf(name: string, input: Input, path: string): Promise<string> {
  const { data, errors, status } = await app.root.send(changeDocument(name), { input })
  const [error] = errors
  if (error) return `${status} ${error.extensions.code}${error.message.includes(dotted(path)) ? ' named' : ''}`
  const { __typename, issues = [] } = data[name]
  const named = issues.some((issue: { path: string[] }) => issue.path.join('.') === path)
  return `${status} ${__typename}${named ? ' named' : ''}`
}

/** A sample of every mutation. */
const SAMPLES = [...CHANGES, ...SESSION_CHANGES]

const UNREADABLE: [string, unknown][] = [
  ['a null byte', 'a\0b'],
  ['a lone surrogate', 'a\ud800b'],
  ['a lone low surrogate', 'a\udc00'],
  ['1,001 characters', 'a'.repeat(1001)],
  ['100,000 characters', 'a'.repeat(100_000)],
]
const MISTYPED: [string, unknown][] = [
  ['a number', 5],
  ['a boolean', true],
  ['an object', { a: 1 }],
  ['a list', ['a', 'b']],
]

/** What was answered to bad values that is not what should have been: mutation, path, value, answer. */
type Surprise = [name: string, path: string, value: unknown, outcome: string]

interface Attempt {
  name: string
  path: string
  value: unknown
  /** How to call the value where it is long. */
  what?: string
  expected: string[]
}

/** Sends each attempt's sample with its bad value; nothing may be written. */
function surprisesOf(world: World, attempts: Attempt[]): Promise<Surprise[]> {
  return withoutWriting(app, async () => {
    const surprises: Surprise[] = []
    for (const { name, path, value, what, expected } of attempts) {
      const outcome = await refusalOf(name, replaced(sampleOf(name, world), path, value), path)
      if (!expected.includes(outcome)) surprises.push([name, path, what ?? value, outcome])
    }
    return surprises
  })
}

/** Every text that the samples of the mutations give, with each of these values. */
function attemptsOf(world: World, values: [string, unknown][], expected: (scalar: string, what: string) => string[]) {
  return SAMPLES.flatMap(({ name, input }) =>
    textPaths(name, input(world)).flatMap(({ path, scalar }) =>
      values.map(([what, value]): Attempt => ({ name, path, value, what, expected: expected(scalar, what) })),
    ),
  )
}

describe('every text that a mutation takes', () => {
  test('is in its sample', async () => {
    const world = given()

    const missing = SAMPLES.flatMap(({ name, input }) =>
      textFields(name)
        .filter((field) => !(field in input(world)) && field !== 'idempotencyKey')
        .map((field) => `${name}.${field}`),
    )

    // Of two alternatives a sample gives one; `idempotency.test.ts` has the bad values of that key.
    expect(missing).toEqual(['setRoles.organization', 'removeSshKey.key'])
  })

  test('is refused by name where no text can be like that', async () => {
    const world = given()
    const attempts = attemptsOf(world, UNREADABLE, () => [
      '200 InvalidInputError named',
      '200 BAD_USER_INPUT named',
    ]).filter(
      // Of credentials they may be longer, as keys and certificates are.
      ({ path, what }) => !(path.startsWith('attributes.') && what === '1,001 characters'),
    )

    expect(attempts.length).toBe(180 * UNREADABLE.length - 7)
    expect(await surprisesOf(world, attempts)).toEqual([])
  })

  test('is refused by name where it is of the wrong type', async () => {
    const world = given()
    const attempts = attemptsOf(world, MISTYPED, () => ['200 InvalidInputError named'])

    expect(await surprisesOf(world, attempts)).toEqual([])
  })
})

describe('a value that is no input', () => {
  const NEITHER = ['true', 'yes', 1, 0, [true], { a: true }]

  test('is refused by name where it is neither true nor false', async () => {
    const world = given()

    const attempts = SAMPLES.flatMap(({ name }) =>
      booleanFields(name).flatMap((path) =>
        NEITHER.map((value): Attempt => ({ name, path, value, expected: ['200 InvalidInputError named'] })),
      ),
    )

    expect(attempts.length).toBe(13 * NEITHER.length)
    expect(await surprisesOf(world, attempts)).toEqual([])
  })

  test('is refused where it is unknown to the mutation', async () => {
    const world = given()

    const attempts = SAMPLES.filter(({ name }) => inputTypeOf(name)).map(
      ({ name }): Attempt => ({ name, path: 'nonsense', value: 'x', expected: ['200 BAD_USER_INPUT'] }),
    )

    expect(attempts.length).toBe(SAMPLES.length - 1)
    expect(await surprisesOf(world, attempts)).toEqual([])
  })

  test('is refused without repeating the secrets beside it', async () => {
    const world = given()
    const told: string[] = []

    for (const { name, input } of SAMPLES) {
      const given = input(world)
      const secrets = textPaths(name, given).filter(({ isSecret }) => isSecret)
      for (const { path, value } of secrets) {
        const { message } = await app.root.refused('BAD_USER_INPUT', changeDocument(name), {
          input: { ...given, nonsense: 'x' },
        })
        if (message.includes(String(value))) told.push(`${name}.${path}`)
      }
    }

    expect(told).toEqual([])
  })
})

function sampleOf(name: string, world: World): Input {
  const sample = SAMPLES.find((one) => one.name === name)
  if (!sample) throw new Error(name)
  return sample.input(world)
}

describe('input that is wrong by its meaning', () => {
  test('is refused by name', async () => {
    const world = given()
    await createRole(app, 'ACME_READER', ['doc.read'], 'acme')

    const attempts = INVALID.flatMap(({ name, path, values }) =>
      values.map((value): Attempt => ({ name, path, value, expected: ['200 InvalidInputError named'] })),
    )

    expect(await surprisesOf(world, attempts)).toEqual([])
  })

  test('is refused by name where it is a level of the wrong kind', async () => {
    const world = given()

    const attempts = WRONG_LEVELS.flatMap(({ name, path, values }) =>
      values.map((value): Attempt => {
        // Null where a value is required is no value of the wrong form, but an input of another shape.
        const expected = [
          value === null && !name.startsWith('revoke') ? '200 BAD_USER_INPUT named' : '200 InvalidInputError named',
        ]
        return { name, path, value, expected }
      }),
    )

    expect(attempts.length).toBe(70)
    expect(await surprisesOf(world, attempts)).toEqual([])
  })

  const DUPLICATES: [string, Input][] = [
    ['createUser', { username: 'BOB' }],
    ['updateUser', { user: 'dave', username: 'Bob' }],
    ['createServiceUser', { username: 'Upload', email: 'a@example.test' }],
    ['createOrganization', { name: 'ACME' }],
    ['updateOrganization', { organization: 'empty', name: 'Acme' }],
    ['createProject', { code: 'APOLLO' }],
    ['createRole', { name: 'editor', permissions: [] }],
    ['createRole', { name: 'auditor', permissions: [] }],
    ['updateRole', { role: 'EDITOR', name: 'Auditor' }],
    ['createController', { name: 'GCE1', type: 'google' }],
    ['updateController', { controller: 'idle', name: 'Gce1' }],
    ['createModel', { controller: 'gce1', name: 'WEB' }],
    ['updateModel', { controller: 'gce1', model: 'db', name: 'Web' }],
    ['addCredential', { name: 'OWN', attributes: { empty: { confirm: true } } }],
  ]
  test.each(DUPLICATES)('is a conflict that names the taken name: %s %j', async (name, input) => {
    await app.root.ok(changeDocument('createServiceUser'), { input: { username: 'upload', email: 'a@example.test' } })
    await createModel(app.root, 'gce1', 'db')
    const taken = String(input.name ?? input.username ?? input.code)

    const data = await withoutWriting(app, () => app.root.ok(changeDocument(name), { input }))

    expect(data[name]).toMatchObject({ __typename: 'ConflictError', message: expect.stringContaining(taken) })
  })
})

describe('a name that nothing has', () => {
  test('is NotFoundError at its path, in every mutation', async () => {
    const world = given()
    const references = /(^|\.)(user|organization|project|role|controller|model|credential)$/
    const named = ['removeCredential', 'replaceCredential', 'revealCredential']
    const attempts = attemptsOf(world, [['a name', 'no-such-thing']], () => []).filter(
      ({ name, path }) => references.test(path) || (path === 'name' && named.includes(name)),
    )

    await withoutWriting(app, async () => {
      for (const { name, path, value } of attempts) {
        const input = replaced(sampleOf(name, world), path, value)
        const data = await app.root.ok(changeDocument(name), { input })
        const message = expect.stringMatching(/^The .* was not found\.$/)
        expect([name, data[name]]).toMatchObject([
          name,
          { __typename: 'NotFoundError', path: path.split('.'), message },
        ])
      }
    })
    expect(attempts.length).toBe(80)
  })
})

describe('a model of another controller', () => {
  const MODEL_CHANGES = CHANGES.filter(({ name }) => textFields(name).includes('model'))

  test.each(MODEL_CHANGES)('is NotFoundError in $name, as one that is nowhere', async ({ name, input }) => {
    const world = given()
    await createModel(app.root, 'idle', 'elsewhere')

    const [elsewhere, nowhere] = await withoutWriting(app, () =>
      Promise.all(
        ['elsewhere', 'nowhere'].map((model) =>
          failChange(app.root, 'NotFoundError', name, { ...input(world), model }),
        ),
      ),
    )

    expect(elsewhere.path.join('.')).toBe('model')
    expect(elsewhere).toEqual({ ...nowhere, message: nowhere.message.replace('nowhere', 'elsewhere') })
  })

  test('is said of all five that name one', () => {
    expect(MODEL_CHANGES.length).toBe(5)
  })
})

describe('a value just within the bounds', () => {
  test('is accepted', async () => {
    await createOrganization(app, 'a'.repeat(64))
    await createProject(app, 'A.b_c-9')
    await createController(app, 'a'.repeat(64))
    await createModel(app.root, 'A'.repeat(64), '9')
    await createModel(app.root, 'A'.repeat(64), 'A.b_c-9')
    await createRole(app, '9', [
      `a.${'b'.repeat(98)}`,
      ...Array.from({ length: 99 }, (_none, index) => `doc.a${index}`),
    ])
    await createUser(app, 'rooty', { roles: [{ role: '9', everywhere: true, expiresAt: '2100-01-01T00:00:00Z' }] })

    await createUser(app, 'api')
    for (const tokenTtl of ['PT1M', 'P30D']) {
      await app.root.failed('UpdateOrganizationPayload', changeDocument('updateOrganization'), {
        input: { organization: 'default', tokenTtl },
      })
    }

    const { roles } = await app.root.ok(
      '{ roles(filter: { name: { equals: "9" } }) { nodes { permissions { name } } } }',
    )
    expect(roles.nodes[0].permissions.length).toBe(100)
  })
})
