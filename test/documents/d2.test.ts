// Runs on both databases.
/**
 * The walk-through of D2, "create, edit, and delete a user" with the API of AtScale, in its order and with its values;
 * the host replaced. The two APIs of the document, Design Center and Account, are one here.
 */

import { sql } from 'drizzle-orm'
import { decodeJwt } from 'jose'
import { expect, test } from 'vitest'
import { type Client, startApp } from '../support/app.ts'
import { change, changeDocument, failInput } from '../support/change.ts'
import { permissionsOf, rolesOf, statusOf, usernameOf } from '../support/look.ts'
import { missingOf } from '../support/missing.ts'
import { query, withoutWriting } from '../support/rows.ts'
import { basic, bearer, SIGN_IN, signIn } from '../support/sessions.ts'
import { forge, readPrivateKey, readToken } from '../support/tokens.ts'

/** "testpw" is six characters long, and "admin" is what everybody tries first. */
const app = startApp({ passwordMinLength: 5, allowCommonPasswords: true })

const ROLE = {
  name: 'designcenter_user',
  title: 'Design Center User',
  permissions: ['designcenter.user', 'aggregates.view', 'queries.view', 'object.create', 'global.project.edit'],
}

const USER = {
  username: 'test-api-user',
  confirmPassword: 'testpw',
  password: 'testpw',
  mustChangePassword: false,
  email: 'test-api-user@example.test',
  displayName: 'Test API User',
  roles: [{ role: 'designcenter_user', organization: 'default' }],
}

/** "curl -u admin:admin": the super user, who has a password and no key. */
app.world(async () => {
  await change(app.root, 'createUser', {
    username: 'admin',
    password: 'admin',
    mustChangePassword: false,
    isAdmin: true,
  })
})

/** "export BearerToken=`curl -u admin:admin -X GET …/default/auth`" */
async function obtainJwt(): Promise<Client> {
  const { token } = await signIn(app, 'admin', 'admin')
  return app.as(bearer(token))
}

const LIST_ORGANIZATIONS = '{ organizations { totalCount nodes { id name users { totalCount } } } }'

const secondsOf = (token: string) => {
  const { iat = 0, exp = 0 } = decodeJwt(token)
  return exp - iat
}

/** The token as it is when its session is older by so many seconds. */
async function grow(token: string, seconds: number): Promise<string> {
  const { header, payload } = readToken(token)
  const by = sql`make_interval(secs => ${seconds})`
  await query(app, sql`update sessions set created_at = created_at - ${by}, expires_at = expires_at - ${by}`)
  const claims = { ...payload, iat: Number(payload.iat) - seconds, exp: Number(payload.exp) - seconds }
  return forge(await readPrivateKey(app), header, claims)
}

test('"Obtain a JWT": with username and password, to be sent as "authorization: Bearer" from then on', async () => {
  const { token, client } = await signIn(app, 'admin', 'admin')

  expect(token).toMatch(/^eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+$/)
  expect(await usernameOf(client)).toBe('admin')
  // "The authorization header uses Basic auth Base64 encoded": here it is understood on any request, that one too.
  const { signIn: again } = await app
    .as({ authorization: 'Basic YWRtaW46YWRtaW4=' })
    .ok(SIGN_IN, { username: 'admin', password: 'admin' })
  expect(await usernameOf(app.as(bearer(again.token)))).toBe('admin')
  expect(await usernameOf(app.as({ authorization: 'Basic YWRtaW46YWRtaW4=' }))).toBe('admin')
  expect(await statusOf(app.as(basic('admin', 'Admin')))).toBe(401)
})

test('"The JWT has a default lifetime of 1 hour, which can be adjusted through … Organization Settings"', async () => {
  const admin = await obtainJwt()
  const { organization } = await admin.ok('{ organization(name: "default") { tokenTtl } }')
  const first = await signIn(app, 'admin', 'admin')

  // "under the TTL Duration for the JWT section"
  const settings = { organization: 'default', tokenTtl: 'PT8H' }
  const changed = await change(admin, 'updateOrganization', settings, 'organization { tokenTtl }')
  const second = await signIn(app, 'admin', 'admin')

  expect(organization.tokenTtl).toBe('PT1H')
  expect(changed.organization.tokenTtl).toBe('PT8H')
  expect([first, second].map(({ token }) => secondsOf(token))).toEqual([3600, 8 * 3600])
})

test('"If you try to access an API with an expired token, an HTTP 401 response will be returned--obtain a new JWT"', async () => {
  const { token } = await signIn(app, 'admin', 'admin')
  const almost = await grow(token, 3540)
  expect(await statusOf(app.as(bearer(almost)))).toBe(200)
  const expired = await grow(almost, 61)

  const answer = await app.as(bearer(expired)).send(LIST_ORGANIZATIONS)

  expect(answer.status).toBe(401)
  expect(answer.data).toBe(null)
  expect(answer.errors.map(({ extensions }) => extensions.code)).toEqual(['UNAUTHENTICATED'])
  expect(await statusOf(await obtainJwt())).toBe(200)
})

test('"List Organizations": id, name, and the number of users', async () => {
  const admin = await obtainJwt()
  for (const username of ['a', 'b', 'c', 'd', 'e']) await change(admin, 'createUser', { username })

  const { organizations } = await admin.ok(LIST_ORGANIZATIONS)

  // "response":[{"id":"default","name":"default","NumberOfUsers":7}]: root and admin are among them.
  expect(organizations).toEqual({
    totalCount: 1,
    nodes: [{ id: expect.stringMatching(/^organization_/), name: 'default', users: { totalCount: 7 } }],
  })
})

