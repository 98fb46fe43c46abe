// Runs on both databases.
/** The access that users gained and lost between two times: `accessChanges`, as an administrator sees it. */
import { expect, test } from 'vitest'
import { SERVER_PERMISSIONS } from '../../src/authority/permissions.ts'
import { changesBy } from '../support/access-changes.ts'
import { startApp } from '../support/app.ts'
import { change } from '../support/change.ts'
import { createController, createModel } from '../support/levels.ts'
import { inDays } from '../support/look.ts'
import { createOrganization, createProject, createRole, createUser } from '../support/seed.ts'

const app = startApp()
app.world(createWorld)

const ON_APOLLO = [{ role: 'EDITOR', project: 'apollo' }]
const IN_ACME = [{ role: 'EDITOR', organization: 'acme' }]
const WEB = { controller: 'gce1', model: 'web' }

/** acme with the project apollo and the controller gce1 with the model web, the role EDITOR; bob and amy of acme. */
async function createWorld() {
  await createOrganization(app, 'acme')
  await createProject(app, 'apollo', 'acme')
  await createController(app, 'gce1', 'acme')
  await createModel(app.root, 'gce1', 'web')
  await createRole(app, 'EDITOR', ['doc.edit'])
  for (const username of ['amy', 'bob']) await createUser(app, username, { organization: 'acme' })
}

const grant = (roles: object[], user = 'bob') => change(app.root, 'grantRoles', { user, roles })
const revoke = (roles: object[], user = 'bob') => change(app.root, 'revokeRoles', { user, roles })
const level = (verb: string, access: string) => change(app.root, `${verb}ModelAccess`, { user: 'bob', ...WEB, access })
const levelOnController = (verb: string, access: string) =>
  change(app.root, `${verb}ControllerAccess`, { user: 'bob', controller: 'gce1', access })
const nothing = async () => {}

/** What is changed, what was given before it, the change, and all that is told of it. */
type Case = [string, () => Promise<unknown>, () => Promise<unknown>, string[]]

const ROLES: Case[] = [
  ['a role granted', nothing, () => grant(ON_APOLLO), ['GAINED bob doc.edit on apollo of acme']],
  ['a role revoked', () => grant(ON_APOLLO), () => revoke(ON_APOLLO), ['LOST bob doc.edit on apollo of acme']],
  [
    'a role granted everywhere',
    nothing,
    () => grant([{ role: 'EDITOR', everywhere: true }]),
    ['GAINED bob doc.edit everywhere'],
  ],
  [
    'a role granted more widely in its place',
    () => grant(ON_APOLLO),
    async () => [await grant(IN_ACME), await revoke(ON_APOLLO)],
    ['GAINED bob doc.edit in acme', 'LOST bob doc.edit on apollo of acme'],
  ],
  [
    'a role’s permissions edited, of every holder',
    async () => [await grant(IN_ACME), await grant(ON_APOLLO, 'amy')],
    () =>
      change(app.root, 'updateRole', {
        role: 'EDITOR',
        addPermissions: ['doc.publish'],
        removePermissions: ['doc.edit'],
      }),
    [
      'GAINED amy doc.publish on apollo of acme',
      'GAINED bob doc.publish in acme',
      'LOST amy doc.edit on apollo of acme',
      'LOST bob doc.edit in acme',
    ],
  ],
  [
    'a role deleted',
    () => grant(ON_APOLLO),
    () => change(app.root, 'deleteRole', { role: 'EDITOR' }),
    ['LOST bob doc.edit on apollo of acme'],
  ],
  [
    'base permissions edited, of every member',
    () => change(app.root, 'updateOrganization', { organization: 'acme', addBasePermissions: ['doc.read'] }),
    () =>
      change(app.root, 'updateOrganization', {
        organization: 'acme',
        addBasePermissions: ['doc.list'],
        removeBasePermissions: ['doc.read'],
      }),
    [
      'GAINED amy doc.list in acme',
      'GAINED bob doc.list in acme',
      'LOST amy doc.read in acme',
      'LOST bob doc.read in acme',
    ],
  ],
  [
    'administration, as one permission, with every level',
    nothing,
    () => grant([{ role: 'ADMINISTRATOR', everywhere: true }]),
    ['GAINED bob ADMIN on gce1/web', 'GAINED bob SUPERUSER on gce1', 'GAINED bob every permission everywhere'],
  ],
  [
    'administration of an organization, with the applications’ words as one',
    () => grant([{ role: 'ORGANIZATION_ADMIN', organization: 'acme' }]),
    () => revoke([{ role: 'ORGANIZATION_ADMIN', organization: 'acme' }]),
    [
      'LOST bob ADMIN on gce1/web',
      'LOST bob SUPERUSER on gce1',
      ...[...Object.keys(SERVER_PERMISSIONS), 'every permission of the applications']
        .filter((word) => word !== 'organizations.manage')
        .map((word) => `LOST bob ${word} in acme`),
    ],
  ],
]

