/** Who may read what a user may do, what of it they are told, and what it was in the past. */

import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { SERVER_PERMISSIONS } from '../../src/authority/permissions.ts'
import { accessOf, inWords } from '../support/access.ts'
import { startApp } from '../support/app.ts'
import { change } from '../support/change.ts'
import { createController, createModel } from '../support/levels.ts'
import { missingOf } from '../support/missing.ts'
import { lapseGrants, query, uuidOf } from '../support/rows.ts'
import { createApiKey, createOrganization, createProject, createRole, createUser } from '../support/seed.ts'

const app = startApp()

const HOUR_MS = 3_600_000
const hoursAgo = (hours: number) => new Date(Date.now() - hours * HOUR_MS).toISOString()

/** What the client is told of a user, in words, sorted. */
async function wordsOf(username: string, { client = app.root, at = null as string | null } = {}): Promise<string[]> {
  return (await accessOf(client, username, { at })).map(inWords).sort()
}

describe('what a user may do', () => {
  test('is every permission and every level for an administrator, and those of the organization for its administrator', async () => {
    await createOrganization(app, 'acme')
    await createController(app, 'gce1', 'acme')
    await createModel(app.root, 'gce1', 'web')
    await createController(app, 'maas')
    await createRole(app, 'EDITOR', ['doc.edit'])
    await createUser(app, 'ada', { roles: [{ role: 'ADMINISTRATOR', everywhere: true }] })
    await createUser(app, 'otto', { roles: [{ role: 'ORGANIZATION_ADMIN', organization: 'acme' }] })
    const applications = ['doc.edit', 'version.create', 'version.delete', 'version.update']
    const servers = Object.keys(SERVER_PERMISSIONS)

    const [ada, otto] = [await wordsOf('ada'), await wordsOf('otto')]

    const levels = ['ADMIN gce1/web CONTROLLER', 'SUPERUSER gce1 ROLE', 'SUPERUSER maas ROLE']
    const everywhere = [...applications, ...servers].map((word) => `${word} everywhere ROLE`)
    expect(ada).toEqual([...everywhere, ...levels].map((line) => `${line} ADMINISTRATOR`).sort())
    const inAcme = [...applications, ...servers.filter((word) => word !== 'organizations.manage')]
    expect(otto).toEqual(
      [...inAcme.map((word) => `${word} in acme ROLE`), ...levels.slice(0, 2)]
        .map((line) => `${line} ORGANIZATION_ADMIN`)
        .sort(),
    )
  })

  test('appears once for each way', async () => {
    await createOrganization(app, 'acme', ['doc.edit'])
    await createProject(app, 'apollo', 'acme')
    await createRole(app, 'EDITOR', ['doc.edit'])
    await createRole(app, 'WRITER', ['doc.edit'])
    const roles = [
      { role: 'EDITOR', organization: 'acme' },
      { role: 'EDITOR', project: 'apollo' },
      { role: 'WRITER', organization: 'acme' },
    ]
    await createUser(app, 'bob', { organization: 'acme', roles })

    expect(await wordsOf('bob')).toEqual([
      'doc.edit in acme MEMBERSHIP -',
      'doc.edit in acme ROLE EDITOR',
      'doc.edit in acme ROLE WRITER',
      'doc.edit on apollo of acme ROLE EDITOR',
    ])
  })

  test('is empty while they are suspended, and the same again afterwards', async () => {
    const bob = await createUser(app, 'bob', { roles: [{ role: 'AUDITOR', everywhere: true }] })
    const words = ['access.check', 'audit.read', 'users.read'].map((word) => `${word} everywhere ROLE AUDITOR`)
    await query(app, sql`update role_grants set since = now() - interval '9 hours' where user_id = ${uuidOf(bob.id)}`)
    await query(app, sql`update role_permissions set since = now() - interval '9 hours'`)

    await change(app.root, 'disableUser', { user: 'bob' })
    expect(await wordsOf('bob')).toEqual([])
    expect(await wordsOf('bob', { at: hoursAgo(1) })).toEqual(words)
    await query(app, sql`update user_suspensions set since = now() - interval '6 hours'`)
    await change(app.root, 'enableUser', { user: 'bob' })

    expect(await wordsOf('bob')).toEqual(words)
    expect(await wordsOf('bob', { at: hoursAgo(1) })).toEqual([])
    expect(await wordsOf('bob', { at: hoursAgo(7) })).toEqual(words)
  })

  test('no longer has what expired or was revoked, and had it before', async () => {
    await createRole(app, 'EDITOR', ['doc.edit'])
    await createRole(app, 'WRITER', ['doc.write'])
    await query(app, sql`update role_permissions set since = now() - interval '9 hours'`)
    const roles = [
      { role: 'EDITOR', everywhere: true, expiresAt: hoursAgo(-1) },
      { role: 'WRITER', everywhere: true },
    ]
    const bob = await createUser(app, 'bob', { roles })
    await change(app.root, 'revokeRoles', { user: 'bob', roles: [{ role: 'WRITER', everywhere: true }] })
    await lapseGrants(app, bob.id)
    await query(
      app,
      sql`update role_grants set since = now() - interval '5 hours', ended_at = now() - interval '3 hours'
        where user_id = ${uuidOf(bob.id)} and ended_at is not null`,
    )

    const told = await Promise.all([0.5, 1.5, 2.5, 4, 6].map((hours) => wordsOf('bob', { at: hoursAgo(hours) })))

    const editor = ['doc.edit everywhere ROLE EDITOR']
    expect(await wordsOf('bob')).toEqual([])
    expect(told).toEqual([[], editor, [], ['doc.write everywhere ROLE WRITER'], []])
  })

  test('is no administration of a model before there was one', async () => {
    await createController(app, 'gce1')
    await createModel(app.root, 'gce1', 'web')
    await createUser(app, 'bob')
    await change(app.root, 'grantControllerAccess', { user: 'bob', controller: 'gce1', access: 'SUPERUSER' })
    await query(app, sql`update controllers set created_at = now() - interval '9 hours'`)
    await query(app, sql`update models set created_at = now() - interval '2 hours'`)
    await query(app, sql`update controller_grants set since = now() - interval '4 hours'`)

    const told = await Promise.all([1, 3, 5].map((hours) => wordsOf('bob', { at: hoursAgo(hours) })))

    const superuser = 'SUPERUSER gce1 GRANT -'
    expect(told).toEqual([['ADMIN gce1/web CONTROLLER -', superuser], [superuser], []])
  })
})

