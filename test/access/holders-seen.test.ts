/** Who is told who holds a role, or something that reaches a project, and what of it is hidden from them. */
import { describe, expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { change } from '../support/change.ts'
import { holdersInWords, readHolders } from '../support/holders.ts'
import { createController, createModel } from '../support/levels.ts'
import { createApiKey, createOrganization, createProject, createRole, createUser, grantRoles } from '../support/seed.ts'

const app = startApp()

const EDITOR = { role: 'EDITOR' }
const APOLLO = { project: 'apollo' }

/**
 * acme with apollo and zeus, whose members read; globex. Of acme: amy, an editor of apollo, bob of acme, carol everywhere.
 * Of globex: gus, an editor of apollo, and gwen everywhere.
 */
app.world(async () => {
  await createOrganization(app, 'acme', ['doc.read'])
  await createOrganization(app, 'globex')
  for (const code of ['apollo', 'zeus']) await createProject(app, code, 'acme')
  await createRole(app, 'EDITOR', ['doc.edit'])
  for (const [username, organization, place] of [
    ['amy', 'acme', APOLLO],
    ['bob', 'acme', { organization: 'acme' }],
    ['carol', 'acme', { everywhere: true }],
    ['gus', 'globex', APOLLO],
    ['gwen', 'globex', { everywhere: true }],
  ] as const) {
    await createUser(app, username, { organization, roles: [{ ...EDITOR, ...place }] })
  }
})

const MEMBERS = ['amy', 'bob', 'carol'].map((username) => `${username} MEMBERSHIP doc.read in acme`)

/** Somebody of default, who is no member, with these roles. */
const createCaller = async (roles: object[]) => (await createUser(app, 'dora', { roles: roles as never })).client

describe('holders are told', () => {
  test('by users.read on the project: those of roles on it, wherever they live', async () => {
    const client = await createCaller([
      { role: 'AUDITOR', ...APOLLO },
      { ...EDITOR, project: 'zeus' },
    ])

    const [ofRole, ofProject] = [await holdersInWords(client, EDITOR), await holdersInWords(client, APOLLO)]

    expect(ofRole).toEqual([
      ...['amy GRANT on apollo of acme', 'dora GRANT on zeus of acme', 'gus GRANT on apollo of acme'],
    ])
    expect(ofProject).toEqual([
      'amy ROLE EDITOR on apollo of acme',
      'dora ROLE AUDITOR on apollo of acme',
      'gus ROLE EDITOR on apollo of acme',
    ])
  })

  test('by users.read in the organization: all there, its members, and its users who hold a role everywhere', async () => {
    // Who may grant anywhere sees every user, but not what they hold.
    await createRole(app, 'GRANTER', ['roles.grant'])
    const client = await createCaller([
      { role: 'AUDITOR', organization: 'acme' },
      { role: 'GRANTER', everywhere: true },
    ])

    const [ofRole, ofProject] = [await holdersInWords(client, EDITOR), await holdersInWords(client, APOLLO)]

    expect(ofRole).toEqual([
      ...['amy GRANT on apollo of acme', 'bob GRANT in acme', 'carol GRANT everywhere', 'gus GRANT on apollo of acme'],
    ])
    expect(ofProject).toEqual(
      [
        ...MEMBERS,
        ...['amy ROLE EDITOR on apollo of acme', 'bob ROLE EDITOR in acme', 'carol ROLE EDITOR everywhere'],
        ...['dora ROLE AUDITOR in acme', 'dora ROLE GRANTER everywhere', 'gus ROLE EDITOR on apollo of acme'],
      ].sort(),
    )
  })

  test('by users.read everywhere: all', async () => {
    const client = await createCaller([{ role: 'AUDITOR', everywhere: true }])

    for (const thing of [EDITOR, APOLLO]) {
      expect(await readHolders(client, thing)).toEqual(await readHolders(app.root, thing))
    }
    expect(await holdersInWords(client, EDITOR)).toHaveLength(5)
    expect(await holdersInWords(client, APOLLO)).toHaveLength(10)
  })

  test('only themselves to a caller who reads no users, whatever else they may do', async () => {
    await createRole(app, 'MANAGER', ['users.manage', 'roles.grant', 'projects.manage', 'audit.read', 'access.check'])
    const client = await createCaller([
      { role: 'MANAGER', everywhere: true },
      { ...EDITOR, project: 'zeus' },
      { ...EDITOR, ...APOLLO },
    ])

    const [ofRole, ofProject] = [await holdersInWords(client, EDITOR), await holdersInWords(client, APOLLO)]

    expect(ofRole).toEqual(['dora GRANT on apollo of acme', 'dora GRANT on zeus of acme'])
    expect(ofProject).toEqual(['dora ROLE EDITOR on apollo of acme', 'dora ROLE MANAGER everywhere'])
  })

  test('to a member by what they hold as one', async () => {
    const ann = await createUser(app, 'ann', { organization: 'acme' })

    expect(await holdersInWords(ann.client, APOLLO)).toEqual(['ann MEMBERSHIP doc.read in acme'])
    expect(await holdersInWords(ann.client, EDITOR)).toEqual([])
  })

  test('in another organization or on another project of none of it', async () => {
    const client = await createCaller([
      { role: 'AUDITOR', organization: 'globex' },
      { role: 'AUDITOR', project: 'zeus' },
    ])
    const document = '{ project(code: "apollo") { holders { totalCount } } missing: project(code: "apollu") { id } }'

    expect(await holdersInWords(client, EDITOR)).toEqual(['gwen GRANT everywhere'])
    expect(await holdersInWords(client, { project: 'zeus' })).toEqual([
      'dora ROLE AUDITOR on zeus of acme',
      'gwen ROLE EDITOR everywhere',
    ])
    expect(await client.ok(document)).toEqual({ project: null, missing: null })
  })
})

describe('of a holder is hidden', () => {
  test('the grantor, where the caller does not see them', async () => {
    const client = await createCaller([{ role: 'AUDITOR', organization: 'acme' }])
    const roles = [{ role: 'ORGANIZATION_ADMIN', organization: 'acme' }]
    const chief = await createUser(app, 'chief', { organization: 'acme', roles })
    const given = { role: 'VERSION_MANAGER', ...APOLLO }
    await change(chief.client, 'grantRoles', { user: 'amy', roles: [given] })
    await grantRoles(app, 'bob', [given])

    const grantors = async (asker: typeof client) =>
      (await readHolders(asker, { role: 'VERSION_MANAGER' })).map((item) => [
        item.node.username,
        item.grantedBy?.username ?? null,
      ])

    expect(await grantors(client)).toEqual([
      ['amy', 'chief'],
      ['bob', null],
    ])
    expect(await grantors(app.root)).toEqual([
      ['amy', 'chief'],
      ['bob', 'root'],
    ])
  })

  test('the scope, which then does not read as everywhere', async () => {
    const roles = [
      { ...EDITOR, ...APOLLO },
      { ...EDITOR, organization: 'globex' },
    ]
    const hal = await createUser(app, 'hal', { organization: 'acme', roles })
    const narrow = await createApiKey(hal.client, { limits: [] })

    const [own, limited] = [await holdersInWords(hal.client, EDITOR), await holdersInWords(app.as(narrow.key), EDITOR)]

    expect(own).toEqual(['hal GRANT in globex', 'hal GRANT on apollo of acme'])
    expect(limited).toEqual(['hal GRANT in ?', 'hal GRANT on ? of acme'])
  })
})

describe('the role by which a level is held', () => {
  const EDGES = 'totalCount edges { level via node { username } role { name } }'
  const LEVELS = `{ controller(name: "gce1") { holders(first: 100) { ${EDGES} } }
    model(controller: "gce1", name: "web") { holders(first: 100) { ${EDGES} } } }`

  interface Edge {
    level: string
    via: string
    node: { username: string }
    role: { name: string } | null
  }

  async function levelHolders(client: typeof app.root): Promise<string[][]> {
    const { controller, model } = await client.ok(LEVELS)
    return [controller.holders, model.holders].map(({ totalCount, edges }) => {
      expect(edges.length).toBe(totalCount)
      return edges
        .map(({ level, via, node, role }: Edge) => `${node.username} ${level} ${via} ${role?.name ?? '-'}`)
        .sort()
    })
  }

  /** gce1 of acme with web: by grant sue and rob of globex, by roles hal, and kim by acme’s own. */
  async function createLevels() {
    await createController(app, 'gce1', 'acme')
    await createModel(app.root, 'gce1', 'web')
    await createRole(app, 'KEEPER', ['controllers.manage'], 'acme')
    const organization = 'acme'
    await createUser(app, 'hal', { organization, roles: [{ role: 'ORGANIZATION_ADMIN', organization }] })
    await createUser(app, 'kim', { organization, roles: [{ role: 'KEEPER', organization }] })
    const sue = await createUser(app, 'sue', { organization: 'globex' })
    await createUser(app, 'rob', { organization: 'globex' })
    await change(app.root, 'grantControllerAccess', { user: 'sue', controller: 'gce1', access: 'SUPERUSER' })
    await change(app.root, 'grantModelAccess', { user: 'rob', controller: 'gce1', model: 'web', access: 'READ' })
    return sue
  }

  const ofController = (keeper: string) => [
    ...['hal SUPERUSER ROLE ORGANIZATION_ADMIN', `kim SUPERUSER ROLE ${keeper}`, 'rob LOGIN MODEL -'],
    ...['root LOGIN MODEL -', 'root SUPERUSER ROLE ADMINISTRATOR', 'sue SUPERUSER GRANT -'],
  ]
  const ofModel = (keeper: string) => [
    ...['hal ADMIN CONTROLLER ORGANIZATION_ADMIN', `kim ADMIN CONTROLLER ${keeper}`, 'rob READ GRANT -'],
    ...['root ADMIN CONTROLLER ADMINISTRATOR', 'root ADMIN GRANT -', 'sue ADMIN CONTROLLER -'],
  ]

  test('is shown on controllers and models, with the levels that follow from it, and not for a grant', async () => {
    await createLevels()

    expect(await levelHolders(app.root)).toEqual([ofController('KEEPER'), ofModel('KEEPER')])
  })

  test('is null where it belongs to another organization', async () => {
    const sue = await createLevels()

    expect(await levelHolders(sue.client)).toEqual([ofController('-'), ofModel('-')])
  })

  test('is null for a member', async () => {
    await createController(app, 'maas', 'globex')
    await change(app.root, 'updateOrganization', { organization: 'globex', addBasePermissions: ['controllers.manage'] })

    const { controller } = await app.root.ok(`{ controller(name: "maas") { holders { ${EDGES} } } }`)

    const edges = controller.holders.edges.filter(({ via }: Edge) => via === 'MEMBERSHIP')
    expect(edges.map(({ node, role }: Edge) => [node.username, role]).sort()).toEqual([
      ['gus', null],
      ['gwen', null],
    ])
  })
})
