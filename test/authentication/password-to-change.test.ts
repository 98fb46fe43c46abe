/** A caller who came in by a password that another user set can do nothing with it but change it. */
import { sql } from 'drizzle-orm'
import { type GraphQLObjectType, getIntrospectionQuery } from 'graphql'
import { describe, expect, test } from 'vitest'
import { schema } from '../../src/graphql/schema.ts'
import { type Client, startApp } from '../support/app.ts'
import { change, changeDocument, failInput } from '../support/change.ts'
import { get } from '../support/http.ts'
import { permissionsOf, statusOf } from '../support/look.ts'
import { minimalCall } from '../support/minimal-call.ts'
import { query, uuidOf, withoutWriting } from '../support/rows.ts'
import { createProject, createUser } from '../support/seed.ts'
import { basic, bearer, createPerson, OTHER_PASSWORD, PASSWORD, SIGN_OUT, signIn } from '../support/sessions.ts'

const app = startApp()

const OPEN = ['changePassword', 'signIn', 'signOut', 'viewer']
const CODE = 'PASSWORD_CHANGE_REQUIRED'
const MESSAGE = 'This password was set by somebody else. Choose your own with changePassword first.'
const USERS = '{ users { totalCount } }'
const INPUT = { currentPassword: PASSWORD, newPassword: OTHER_PASSWORD }

/** bob, an administrator with a key and a session, who must change PASSWORD; carol with a key; and the project apollo. */
const given = app.world(async () => {
  const bob = await createPerson(app, 'bob', { mustChangePassword: true, isAdmin: true, withApiKey: true })
  const carol = await createUser(app, 'carol')
  await createProject(app, 'apollo')
  const { token, client } = await signIn(app, 'bob')
  return { id: bob.id, token, client, carol, byKey: app.as(bob.key ?? '') }
})

/** The ways in which bob comes in by his password. */
const WAYS: [string, () => Record<string, string>][] = [
  ['a session', () => bearer(given().token)],
  ['HTTP Basic', () => basic('bob', PASSWORD)],
  ['a session beside the key of an application', () => ({ ...bearer(given().token), 'api-key': given().carol.key })],
]

const rootFields = [schema.getQueryType(), schema.getMutationType()].flatMap((type) =>
  Object.keys(type?.getFields() ?? {}),
)

describe('a password that must be changed', () => {
  test.each(WAYS)(
    'lets its user call no root field but changePassword, signIn, signOut and viewer: %s',
    async (_way, headersOf) => {
      const client = app.as(headersOf())

      const answers = await withoutWriting(app, async () => {
        const sent = []
        for (const name of rootFields.filter((field) => !OPEN.includes(field)))
          sent.push({ name, answer: await client.send(minimalCall(name)) })
        return sent
      })

      expect(answers.length).toBe(rootFields.length - 4)
      for (const { name, answer } of answers) {
        expect([answer.status, answer.data]).toEqual([403, { [name]: null }])
        expect(answer.errors).toEqual([
          expect.objectContaining({ message: MESSAGE, path: [name], extensions: { code: CODE } }),
        ])
      }
    },
  )

  test('takes nothing from a key of the same user: no root field is refused for it', async () => {
    const { byKey } = given()

    const answers = []
    for (const name of rootFields) answers.push(await byKey.send(minimalCall(name)))

    expect(answers.flatMap(({ errors }) => errors.map(({ extensions }) => extensions.code))).not.toContain(CODE)
    expect(await byKey.ok('{ users { totalCount } viewer { mustChangePassword } }')).toEqual({
      users: { totalCount: 3 },
      viewer: { mustChangePassword: false },
    })
  })

  test('is not evaded by an alias, a fragment, a GET or another field beside it', async () => {
    const { client, token } = given()

    const documents = [
      '{ viewer: users { totalCount } }',
      'fragment F on Query { users { totalCount } } query { ...F ... on Query { changePassword: users { totalCount } } }',
      '{ viewer { user { username } } users { totalCount } }',
    ]
    const answers = await Promise.all(documents.map((document) => client.send(document)))
    const byGet = await get(app, { query: USERS }, bearer(token))

    expect(answers.map(({ status, errors }) => [status, errors[0]?.extensions.code])).toEqual(
      Array(3).fill([403, CODE]),
    )
    expect(answers.map(({ data }) => data)).toEqual([
      { viewer: null },
      { users: null, changePassword: null },
      { viewer: { user: { username: 'bob' } }, users: null },
    ])
    expect([byGet.status, (await byGet.json()).data]).toEqual([403, { users: null }])
  })

  test('shows its user themselves and the schema, with no permissions and nobody else', async () => {
    const { client } = given()

    const { viewer, __typename } =
      await client.ok(`{ __typename viewer { mustChangePassword permissions { name } session { isCurrent }
      user { username isAdmin organization { users { nodes { username } } projects { totalCount } } } } }`)
    const { __schema } = await client.ok(getIntrospectionQuery())

    expect(__typename).toBe('Query')
    expect(__schema.types.length).toBeGreaterThan(100)
    expect(viewer).toEqual({
      mustChangePassword: true,
      permissions: [],
      session: { isCurrent: true },
      user: {
        ...{ username: 'bob', isAdmin: true },
        organization: { users: { nodes: [{ username: 'bob' }] }, projects: { totalCount: 0 } },
      },
    })
  })

  test('leaves viewerCanChangePassword alone true of all that the viewer can', async () => {
    const { client } = given()
    const fieldsOf = (type: string) =>
      Object.keys((schema.getType(type) as GraphQLObjectType).getFields()).filter((name) =>
        name.startsWith('viewerCan'),
      )

    const { viewer } = await client.ok(
      `{ viewer { user { ${fieldsOf('User').join(' ')} organization { ${fieldsOf('Organization').join(' ')} } } } }`,
    )

    const { organization, ...user } = viewer.user
    const shown = Object.entries({ ...user, ...organization }).filter(([, can]) => can)
    expect(shown).toEqual([['viewerCanChangePassword', true]])
  })

  test('can be left alone: its user can sign in again, and sign out', async () => {
    const { client, token } = given()

    const again = await signIn(app, 'bob', PASSWORD, bearer(token))
    const { signOut } = await client.ok(SIGN_OUT)

    expect(signOut).toEqual({ __typename: 'SignOutPayload', changed: true })
    expect([await statusOf(client), await statusOf(again.client)]).toEqual([401, 200])
  })

  test('leaves one row in the audit for each thing that it refused, with its target', async () => {
    const { id, client, carol } = given()

    for (const _time of [1, 2]) await client.refused(CODE, changeDocument('deleteUser'), { input: { user: 'carol' } })

    const rows = await query(
      app,
      sql`select action, outcome, code, count, actor_id, target_id, after from audit_events where code = ${CODE}`,
    )
    expect(rows).toEqual([
      {
        ...{ action: 'deleteUser', outcome: 'REFUSED', code: CODE, count: 2, after: null },
        ...{ actor_id: uuidOf(id), target_id: uuidOf(carol.id) },
      },
    ])
  })
})

