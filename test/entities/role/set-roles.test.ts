/** The roles of a user on one scope, set to exactly what is named. */
import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { startApp } from '../../support/app.ts'
import { change, failChange, failInput } from '../../support/change.ts'
import { inDays, rolesOf } from '../../support/look.ts'
import { lacks } from '../../support/refusals.ts'
import { query, readAudit, uuidOf, withoutWriting } from '../../support/rows.ts'
import { createOrganization, createProject, createRole, createUser, grantRoles } from '../../support/seed.ts'

const app = startApp()

/** bob, who holds roles on the project apollo and beside it; leader, who grants in acme what a READER holds. */
const given = app.world(async () => {
  await createOrganization(app, 'acme')
  await createProject(app, 'apollo', 'acme')
  await createRole(app, 'READER', ['page.read'])
  await createRole(app, 'WRITER', ['page.read', 'page.write'])
  await createRole(app, 'LEADER', ['page.read', 'roles.grant', 'users.read'])
  const roles = [
    { role: 'READER', project: 'apollo' },
    { role: 'WRITER', project: 'apollo', expiresAt: inDays(9) },
    { role: 'READER', organization: 'acme' },
  ]
  const bob = await createUser(app, 'bob', { organization: 'acme', roles })
  const lead = [{ role: 'LEADER', organization: 'acme' }]
  return { bob, leader: await createUser(app, 'leader', { organization: 'acme', roles: lead }) }
})

const set = (roles: object[], client = app.root) =>
  change(client, 'setRoles', { user: 'bob', project: 'apollo', roles }, 'changed')

/** The open grants of bob on the project, with their ends. */
async function endsOnApollo() {
  const { user } = await app.root.ok(
    '{ user(username: "bob") { roles { edges { node { name } project { code } expiresAt } } } }',
  )
  const edges: { node: { name: string }; project: unknown; expiresAt: string | null }[] = user.roles.edges
  return Object.fromEntries(edges.filter(({ project }) => project).map(({ node, expiresAt }) => [node.name, expiresAt]))
}

const rowOfReader = () =>
  query(
    app,
    sql`select g.id, g.since::text from role_grants as g join roles as r on r.id = g.role_id
      where r.name = 'READER' and g.project_id is not null and g.ended_at is null`,
  )

describe('setting roles', () => {
  test('grants what is missing and revokes what is not named, on this scope alone', async () => {
    const { changed } = await set([{ role: 'READER' }, { role: 'VERSION_MANAGER' }])

    expect(changed).toBe(true)
    expect(await rolesOf(app.root, 'bob')).toEqual(['READER in acme', 'READER on apollo', 'VERSION_MANAGER on apollo'])
  })

  test('makes an end earlier, later, or takes it away', async () => {
    const [soon, late] = [inDays(2), inDays(90)]

    await set([
      { role: 'READER', expiresAt: soon },
      { role: 'WRITER', expiresAt: late },
    ])
    const first = await endsOnApollo()
    await set([{ role: 'READER' }, { role: 'WRITER', expiresAt: soon }])

    expect(first).toEqual({ READER: soon, WRITER: late })
    expect(await endsOnApollo()).toEqual({ READER: null, WRITER: soon })
  })

  test('leaves a grant that is like that already as it is, with its beginning', async () => {
    const before = await rowOfReader()

    await set([{ role: 'READER' }])

    expect(await rowOfReader()).toEqual(before)
  })

  test('takes the later of two ends of one role', async () => {
    const [soon, late] = [inDays(2), inDays(9)]

    await set([{ role: 'READER', expiresAt: soon }, { role: 'reader', expiresAt: late }, { role: 'WRITER' }])
    await set([{ role: 'READER', expiresAt: late }, { role: 'READER' }, { role: 'WRITER' }])

    expect(await endsOnApollo()).toEqual({ READER: null, WRITER: null })
  })

  test('writes nothing where they are held exactly so', async () => {
    await set([{ role: 'READER' }])

    const { changed } = await withoutWriting(app, () => set([{ role: 'READER' }]))

    expect(changed).toBe(false)
  })

  test('to none revokes all of them', async () => {
    await set([])

    expect(await rolesOf(app.root, 'bob')).toEqual(['READER in acme'])
  })

  test('is one event, with what ended and what began', async () => {
    const { bob } = given()
    const end = inDays(3)

    await set([{ role: 'READER', expiresAt: end }])

    const event = (await readAudit(app)).at(-1)
    expect(event).toMatchObject({ action: 'setRoles', target_type: 'User', target_id: uuidOf(bob.id) })
    const iso = expect.stringMatching(/^[0-9-]{10}T[0-9:.]+Z$/)
    expect(event?.before).toMatchObject({ roles: [{ role: 'READER' }, { role: 'WRITER', expiresAt: iso }] })
    expect(event?.after).toEqual({ roles: [{ role: 'READER', scope: 'project apollo', expiresAt: end }] })
  })

  test('says where by exactly one scope', async () => {
    const input = { user: 'bob', roles: [] }

    await withoutWriting(app, async () => {
      await failInput(app.root, ['everywhere'], 'setRoles', input)
      await failInput(app.root, ['everywhere'], 'setRoles', { ...input, project: 'apollo', everywhere: true })
      await failInput(app.root, ['roles.0'], 'setRoles', {
        ...input,
        project: 'apollo',
        roles: [{ role: 'ADMINISTRATOR' }],
      })
    })
  })
})

describe('a delegate', () => {
  test('sets what they hold themselves, and keeps what they could not grant', async () => {
    const { leader } = given()

    const { changed } = await set(
      [
        { role: 'READER', expiresAt: inDays(2) },
        { role: 'WRITER', expiresAt: inDays(5) },
      ],
      leader.client,
    )

    expect(changed).toBe(true)
  })

  test('gives nothing that they do not hold, nor for longer', async () => {
    const { leader } = given()
    await set([{ role: 'READER' }])

    const input = { user: 'bob', project: 'apollo', roles: [{ role: 'READER' }, { role: 'WRITER' }] }
    await lacks(app, leader.client, [['page.write', 'on the project apollo']], 'setRoles', input)
  })

  test('takes nothing from an administrator', async () => {
    const { leader } = given()
    await grantRoles(app, 'bob', [{ role: 'ADMINISTRATOR', everywhere: true }])

    await withoutWriting(app, () =>
      leader.client.refused(
        'FORBIDDEN',
        'mutation ($input: SetRolesInput!) { setRoles(input: $input) { __typename } }',
        {
          input: { user: 'bob', project: 'apollo', roles: [] },
        },
      ),
    )
  })
})

test.each([
  ['at once', []],
  ['in the future', [{ role: 'ADMINISTRATOR', expiresAt: inDays(1) }]],
])('root is never demoted: not %s', async (_when, roles) => {
  await createUser(app, 'alice', { isAdmin: true })

  const { message } = await withoutWriting(app, () =>
    failChange(app.root, 'ConflictError', 'setRoles', { user: 'root', everywhere: true, roles }),
  )

  expect(message).toBe('root is never demoted.')
})
