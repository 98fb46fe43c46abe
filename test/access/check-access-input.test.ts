/** How `checkAccess` is asked: which questions it takes, how many, and where a key may stand. */
import { beforeAll, describe, expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { change } from '../support/change.ts'
import { CHECK, check, EVERYWHERE, have, may } from '../support/check.ts'
import { get } from '../support/http.ts'
import { createController, createModel } from '../support/levels.ts'
import { createApiKey, createProject, createUser, grantRoles } from '../support/seed.ts'
import { recordStatements, type Statements } from '../support/statements.ts'
import { createGate, statementsOf } from '../support/verify.ts'

const app = startApp()

let statements: Statements
beforeAll(() => {
  statements = recordStatements(app.database)
})

const READ = may('version.read', EVERYWHERE)

/** The message with which a list of questions is refused. */
async function refused(questions: unknown, subject: object = {}): Promise<string> {
  const { message } = await app.root.refused('BAD_USER_INPUT', CHECK, { input: { ...subject, questions } })
  return message
}

describe('a list of questions', () => {
  test('is answered in its order, up to a hundred at once', async () => {
    await createUser(app, 'bob')
    for (let n = 0; n < 10; n++) await createProject(app, `p${n}`)
    const roles = [2, 3, 5, 7].map((n) => ({ role: 'VERSION_MANAGER', project: `p${n}` }))
    await grantRoles(app, 'bob', roles)
    const numbers = Array.from({ length: 100 }, (_, n) => (n * 37) % 11)

    const codes = await check(
      app.root,
      { user: 'bob' },
      numbers.map((n) => may('version.create', { project: `p${n}` })),
    )

    expect(codes).toEqual(
      numbers.map((n) => (n === 10 ? 'NOT_FOUND' : [2, 3, 5, 7].includes(n) ? 'ALLOWED' : 'NOT_HELD')),
    )
  })

  test('may ask the same twice, and of every kind', async () => {
    await createController(app, 'gce1')
    await createModel(app.root, 'gce1', 'web')
    const questions = [have('ADMIN', 'gce1/web'), READ, have('LOGIN', 'gce1'), READ, have('READ', 'gce1/none'), READ]

    expect(await check(app.root, {}, questions)).toEqual([
      ...['ALLOWED', 'ALLOWED', 'ALLOWED', 'ALLOWED', 'NOT_FOUND', 'ALLOWED'],
    ])
  })

  test('has from 1 to 100', async () => {
    expect(await refused([])).toContain('input.questions')
    expect(await refused(Array(101).fill(READ))).toContain('input.questions')
    expect(await refused(null)).toContain('questions')
    expect(await check(app.root, {}, Array(100).fill(READ))).toEqual(Array(100).fill('ALLOWED'))
  })

  test('is refused whole for one bad question, naming it', async () => {
    const message = await refused([READ, READ, may('Version.Read', EVERYWHERE)])

    expect(message).toContain('input.questions.2.permission')
  })
})

describe('a question', () => {
  test.each([
    ['', 'version', '*', '@applications', 'Version.read', 'version.', '.read', 'version..read', 'version read'],
    [
      'users.nothing',
      'roles.',
      'keys.read',
      'settings.change',
      'models.read',
      'project.nothing',
      'version.read ',
      'a.b\u0000',
    ],
    [`a.${'b'.repeat(200)}`, 'versión.read', "version.read' or true --"],
  ])('has a permission that is a word: not %j', async (...words) => {
    for (const word of words) expect(await refused([may(word, EVERYWHERE)])).toContain('input.questions.0.permission')
  })

  test.each([
    ['none', {}],
    ['none, of null', { project: null, organization: null, everywhere: null }],
    ['none, of false', { everywhere: false }],
    ['project and organization', { project: 'apollo', organization: 'default' }],
    ['project and everywhere', { project: 'apollo', everywhere: true }],
    ['organization and everywhere', { organization: 'default', everywhere: true }],
    ['all', { project: 'apollo', organization: 'default', everywhere: true }],
  ])('says one place: not %s', async (_name, place) => {
    const message = await refused([{ permission: { permission: 'version.read', ...place } }])

    expect(message).toContain('input.questions.0.permission')
  })

  test('may say beside its place that the others are not meant', async () => {
    const permission = { permission: 'version.read', organization: 'default', project: null, everywhere: false }

    expect(await check(app.root, {}, [{ permission }])).toEqual(['ALLOWED'])
  })

  test.each([
    ['none', {}],
    ['null', { permission: null }],
    ['two', { ...READ, ...have('LOGIN', 'gce1') }],
    ['two, one of them null', { ...READ, controller: null }],
  ])('has one member: not %s', async (_name, question) => {
    expect(await refused([question])).toContain('input.questions[0]')
  })

  test.each([
    ['a level of a model on a controller', { controller: { controller: 'gce1', access: 'ADMIN' } }],
    ['a level of a controller on a model', { model: { controller: 'gce1', model: 'web', access: 'SUPERUSER' } }],
    ['no level', { controller: { controller: 'gce1', access: null } }],
    ['a number', { controller: { controller: 'gce1', access: 1 } }],
  ])('has a level of its kind: not %s', async (_name, question) => {
    await createController(app, 'gce1')

    expect(await refused([question])).toContain('access')
  })

  test('about what no name can be is about what is missing', async () => {
    await createProject(app, 'ab')
    await createController(app, 'gce1')

    for (const name of ['', ' ', '%', '_', '__', "' or true --", 'x'.repeat(1000)]) {
      const questions = [may('version.read', { project: name }), have('LOGIN', name), have('READ', `gce1/${name}`)]
      expect([name, await check(app.root, {}, questions)]).toEqual([name, ['NOT_FOUND', 'NOT_FOUND', 'NOT_FOUND']])
    }
  })

  test.each<[string, object, object]>([
    ['project', may('version.read', { project: 'a\u0000b' }), {}],
    ['organization', may('version.read', { organization: 'a\u0000b' }), {}],
    ['controller', have('LOGIN', 'a\u0000b'), {}],
    ['model', have('READ', 'gce1/a\u0000b'), {}],
    ['user', READ, { user: 'a\u0000b' }],
  ])('with a null byte in %s is refused as bad input', async (name, question, subject) => {
    expect(await refused([question], subject)).toContain(name)
  })
})

describe('the subject of the questions', () => {
  test('is a user or a key, not both', async () => {
    const bob = await createUser(app, 'bob')

    expect(await refused([READ], { user: 'bob', apiKey: bob.key })).toMatch(/"user".*"apiKey"/)
    expect(await refused([READ], { user: '', apiKey: bob.key })).toMatch(/"user".*"apiKey"/)
    expect(await check(app.root, { user: 'bob', apiKey: null }, [READ])).toEqual(['NOT_HELD'])
    expect(await check(app.root, { user: null, apiKey: bob.key }, [READ])).toEqual(['NOT_HELD'])
  })

  test.each([
    ['in the document', 'query { checkAccess(input: { apiKey: "KEY", questions: [QUESTION] }) { code } }'],
    [
      'in the document, beside variables',
      'query ($questions: [AccessQuestionInput!]!) { checkAccess(input: { apiKey: "KEY", questions: $questions }) { code } }',
    ],
    [
      'in one of two fields',
      `query ($input: CheckAccessInput!) { checkAccess(input: $input) { code }
        other: checkAccess(input: { apiKey: "KEY", questions: [QUESTION] }) { code } }`,
    ],
  ])('is no key spelled out %s', async (_name, template) => {
    const bob = await createUser(app, 'bob')
    const question = '{ permission: { permission: "version.read", everywhere: true } }'
    const document = template.replaceAll('KEY', bob.key).replaceAll('QUESTION', question)

    const variables = { input: { questions: [READ] }, questions: [READ] }
    const error = await app.root.refused('BAD_USER_INPUT', document, variables)

    expect(error.message).toContain('"input.apiKey"')
    expect(JSON.stringify(error)).not.toContain(bob.key)
  })

  test('is no key in an address', async () => {
    const bob = await createUser(app, 'bob')
    const variables = JSON.stringify({ input: { apiKey: bob.key, questions: [READ] } })

    const { data, errors } = await (await get(app, { query: CHECK, variables })).json()

    expect(data).toEqual({ checkAccess: null })
    expect(errors[0].extensions.code).toBe('BAD_USER_INPUT')
    expect(errors[0].message).toContain('"input.apiKey"')
    expect(JSON.stringify(errors)).not.toContain(bob.key)
  })

  test('may be asked by GET where no key is shown, and by a variable of its own where one is', async () => {
    const bob = await createUser(app, 'bob')
    const variables = JSON.stringify({ input: { user: 'bob', questions: [READ] } })
    const document = `query ($key: String!) { checkAccess(input: { apiKey: $key, questions: [
      { permission: { permission: "version.read", everywhere: true } }] }) { code } }`

    const answer = await (await get(app, { query: CHECK, variables })).json()

    expect(answer).toEqual({ data: { checkAccess: [{ isAllowed: false, code: 'NOT_HELD' }] } })
    expect(await app.root.ok(document, { key: bob.key })).toEqual({ checkAccess: [{ code: 'NOT_HELD' }] })
  })
})

test('checkAccess runs one statement, which also proves its caller, for every subject and every number of questions', async () => {
  const bob = await createUser(app, 'bob', { roles: [{ role: 'VERSION_MANAGER', organization: 'default' }] })
  const limited = await createApiKey(bob.client, { limits: [{ role: 'VERSION_MANAGER', organization: 'default' }] })
  const gate = await createGate(app, 'gate', 'default')
  await createController(app, 'gce1')
  await createModel(app.root, 'gce1', 'web')
  await change(app.root, 'grantModelAccess', { user: 'bob', controller: 'gce1', model: 'web', access: 'READ' })
  const four = [
    READ,
    may('version.create', { organization: 'default' }),
    have('LOGIN', 'gce1'),
    have('READ', 'gce1/web'),
  ]
  const questions = Array.from({ length: 25 }, () => four).flat()

  for (const client of [app.root, gate.client, bob.client]) {
    for (const subject of [{}, { user: 'bob' }, { apiKey: bob.key }, { apiKey: limited.key }]) {
      const texts = await statementsOf(statements, client, CHECK, { input: { ...subject, questions } })
      expect(texts).toHaveLength(1)
    }
  }
  expect(await statementsOf(statements, gate.client, CHECK, { input: { user: 'nobody', questions } })).toHaveLength(1)
})