describe('a caller', () => {
  /** Bob of acme holds things in acme and in globex. */
  async function makeBob() {
    for (const name of ['acme', 'globex']) {
      await createOrganization(app, name)
      await createController(app, `c-${name}`, name)
      await createModel(app.root, `c-${name}`, 'web')
    }
    await createProject(app, 'zeus', 'globex')
    await createRole(app, 'EDITOR', ['doc.edit'])
    await createRole(app, 'SECRETIVE', ['hidden.word', 'users.read'], 'globex')
    const roles = [
      { role: 'EDITOR', organization: 'acme' },
      { role: 'EDITOR', project: 'zeus' },
      { role: 'SECRETIVE', organization: 'globex' },
    ]
    const bob = await createUser(app, 'bob', { organization: 'acme', roles })
    await change(app.root, 'grantModelAccess', { user: 'bob', controller: 'c-globex', model: 'web', access: 'WRITE' })
    return bob
  }

  test('from the organization does not see access outside of it: without its names it would read as wider', async () => {
    await makeBob()
    const roles = [{ role: 'ORGANIZATION_ADMIN', organization: 'acme' }]
    const chief = await createUser(app, 'chief', { organization: 'acme', roles })

    const told = await wordsOf('bob', { client: chief.client })

    expect(told).toEqual(['doc.edit in acme ROLE EDITOR'])
  })

  test('sees all of their own access; with a limited key, what is on scopes that the key sees', async () => {
    const { client } = await makeBob()
    const limits = [{ role: 'EDITOR', organization: 'acme' }]
    const limited = await createApiKey(client, { limits, isReadOnly: true })
    const all = await wordsOf('bob')

    const [own, narrow] = [await wordsOf('bob', { client }), await wordsOf('bob', { client: app.as(limited.key) })]

    expect(all).toHaveLength(6)
    expect(own).toEqual(all)
    expect(narrow).toEqual(['doc.edit in acme ROLE EDITOR'])
  })

  test('who may not read the record is refused at the field, with the missing permission', async () => {
    await makeBob()
    const roles = [{ role: 'ORGANIZATION_ADMIN', organization: 'globex' }]
    const stranger = await createUser(app, 'olga', { organization: 'globex', roles })
    const document = '{ user(username: "bob") { username effectiveAccess { totalCount nodes { permission } } } }'

    const { data, errors } = await stranger.client.send(document)

    expect(data.user).toEqual({ username: 'bob', effectiveAccess: null })
    expect(errors.map(({ path, extensions }) => [path, extensions.code, missingOf(extensions)])).toEqual([
      [['user', 'effectiveAccess'], 'FORBIDDEN', ['users.read']],
    ])
  })
})

