import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { startOwnApp } from '../support/app.ts'
import { change, changeDocument, failChange } from '../support/change.ts'
import { CHANGES, makeWorld } from '../support/changes.ts'
import { missingOf } from '../support/missing.ts'
import { query, withoutWriting } from '../support/rows.ts'
import { createProject, createUser } from '../support/seed.ts'

const app = startOwnApp()

describe('the errors of api.md', () => {
  test('a forbidden field of a visible user is null and FORBIDDEN at its path, and names the missing permission', async () => {
    await change(app.root, 'createRole', { name: 'GRANTER', permissions: ['roles.grant'] })
    const granter = await createUser(app, 'alice', { roles: [{ role: 'GRANTER', organization: 'default' }] })
    await createUser(app, 'bob')

    const { status, data, errors } = await granter.client.send(
      '{ user(username: "bob") { username isActive mail: email } }',
    )

    expect(status).toBe(200)
    expect(data).toEqual({ user: { username: 'bob', isActive: true, mail: null } })
    expect(errors).toMatchObject([{ path: ['user', 'mail'], extensions: { code: 'FORBIDDEN' } }])
  })

  test('a forbidden mutation on a visible thing is FORBIDDEN, and names the missing permission', async () => {
    await createProject(app, 'apollo')
    const bob = await createUser(app, 'bob', { roles: [{ role: 'VERSION_MANAGER', project: 'apollo' }] })
    // Somewhere else he may: so what refuses is the decision about this project.
    await createProject(app, 'gemini')
    await change(app.root, 'grantRoles', { user: 'bob', roles: [{ role: 'PROJECT_MANAGER', project: 'gemini' }] })

    const document = 'mutation { updateProject(input: { project: "apollo", title: "x" }) { __typename } }'
    const error = await withoutWriting(app, () => bob.client.refused('FORBIDDEN', document))

    expect(error.path).toEqual(['updateProject'])
    expect(missingOf(error.extensions)).toEqual(['project.update', 'projects.manage'])
  })

  test('a hidden thing is NotFoundError in a mutation, null in a query and absent in a list, as a missing thing is', async () => {
    await createProject(app, 'apollo')
    const bob = await createUser(app, 'bob', { roles: [{ role: 'ORGANIZATION_ADMIN', organization: 'default' }] })
    await change(app.root, 'createOrganization', { name: 'acme' })
    await change(app.root, 'createProject', { code: 'hidden', organization: 'acme' })

    const data = await bob.client.ok(
      '{ hidden: project(code: "hidden") { id } missing: project(code: "missing") { id } projects { totalCount nodes { code } } }',
    )
    const hidden = await failChange(bob.client, 'NotFoundError', 'deleteProject', { project: 'hidden' })
    const missing = await failChange(bob.client, 'NotFoundError', 'deleteProject', { project: 'missing' })

    expect(data).toEqual({ hidden: null, missing: null, projects: { totalCount: 1, nodes: [{ code: 'apollo' }] } })
    expect(hidden).toEqual({ ...missing, message: missing.message.replace('missing', 'hidden') })
    expect(hidden).toMatchObject({ code: 'NOT_FOUND', path: ['project'] })
  })

  test('an allowed mutation that would grant too much is MissingAuthorityError, and names the missing permission', async () => {
    const bob = await createUser(app, 'bob', { roles: [{ role: 'ORGANIZATION_ADMIN', organization: 'default' }] })
    await change(app.root, 'createRole', { name: 'MAKER', permissions: ['organizations.manage', 'doc.read'] })

    const input = { user: 'bob', roles: [{ role: 'MAKER', organization: 'default' }] }
    const error = await withoutWriting(app, () => failChange(bob.client, 'MissingAuthorityError', 'grantRoles', input))

    expect(error).toMatchObject({ code: 'MISSING_AUTHORITY' })
    expect(missingOf(error)).toEqual(['organizations.manage'])
  })

  test('bad input in a mutation names every problem, each at its path', async () => {
    const input = { username: 'not a name', displayName: '', roles: [{ role: 'AUDITOR' }] }

    const error = await withoutWriting(app, () => failChange(app.root, 'InvalidInputError', 'createUser', input))

    expect(error.code).toBe('INVALID_INPUT')
    expect(error.issues.map((issue: { path: string[] }) => issue.path.join('.'))).toEqual([
      'username',
      'displayName',
      'roles.0',
    ])
  })

  test('an internal error is masked, with the id of the request and nothing of the database', async () => {
    await query(app, sql`alter table ssh_keys rename to keys_away`)
    try {
      const { headers, errors } = await app.root.send('{ viewer { user { sshKeys { totalCount } } } }')

      expect(errors).toMatchObject([{ path: ['viewer'], extensions: { code: 'INTERNAL_SERVER_ERROR' } }])
      expect(errors[0]?.extensions).toEqual({
        code: 'INTERNAL_SERVER_ERROR',
        requestId: headers.get('x-request-id'),
      })
      expect(JSON.stringify(errors)).not.toMatch(/select|relation|postgres|keys_away|42P01/i)
    } finally {
      await query(app, sql`alter table keys_away rename to ssh_keys`)
    }
  })

  test('a mutation changes nothing without its audit row', async () => {
    const world = await makeWorld(app)
    await query(app, sql`alter table audit_events add constraint audit_broken check (false) not valid`)
    try {
      for (const sample of CHANGES) {
        const document = changeDocument(sample.name)
        const { data, errors } = await withoutWriting(app, () =>
          app.root.send(document, { input: sample.input(world) }),
        )
        expect([sample.name, data, errors[0]?.extensions.code]).toEqual([
          sample.name,
          { [sample.name]: null },
          'INTERNAL_SERVER_ERROR',
        ])
      }
    } finally {
      await query(app, sql`alter table audit_events drop constraint audit_broken`)
    }
  })
})

