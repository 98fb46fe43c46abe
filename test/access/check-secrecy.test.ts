/** By a question nobody is told what they could not read: no place, no name, no person, and nothing that these hold. */

import { describe, expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { change } from '../support/change.ts'
import { CHECK, EVERYWHERE, have, may, type Told, type Way, wayInWords } from '../support/check.ts'
import { addCredential } from '../support/credentials.ts'
import { get } from '../support/http.ts'
import { createController, createModel } from '../support/levels.ts'
import { MISSING, missingAt } from '../support/missing.ts'
import { createOrganization, createRole, createUser, type SeededUser } from '../support/seed.ts'
import { secretPaths, withSecretAt } from './check/secret-paths.ts'

const app = startApp()

const ACME = { organization: 'acme' }
const BETA = { organization: 'beta' }
const MAN = { user: 'man' }
const mutation = (name: string, input: object) => ({ mutation: { [name]: input } })

const TELL = `query ($input: CheckAccessInput!) { checkAccess(input: $input) { isAllowed code ${MISSING} grantors
  ways { code via role organization project controller model level since expiresAt
    grantedBy throughModel keyLimits { role organization project expiresAt } } } }`

/** Everything of each answer, its ways in words. */
async function tell({ client }: Pick<SeededUser, 'client'>, subject: object, questions: object[]) {
  const { checkAccess } = await client.ok(TELL, { input: { ...subject, questions } })
  return checkAccess.map(({ code, missing, grantors, ways }: Told & { ways: Way[]; missing: never }) => {
    return { code, missing: missingAt({ missing }), grantors, ways: ways.map(wayInWords) }
  })
}

/** Each answer as it was sent. */
async function answersTo({ client }: Pick<SeededUser, 'client'>, subject: object, questions: object[]) {
  const { checkAccess } = await client.ok(TELL, { input: { ...subject, questions } })
  return checkAccess.map((answer: object) => JSON.stringify(answer))
}

/** The organizations acme and beta, aud who asks in acme, and man of acme who holds these words there. */
async function createPair(asks: string[], manages: string[]) {
  await createOrganization(app, 'acme')
  await createOrganization(app, 'beta')
  await createRole(app, 'ASKER', ['access.check', ...asks])
  await createRole(app, 'MANAGER', manages)
  const aud = await createUser(app, 'aud', { ...ACME, roles: [{ role: 'ASKER', ...ACME }] })
  const man = await createUser(app, 'man', { ...ACME, roles: [{ role: 'MANAGER', ...ACME }] })
  return { aud, man }
}

/** bob of acme has every level on hiddenctl of beta, and man the lowest. */
async function createHiddenPlace() {
  await createUser(app, 'bob', ACME)
  await createController(app, 'hiddenctl', 'beta')
  await createModel(app.root, 'hiddenctl', 'hiddenmodel')
  const controller = 'hiddenctl'
  for (const [user, onController, onModel] of [
    ['man', 'LOGIN', 'READ'],
    ['bob', 'SUPERUSER', 'ADMIN'],
  ]) {
    await change(app.root, 'grantControllerAccess', { user, controller, access: onController })
    await change(app.root, 'grantModelAccess', { user, controller, model: 'hiddenmodel', access: onModel })
  }
}

test('ways and grantors of a mutation name no controller, no model and no user of a hidden place', async () => {
  const { aud } = await createPair(['users.read'], ['users.manage', 'users.read'])
  await createHiddenPlace()
  const questions = [mutation('createApiKey', { user: 'bob', label: 'theirs' })]

  const [toRoot] = await tell({ client: app.root }, MAN, questions)
  const [told] = await tell(aud, MAN, questions)

  expect(told).toEqual({
    code: 'NOT_HELD',
    missing: [
      { what: 'ADMIN', where: 'on a model that you do not see' },
      { what: 'SUPERUSER', where: 'on a controller that you do not see' },
    ],
    grantors: [],
    ways: [],
  })
  // Who sees the place is told of it.
  expect(toRoot).toEqual({
    code: 'NOT_HELD',
    missing: [
      { what: 'ADMIN', where: 'on the model hiddenctl/hiddenmodel' },
      { what: 'SUPERUSER', where: 'on the controller hiddenctl' },
    ],
    grantors: ['bob', 'root'],
    ways: [
      'LEVEL_TOO_LOW GRANT READ on hiddenctl/hiddenmodel',
      'LEVEL_TOO_LOW GRANT LOGIN on hiddenctl',
      'LEVEL_TOO_LOW MODEL LOGIN on hiddenctl',
    ],
  })
})

test('createServiceUser with UPDATE answers the same for a hidden and for a missing username', async () => {
  const { aud } = await createPair(['users.read'], ['users.manage', 'roles.grant'])
  await change(app.root, 'createServiceUser', { username: 'api-hidden', email: 'in-charge@beta.test', ...BETA })
  const made = { email: 'in-charge@acme.test', ...ACME, ifExists: 'UPDATE' }
  const questions = ['api-hidden', 'api-missing'].map((username) =>
    mutation('createServiceUser', { username, ...made }),
  )

  const { user } = await aud.client.ok('{ user(username: "api-hidden") { id } }')
  const [hidden, missing] = await answersTo(aud, MAN, questions)

  expect(user).toBe(null)
  expect(hidden).toBe(missing)
})

test('revealCredential answers the same for a credential of another user and for a missing credential', async () => {
  const aud = await createUser(app, 'aud', { roles: [{ role: 'AUDITOR', ...EVERYWHERE }] })
  const bob = await createUser(app, 'bob')
  await addCredential(bob.client, 'aws')
  const questions = ['aws', 'none'].map((name) => mutation('revealCredential', { name }))

  const [existing, missing] = await answersTo(aud, { user: 'bob' }, questions)

  expect(existing).toBe(missing)
  expect(JSON.parse(missing).code).toBe('NOT_FOUND')
  expect((await tell(bob, {}, questions)).map(({ code }: Told) => code)).toEqual(['ALLOWED', 'NOT_FOUND'])
})

describe('what a user needs to act for another user', () => {
  /** man of acme manages users everywhere; victim of beta holds a word there. */
  async function createVictim(asks: string[]) {
    const { aud, man } = await createPair(asks, ['users.manage', 'users.read'])
    await createRole(app, 'LAUNCHER', ['secretapp.launch'], 'beta')
    await createUser(app, 'victim', { ...BETA, roles: [{ role: 'LAUNCHER', ...BETA }] })
    await change(app.root, 'grantRoles', { user: 'man', roles: [{ role: 'MANAGER', ...BETA }] })
    return { aud, man }
  }
  const QUESTIONS = [mutation('createApiKey', { user: 'victim', label: 'theirs' })]
  const WORD = { what: 'secretapp.launch', where: 'in the organization beta' }

  test('is shown to a reader of that person’s record, and to the person', async () => {
    const { aud, man } = await createVictim(['users.read'])
    await change(app.root, 'grantRoles', { user: 'aud', roles: [{ role: 'ASKER', ...BETA }] })

    const told = { code: 'NOT_HELD', missing: [WORD], grantors: ['root'], ways: [] }
    expect(await tell({ client: app.root }, MAN, QUESTIONS)).toEqual([told])
    expect(await tell(aud, MAN, QUESTIONS)).toEqual([{ ...told, grantors: [] }])
    expect(await tell(man, {}, QUESTIONS)).toEqual([{ ...told, grantors: [] }])
  })

  test('is shown to other callers only as more than they hold', async () => {
    const { aud } = await createVictim([])
    // An administrator of a model may name any active user, without reading their records.
    await createController(app, 'ctl', 'acme')
    await createModel(app.root, 'ctl', 'mod')
    await change(app.root, 'grantModelAccess', { user: 'aud', controller: 'ctl', model: 'mod', access: 'ADMIN' })

    const [told] = await tell(aud, MAN, QUESTIONS)

    const missing = [{ what: 'more than they hold', where: null }]
    expect(told).toEqual({ code: 'NOT_HELD', missing, grantors: [], ways: [] })
  })
})

describe('grantors', () => {
  /** ctl of acme with mod. */
  async function createPlace() {
    await createController(app, 'ctl', 'acme')
    await createModel(app.root, 'ctl', 'mod')
  }

  test('are only users whom the caller can see in a list', async () => {
    await createPair([], [])
    await createPlace()
    await createUser(app, 'hidden-admin', { ...BETA, isAdmin: true })
    const bob = await createUser(app, 'bob', ACME)
    await change(app.root, 'grantModelAccess', { user: 'bob', controller: 'ctl', model: 'mod', access: 'ADMIN' })
    const questions = [may('organizations.manage', EVERYWHERE), mutation('createOrganization', { name: 'x' })]

    const told = await tell(bob, {}, questions)

    const missing = [{ what: 'organizations.manage', where: 'everywhere' }]
    expect(told).toEqual(Array(2).fill({ code: 'NOT_HELD', missing, grantors: [], ways: [] }))
  })

  test('are users whose records the caller reads, and users who hold a role where the caller reads the users', async () => {
    const { aud } = await createPair(['users.read'], ['users.manage', 'roles.grant'])
    await createUser(app, 'guest', { ...BETA, roles: [{ role: 'MANAGER', ...ACME }] })
    await createUser(app, 'stranger', { ...BETA, roles: [{ role: 'MANAGER', ...EVERYWHERE }] })
    await createUser(app, 'bob', ACME)

    const [told] = await tell(aud, { user: 'bob' }, [may('users.manage', ACME)])

    expect(told.grantors).toEqual(['guest', 'man'])
  })

  test('of a level are the users who see the thing on which they hold the highest level', async () => {
    const { aud } = await createPair([], [])
    await createPlace()
    await createUser(app, 'keeper', BETA)
    await change(app.root, 'grantControllerAccess', { user: 'keeper', controller: 'ctl', access: 'SUPERUSER' })
    const grantors = async () => (await tell(aud, MAN, [have('LOGIN', 'ctl')]))[0].grantors

    const before = await grantors()
    await change(app.root, 'grantControllerAccess', { user: 'aud', controller: 'ctl', access: 'SUPERUSER' })

    expect([before, await grantors()]).toEqual([[], ['aud', 'keeper', 'root']])
  })
})

describe('a secret of a mutation that is asked about stands in no address:', () => {
  async function refusal(question: object) {
    const variables = JSON.stringify({ input: { questions: [question] } })
    const { data, errors } = await (await get(app, { query: CHECK, variables })).json()
    return [data, errors?.map((error: { extensions: { code: string } }) => error.extensions.code)]
  }

  test.each(secretPaths())('%s', async (path = '') => {
    expect(await refusal(withSecretAt(path))).toEqual([{ checkAccess: null }, ['BAD_USER_INPUT']])
  })

  test('only a secret is refused', async () => {
    expect(await refusal(mutation('addCredential', { name: 'aws', attributes: { empty: { confirm: true } } }))).toEqual(
      [{ checkAccess: [{ isAllowed: true, code: 'ALLOWED' }] }, undefined],
    )
  })
})