const LEVELS: Case[] = [
  [
    'a level on a controller, with its models',
    nothing,
    () => levelOnController('grant', 'SUPERUSER'),
    ['GAINED bob ADMIN on gce1/web', 'GAINED bob SUPERUSER on gce1'],
  ],
  [
    'a level on a model, with its controller',
    nothing,
    () => level('grant', 'READ'),
    ['GAINED bob LOGIN on gce1', 'GAINED bob READ on gce1/web'],
  ],
  [
    'a level raised, but not what follows from both',
    () => level('grant', 'READ'),
    () => level('grant', 'WRITE'),
    ['GAINED bob WRITE on gce1/web', 'LOST bob READ on gce1/web'],
  ],
  [
    'a level lowered',
    () => levelOnController('grant', 'SUPERUSER'),
    () => levelOnController('set', 'ADD_MODEL'),
    ['GAINED bob ADD_MODEL on gce1', 'LOST bob ADMIN on gce1/web', 'LOST bob SUPERUSER on gce1'],
  ],
  [
    'a model added, of who has its controller',
    () => levelOnController('grant', 'SUPERUSER'),
    () => createModel(app.root, 'gce1', 'db'),
    // Whoever adds a model is granted it, with the LOGIN that follows.
    ['GAINED bob ADMIN on gce1/db', 'GAINED root ADMIN on gce1/db'],
  ],
]

const ENDS: Case[] = [
  [
    'a suspension',
    async () => [await grant(ON_APOLLO), await level('grant', 'READ')],
    () => change(app.root, 'disableUser', { user: 'bob' }),
    ['LOST bob LOGIN on gce1', 'LOST bob READ on gce1/web', 'LOST bob doc.edit on apollo of acme'],
  ],
  [
    'the end of a suspension',
    async () => [await grant(ON_APOLLO), await change(app.root, 'disableUser', { user: 'bob' })],
    () => change(app.root, 'enableUser', { user: 'bob' }),
    ['GAINED bob doc.edit on apollo of acme'],
  ],
  [
    'a project deleted, by the name it had',
    () => grant(ON_APOLLO),
    () => change(app.root, 'deleteProject', { project: 'apollo' }),
    ['LOST bob doc.edit on apollo of acme'],
  ],
  [
    'a model deleted, by the name it had',
    () => level('grant', 'READ'),
    () => change(app.root, 'deleteModel', WEB),
    ['LOST bob LOGIN on gce1', 'LOST bob READ on gce1/web', 'LOST root ADMIN on gce1/web', 'LOST root LOGIN on gce1'],
  ],
  [
    'a controller deleted, by the name it had',
    async () => [await change(app.root, 'deleteModel', WEB), await levelOnController('grant', 'ADD_MODEL')],
    () => change(app.root, 'deleteController', { controller: 'gce1' }),
    ['LOST bob ADD_MODEL on gce1', 'LOST root SUPERUSER on gce1'],
  ],
  [
    'an organization deleted, by the name it had',
    async () => [await createOrganization(app, 'globex'), await grant([{ role: 'EDITOR', organization: 'globex' }])],
    () => change(app.root, 'deleteOrganization', { organization: 'globex' }),
    ['LOST bob doc.edit in globex'],
  ],
]

const NOTHING: Case[] = [
  ['a role that came and went in between', nothing, async () => [await grant(IN_ACME), await revoke(IN_ACME)], []],
  [
    'a role that went and came again',
    () => grant(IN_ACME),
    async () => [await revoke(IN_ACME), await grant(IN_ACME)],
    [],
  ],
  [
    'a role that is held for longer',
    () => grant(IN_ACME.map((item) => ({ ...item, expiresAt: inDays(2) }))),
    () => grant(IN_ACME),
    [],
  ],
  [
    'what is held in another way than before',
    async () => [await createRole(app, 'WRITER', ['doc.edit']), await grant(IN_ACME)],
    async () => [await grant([{ role: 'WRITER', organization: 'acme' }]), await revoke(IN_ACME)],
    [],
  ],
  [
    'a suspension that is over',
    () => grant(IN_ACME),
    async () => [
      await change(app.root, 'disableUser', { user: 'bob' }),
      await change(app.root, 'enableUser', { user: 'bob' }),
    ],
    [],
  ],
  ['what a suspended user is given', () => change(app.root, 'disableUser', { user: 'bob' }), () => grant(IN_ACME), []],
]

test.each([...ROLES, ...LEVELS, ...ENDS])('accessChanges lists %s', async (_what, give, act, told) => {
  await give()

  const changes = await changesBy(app, act)

  expect(changes).toEqual([...told].sort())
})

test.each(NOTHING)('accessChanges does not list %s', async (_what, give, act) => {
  await give()

  const changes = await changesBy(app, act)

  expect(changes).toEqual([])
})