describe('changing it', () => {
  const isOpen = async (client: Client) => (await client.send(USERS)).status === 200

  test('lets the same session do everything from the next request on, and ends all others', async () => {
    const { client } = given()
    const other = await signIn(app, 'bob')

    const { user } = await change(
      client,
      'changePassword',
      INPUT,
      'user { username mustChangePassword viewerCanDisable }',
    )

    expect(user).toEqual({ username: 'bob', mustChangePassword: false, viewerCanDisable: true })
    expect([await isOpen(client), await statusOf(other.client)]).toEqual([true, 401])
    expect(await permissionsOf(client)).toContain('users.manage everywhere')
    expect(await isOpen(app.as(basic('bob', OTHER_PASSWORD)))).toBe(true)
    expect((await signIn(app, 'bob', OTHER_PASSWORD)).mustChangePassword).toBe(false)
  })

  test.each([
    ['HTTP Basic', () => app.as(basic('bob', PASSWORD))],
    ['a key', () => given().byKey],
  ])('is possible by %s too', async (_way, clientOf) => {
    await change(clientOf(), 'changePassword', INPUT)

    expect(await isOpen(app.as(basic('bob', OTHER_PASSWORD)))).toBe(true)
  })

  test.each([
    ['a session', () => given().client],
    ['a key', () => given().byKey],
  ])('to the same password is invalid input, by %s', async (_way, clientOf) => {
    const input = { ...INPUT, newPassword: PASSWORD }

    await withoutWriting(app, () => failInput(clientOf(), ['newPassword'], 'changePassword', input))

    expect(await isOpen(given().client)).toBe(false)
  })

  test('with a wrong current password leaves it as it is', async () => {
    const { client } = given()
    const input = { ...INPUT, currentPassword: OTHER_PASSWORD }

    await withoutWriting(app, () => failInput(client, ['currentPassword'], 'changePassword', input))

    expect(await isOpen(client)).toBe(false)
  })

  test('in a dry run changes nothing and shows nothing more than viewer does', async () => {
    const { client } = given()
    const payload = `accessDiff { gained lost } user { organization { users { totalCount } projects { totalCount } } }`

    const { changePassword } = await withoutWriting(app, () =>
      client.ok(changeDocument('changePassword', payload), { input: INPUT, dryRun: true }),
    )

    expect(changePassword.user.organization).toEqual({ users: { totalCount: 1 }, projects: { totalCount: 0 } })
    expect(changePassword.accessDiff).toEqual({ gained: 0, lost: 0 })
    expect(await isOpen(client)).toBe(false)
  })
})