describe('an error of a mutation that is not selected appears in the errors', () => {
  const RESERVED = 'createUser(input: { username: "root" })'
  const LOUD = [
    '... on CreateUserPayload { user { id } }',
    '... on CreateUserPayload { __typename }',
    '... on ConflictError { code message }',
    '... on MutationError @skip(if: true) { code }',
    '__typename @include(if: false) ... on CreateUserPayload { secret }',
  ]
  const QUIET = [
    '__typename',
    'kind: __typename',
    '... on MutationError { code }',
    '... on MutationError { __typename }',
    '... on InvalidInputError { issues { path } }',
    '... on InvalidInputError { message } ... on CreateUserPayload { secret }',
    '... { ... on MutationError { ... on InvalidInputError { message } } }',
  ]

  test.each(LOUD)('with the selection { %s }', async (selection) => {
    const { status, data, errors } = await withoutWriting(app, () =>
      app.root.send(`mutation { made: ${RESERVED} { ${selection} } }`),
    )

    expect(status).toBe(200)
    expect(data).toEqual({ made: {} })
    expect(errors).toMatchObject([
      { path: ['made'], message: expect.stringContaining('username'), extensions: { code: 'INVALID_INPUT' } },
    ])
  })

  test.each(QUIET)('not with the selection { %s }', async (selection) => {
    await withoutWriting(app, () => app.root.ok(`mutation { ${RESERVED} { ${selection} } }`))
  })

  test('not where a named fragment selects it', async () => {
    await app.root.ok(`mutation { ${RESERVED} { ...Failure } } fragment Failure on MutationError { message }`)
  })

  test('for every kind of error', async () => {
    await createUser(app, 'bob')
    const alice = await createUser(app, 'alice', { roles: [{ role: 'ORGANIZATION_ADMIN', organization: 'default' }] })
    const taken = '{ createUser(input: { username: "bob" }) { ... on CreateUserPayload { secret } } }'
    const missing = '{ deleteUser(input: { user: "nobody" }) { ... on DeleteUserPayload { name } } }'
    const { viewer } = await app.root.ok('{ viewer { apiKey { id } } }')
    const last = `{ revokeApiKey(input: { apiKey: "${viewer.apiKey.id}" }) { ... on RevokeApiKeyPayload { changed } } }`
    await change(app.root, 'createRole', { name: 'MAKER', permissions: ['organizations.manage'] })
    const tooMuch =
      '{ grantRoles(input: { user: "bob", roles: [{ role: "MAKER", organization: "default" }] }) { ... on GrantRolesPayload { changed } } }'

    await app.root.refused('CONFLICT', `mutation ${taken}`)
    await app.root.refused('NOT_FOUND', `mutation ${missing}`)
    await app.root.refused('LAST_ADMINISTRATOR', `mutation ${last}`)
    const error = await alice.client.refused('MISSING_AUTHORITY', `mutation ${tooMuch}`)

    expect(error).toMatchObject({ path: ['grantRoles'] })
    expect(error && missingOf(error.extensions)).toEqual(['organizations.manage'])
  })

  test('a success leaves the errors empty', async () => {
    await app.root.ok('mutation { createUser(input: { username: "bob" }) { ... on CreateUserPayload { secret } } }')
  })
})