describe('holders', () => {
  const HOLDERS = `query ($at: DateTime, $first: Int, $after: String) {
    controller(name: "gce1") { holders(at: $at, first: $first, after: $after) { ...All } }
    model(controller: "gce1", name: "web") { holders(at: $at) { totalCount edges { level via since expiresAt node { username } } } } }
    fragment All on ControllerHolderConnection { totalCount pageInfo { hasNextPage endCursor } edges { level via since expiresAt node { username } } }`

  interface Edge {
    level: string
    via: string
    node: { username: string }
  }

  interface Page {
    edges: Edge[]
    pageInfo: { hasNextPage: boolean; endCursor: string | null }
  }

  const wordsOfEdges = (edges: Edge[]) => edges.map(({ level, via, node }) => `${node.username} ${level} ${via}`).sort()

  async function holdersAt(at: string | null) {
    const { controller, model } = await app.root.ok(HOLDERS, { at })
    const lists = [controller.holders, model.holders]
    for (const { totalCount, edges } of lists) expect(edges.length).toBe(totalCount)
    return lists.map(({ edges }) => wordsOfEdges(edges).filter((line) => !line.startsWith('root ')))
  }

  test('of a controller and of a model are at a time those whose access had begun and not ended', async () => {
    await createController(app, 'gce1')
    await createModel(app.root, 'gce1', 'web')
    for (const username of ['amy', 'bob']) await createUser(app, username)
    await change(app.root, 'grantControllerAccess', { user: 'amy', controller: 'gce1', access: 'SUPERUSER' })
    await change(app.root, 'grantModelAccess', { user: 'bob', controller: 'gce1', model: 'web', access: 'READ' })
    await change(app.root, 'revokeModelAccess', { user: 'bob', controller: 'gce1', model: 'web', access: 'READ' })
    for (const table of ['users', 'controllers', 'models']) {
      await query(app, sql`update ${sql.identifier(table)} set created_at = now() - interval '9 hours'`)
    }
    await query(app, sql`update controller_grants set since = now() - interval '3 hours'`)
    await query(
      app,
      sql`update model_grants set since = now() - interval '6 hours', ended_at = now() - interval '2 hours' where ended_at is not null`,
    )

    const told = await Promise.all([null, hoursAgo(1), hoursAgo(2.5), hoursAgo(4), hoursAgo(7)].map(holdersAt))

    const amy = [['amy SUPERUSER GRANT'], ['amy ADMIN CONTROLLER']]
    const bob = [['bob LOGIN MODEL'], ['bob READ GRANT']]
    const both = [
      ['amy SUPERUSER GRANT', 'bob LOGIN MODEL'],
      ['amy ADMIN CONTROLLER', 'bob READ GRANT'],
    ]
    expect(told).toEqual([amy, amy, both, bob, [[], []]])
  })

  test('by membership are each on exactly one page, however short the pages are', async () => {
    await createOrganization(app, 'acme', ['controllers.manage'])
    for (const username of ['amy', 'bob', 'carol', 'dave']) await createUser(app, username, { organization: 'acme' })
    await query(app, sql`update users set created_at = now() - interval '9 hours' where username <> 'root'`)
    await createController(app, 'gce1', 'acme')
    await createModel(app.root, 'gce1', 'web')
    const found: Edge[] = []

    let after: string | null = null
    do {
      const { controller }: { controller: { holders: Page } } = await app.root.ok(HOLDERS, { first: 1, after })
      found.push(...controller.holders.edges)
      after = controller.holders.pageInfo.hasNextPage ? controller.holders.pageInfo.endCursor : null
    } while (after !== null)

    const members = ['amy', 'bob', 'carol', 'dave'].map((username) => `${username} SUPERUSER MEMBERSHIP`)
    expect(wordsOfEdges(found)).toEqual([...members, 'root LOGIN MODEL', 'root SUPERUSER ROLE'])
  })
})