test('"List Organization Roles": id, title, and permissions by name', async () => {
  const admin = await obtainJwt()
  // "the previously created … role"
  await change(admin, 'createRole', { ...ROLE, organization: 'default' })

  // "GET …/org/default/roles"
  const { organization } = await admin.ok(
    '{ organization(name: "default") { roles { totalCount nodes { id name title permissions { name } } } } }',
  )

  const builtIn = ['AUDITOR', 'ORGANIZATION_ADMIN', 'PROJECT_MANAGER', 'VERSION_MANAGER']
  expect(organization.roles).toEqual({
    totalCount: 5,
    // Those that come with the server can be granted there too.
    nodes: [
      expect.objectContaining({ name: builtIn[0] }),
      {
        id: expect.stringMatching(/^role_/),
        name: 'designcenter_user',
        title: 'Design Center User',
        permissions: [...ROLE.permissions].sort().map((name) => ({ name })),
      },
      ...builtIn.slice(1).map((name) => expect.objectContaining({ name })),
    ],
  })
})

test('"Create User": username, password, confirm_password, email, name and roles in one call', async () => {
  const admin = await obtainJwt()
  await change(admin, 'createRole', { ...ROLE, organization: 'default' })

  const payload = `secret apiKey { id } user { id username email displayName isActive isAdmin organization { name }
    roles { edges { node { name title } organization { name } grantedBy { username } } } }`
  const made = await change(admin, 'createUser', USER, payload)

  // "This creates the user test-api-user with the name Test API User and email … with the password testpw."
  expect(made).toMatchObject({
    secret: null,
    apiKey: null,
    user: {
      id: expect.stringMatching(/^user_/),
      username: 'test-api-user',
      email: 'test-api-user@example.test',
      displayName: 'Test API User',
      isActive: true,
      isAdmin: false,
      organization: { name: 'default' },
      roles: {
        edges: [
          {
            node: { name: 'designcenter_user', title: 'Design Center User' },
            organization: { name: 'default' },
            grantedBy: { username: 'admin' },
          },
        ],
      },
    },
  })
  const { client } = await signIn(app, 'test-api-user', 'testpw')
  expect(await permissionsOf(client)).toEqual([...ROLE.permissions].sort().map((name) => `${name} in default`))
})

test('a different "confirm_password" creates no user', async () => {
  const admin = await obtainJwt()
  await change(admin, 'createRole', { ...ROLE, organization: 'default' })

  await withoutWriting(app, () =>
    failInput(admin, ['confirmPassword'], 'createUser', { ...USER, confirmPassword: 'testpv' }),
  )
  await withoutWriting(app, () =>
    failInput(admin, ['confirmPassword'], 'createUser', { ...USER, confirmPassword: 'TESTPW' }),
  )
})

test('a missing role creates no user', async () => {
  const admin = await obtainJwt()

  await withoutWriting(app, () =>
    admin.failed('NotFoundError', changeDocument('createUser'), { input: USER }).then(({ path }) => {
      expect(path).toEqual(['roles', '0', 'role'])
    }),
  )
})

test('a caller who is no administrator creates no user', async () => {
  const admin = await obtainJwt()
  await change(admin, 'createRole', { ...ROLE, organization: 'default' })
  await change(admin, 'createUser', USER)
  const { client } = await signIn(app, 'test-api-user', 'testpw')

  const { extensions } = await withoutWriting(app, () =>
    client.refused('FORBIDDEN', changeDocument('createUser'), { input: { ...USER, username: 'another' } }),
  )

  expect(missingOf(extensions)).toEqual(['users.manage'])
})

test('"the ability to … edit, and delete a user": name, email, roles, password; then the user is gone', async () => {
  const admin = await obtainJwt()
  await change(admin, 'createRole', { ...ROLE, organization: 'default' })
  await change(admin, 'createRole', { name: 'basic_role', title: 'Basic Role', permissions: ['queries.view'] })
  await change(admin, 'createUser', USER)
  const user = 'test-api-user'

  const values = { displayName: 'Edited', email: 'edited@example.test', username: 'test-api-user-2' }
  const edited = await change(admin, 'updateUser', { user, ...values }, 'user { username displayName email }')
  const now = 'test-api-user-2'
  await change(admin, 'revokeRoles', { user: now, roles: USER.roles })
  await change(admin, 'grantRoles', { user: now, roles: [{ role: 'basic_role', organization: 'default' }] })
  const input = { user: now, password: 'testpw2', confirmPassword: 'testpw2', mustChangePassword: false }
  await change(admin, 'setUserPassword', input)

  expect(edited.user).toEqual(values)
  expect(await rolesOf(admin, now)).toEqual(['basic_role in default'])
  expect(await statusOf(app.as(basic(now, 'testpw')))).toBe(401)
  const { client } = await signIn(app, now, 'testpw2')
  expect(await permissionsOf(client)).toEqual(['queries.view in default'])

  const gone = await change(admin, 'deleteUser', { user: now }, 'name accessLost { role organization }')

  expect(gone).toMatchObject({ name: now, accessLost: [{ role: 'basic_role', organization: 'default' }] })
  expect(await statusOf(client)).toBe(401)
  expect(await statusOf(app.as(basic(now, 'testpw2')))).toBe(401)
  const { organizations } = await admin.ok(LIST_ORGANIZATIONS)
  expect(organizations.nodes).toMatchObject([{ users: { totalCount: 2 } }])
})
