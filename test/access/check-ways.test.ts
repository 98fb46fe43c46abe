/** Why `checkAccess` answers as it does: every way that lets, or else every one that is a single step away. */
import { describe, expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { change } from '../support/change.ts'
import { EVERYWHERE, explain, explainOne, have, may } from '../support/check.ts'
import { createController, createModel } from '../support/levels.ts'
import { inDays } from '../support/look.ts'
import {
  createApiKey,
  createOrganization,
  createProject,
  createRole,
  createUser,
  grantRoles,
  type SeededUser,
} from '../support/seed.ts'

const app = startApp()
const given = app.world(startBob)

const ACME = { organization: 'acme' }
const [APOLLO, ZEUS] = [{ project: 'apollo' }, { project: 'zeus' }]
const EDIT = may('doc.edit', APOLLO)

/** acme with apollo and zeus, gce1 with web, the roles EDITOR and KEEPER, and bob, whose home is acme. */
async function startBob(): Promise<SeededUser> {
  await createOrganization(app, 'acme')
  await createProject(app, 'apollo', 'acme')
  await createProject(app, 'zeus', 'acme')
  await createController(app, 'gce1', 'acme')
  await createModel(app.root, 'gce1', 'web')
  await createRole(app, 'EDITOR', ['doc.edit', 'doc.read'])
  await createRole(app, 'KEEPER', ['controllers.manage'])
  return createUser(app, 'bob', ACME)
}

const ofBob = (question: object) => explainOne(app.root, { user: 'bob' }, question)

const grant = (...roles: { role: string; project?: string; organization?: string; everywhere?: boolean }[]) =>
  grantRoles(app, 'bob', roles)
const revoke = (...roles: object[]) => change(app.root, 'revokeRoles', { user: 'bob', roles })
const onController = (name: string, access?: string) =>
  change(app.root, name, { user: 'bob', controller: 'gce1', ...(access ? { access } : {}) })
const onModel = (name: string, access?: string) =>
  change(app.root, name, { user: 'bob', controller: 'gce1', model: 'web', ...(access ? { access } : {}) })
const baseOf = (name: string, ...words: string[]) => change(app.root, 'updateOrganization', { ...ACME, [name]: words })

interface Single {
  question: object
  give(): Promise<unknown>
  /** The way in words, without its code. */
  way: string
  take(): Promise<unknown>
  /** How it is told once it was taken, where not as before. */
  afterwards?: string | null
}

const SINGLES: [string, Single][] = [
  [
    'a role everywhere, revoked',
    {
      question: EDIT,
      give: () => grant({ role: 'EDITOR', everywhere: true }),
      way: 'ROLE EDITOR everywhere',
      take: () => revoke({ role: 'EDITOR', everywhere: true }),
    },
  ],
  [
    'a role in the organization, revoked',
    {
      question: EDIT,
      give: () => grant({ role: 'EDITOR', ...ACME }),
      way: 'ROLE EDITOR in acme',
      take: () => revoke({ role: 'EDITOR', ...ACME }),
    },
  ],
  [
    'a role on the project, revoked',
    {
      question: EDIT,
      give: () => grant({ role: 'EDITOR', ...APOLLO }),
      way: 'ROLE EDITOR on apollo',
      take: () => revoke({ role: 'EDITOR', ...APOLLO }),
    },
  ],
  [
    'a role that loses the word',
    {
      question: EDIT,
      give: () => grant({ role: 'EDITOR', ...APOLLO }),
      way: 'ROLE EDITOR on apollo',
      take: () => change(app.root, 'updateRole', { role: 'EDITOR', removePermissions: ['doc.edit'] }),
    },
  ],
  [
    'a role that is deleted',
    {
      question: EDIT,
      give: () => grant({ role: 'EDITOR', ...APOLLO }),
      way: 'ROLE EDITOR on apollo',
      take: () => change(app.root, 'deleteRole', { role: 'EDITOR' }),
      afterwards: 'ROLE on apollo',
    },
  ],
  [
    'a role with all words of applications, revoked',
    {
      question: EDIT,
      give: () => grant({ role: 'ORGANIZATION_ADMIN', ...ACME }),
      way: 'ROLE ORGANIZATION_ADMIN in acme',
      take: () => revoke({ role: 'ORGANIZATION_ADMIN', ...ACME }),
    },
  ],
  [
    'administration, revoked',
    {
      question: EDIT,
      give: () => grant({ role: 'ADMINISTRATOR', everywhere: true }),
      way: 'ROLE ADMINISTRATOR everywhere',
      take: () => revoke({ role: 'ADMINISTRATOR', everywhere: true }),
    },
  ],
  [
    'a base permission, removed',
    {
      question: EDIT,
      give: () => baseOf('addBasePermissions', 'doc.edit'),
      way: 'MEMBERSHIP in acme',
      take: () => baseOf('removeBasePermissions', 'doc.edit'),
    },
  ],
  [
    'a level on a controller, revoked',
    {
      question: have('ADD_MODEL', 'gce1'),
      give: () => onController('grantControllerAccess', 'ADD_MODEL'),
      way: 'GRANT ADD_MODEL on gce1',
      take: () => onController('revokeControllerAccess'),
    },
  ],
  [
    'a level on a model, revoked',
    {
      question: have('READ', 'gce1/web'),
      give: () => onModel('grantModelAccess', 'WRITE'),
      way: 'GRANT WRITE on gce1/web',
      take: () => onModel('revokeModelAccess'),
    },
  ],
  [
    'a level on a model’s controller, revoked',
    {
      question: have('ADMIN', 'gce1/web'),
      give: () => onController('grantControllerAccess', 'SUPERUSER'),
      way: 'CONTROLLER ADMIN on gce1/web',
      take: () => onController('revokeControllerAccess'),
    },
  ],
  [
    'a level on a controller’s model, revoked',
    {
      question: have('LOGIN', 'gce1'),
      give: () => onModel('grantModelAccess', 'READ'),
      way: 'MODEL LOGIN on gce1',
      take: () => onModel('revokeModelAccess'),
    },
  ],
  [
    'a role that manages the controller, revoked',
    {
      question: have('SUPERUSER', 'gce1'),
      give: () => grant({ role: 'KEEPER', ...ACME }),
      way: 'ROLE KEEPER SUPERUSER on gce1',
      take: () => revoke({ role: 'KEEPER', ...ACME }),
    },
  ],
  [
    'a base permission that manages the controller, removed',
    {
      question: have('SUPERUSER', 'gce1'),
      give: () => baseOf('addBasePermissions', 'controllers.manage'),
      way: 'MEMBERSHIP SUPERUSER on gce1',
      take: () => baseOf('removeBasePermissions', 'controllers.manage'),
    },
  ],
  [
    'a role that manages the controller of a model, revoked',
    {
      question: have('WRITE', 'gce1/web'),
      give: () => grant({ role: 'KEEPER', ...ACME }),
      way: 'CONTROLLER KEEPER ADMIN on gce1/web',
      take: () => revoke({ role: 'KEEPER', ...ACME }),
    },
  ],
]

describe('the only way is the reason: without it the answer is no, and the way is named as ended', () => {
  test.each(SINGLES)('%s', async (_what, { question, give, way, take, afterwards = way }) => {
    expect(await ofBob(question)).toEqual(['NOT_HELD'])
    await give()

    expect(await ofBob(question)).toEqual(['ALLOWED', `ALLOWED ${way}`])
    await take()

    expect(await ofBob(question)).toEqual(['NOT_HELD', `ENDED ${afterwards}`])
  })
})

describe('of several ways each by itself is enough', () => {
  test('to a permission: the answer is yes until the last is gone', async () => {
    const kinds = SINGLES.filter(([name, { question }]) => question === EDIT && !/loses|deleted/.test(name))
    for (const [, { give }] of kinds) await give()
    const ways = kinds.map(([, { way }]) => `ALLOWED ${way}`)
    expect((await ofBob(EDIT)).slice(1).sort()).toEqual(ways.toSorted())

    for (const [index, [, { take }]] of kinds.entries()) {
      await take()
      const left = ways.slice(index + 1)
      const [code, ...told] = await ofBob(EDIT)
      if (left.length > 0) expect([code, ...told.toSorted()]).toEqual(['ALLOWED', ...left.toSorted()])
      else expect([code, told.length]).toEqual(['NOT_HELD', kinds.length])
    }
  })

  test('to a level: the answer is yes until the last is gone', async () => {
    const question = have('LOGIN', 'gce1')
    const kinds: [string, () => Promise<unknown>, () => Promise<unknown>][] = [
      [
        'GRANT ADD_MODEL on gce1',
        () => onController('grantControllerAccess', 'ADD_MODEL'),
        () => onController('revokeControllerAccess'),
      ],
      ['MODEL LOGIN on gce1', () => onModel('grantModelAccess', 'READ'), () => onModel('revokeModelAccess')],
      [
        'ROLE KEEPER SUPERUSER on gce1',
        () => grant({ role: 'KEEPER', ...ACME }),
        () => revoke({ role: 'KEEPER', ...ACME }),
      ],
    ]
    for (const [, give] of kinds) await give()

    for (const [index, [, , take]] of kinds.entries()) {
      const left = kinds.slice(index).map(([way]) => `ALLOWED ${way}`)
      const [code, ...told] = await ofBob(question)
      expect([code, ...told.toSorted()]).toEqual(['ALLOWED', ...left.toSorted()])
      await take()
    }

    const [code, ...told] = await ofBob(question)
    expect([code, told.length]).toEqual(['NOT_HELD', 3])
  })

  test('appears with its begin and end, the longest lasting first', async () => {
    const [soon, later] = [inDays(1), inDays(9)]
    await grantRoles(app, 'bob', [
      { role: 'EDITOR', ...APOLLO, expiresAt: soon },
      { role: 'EDITOR', everywhere: true, expiresAt: later },
      { role: 'EDITOR', ...ACME },
    ])

    const [answer] = await explain(app.root, { user: 'bob' }, [EDIT])

    expect(answer?.ways.map(({ project, organization, expiresAt }) => [project, organization, expiresAt])).toEqual([
      [null, 'acme', null],
      [null, null, later],
      ['apollo', 'acme', soon],
    ])
    for (const { since } of answer?.ways ?? []) expect(Date.now() - Date.parse(since)).toBeLessThan(30_000)
  })

  test('there are at most a hundred, and the shortest lasting are left out', async () => {
    for (let index = 0; index < 105; index++) await createRole(app, `R${index}`, ['doc.edit'])
    const roles = Array.from({ length: 105 }, (_, index) => ({
      role: `R${index}`,
      ...APOLLO,
      expiresAt: inDays(index + 1),
    }))
    await grantRoles(app, 'bob', roles.slice(0, 50))
    await grantRoles(app, 'bob', roles.slice(50))

    const [code, ...told] = await ofBob(EDIT)
    const [missed, ...misses] = await ofBob(may('doc.edit', ZEUS))

    const longest = Array.from({ length: 100 }, (_, index) => `ROLE R${104 - index} on apollo`)
    expect([code, ...told]).toEqual(['ALLOWED', ...longest.map((way) => `ALLOWED ${way}`)])
    expect([missed, ...misses]).toEqual(['NOT_HELD', ...longest.map((way) => `WRONG_SCOPE ${way}`)])
  })
})

describe('what the caller asks about themselves', () => {
  test('is answered as for any user, within the limits of the key they ask with', async () => {
    const bob = given()
    await grant({ role: 'EDITOR', ...ACME })
    const { key } = await createApiKey(bob.client, { limits: [{ role: 'EDITOR', ...APOLLO }] })

    expect(await explainOne(bob.client, {}, EDIT)).toEqual(['ALLOWED', 'ALLOWED ROLE EDITOR in acme'])
    const [code, way] = await explainOne(app.as(key), {}, EDIT)
    expect([code, way?.split(' ', 2).join(' ')]).toEqual(['ALLOWED', 'ALLOWED ROLE'])
    expect(await explainOne(app.as(key), {}, may('doc.edit', EVERYWHERE))).toEqual(['NOT_HELD'])
  })
})

test('a missing thing has no ways', async () => {
  await grant({ role: 'EDITOR', everywhere: true })

  expect(await ofBob(may('doc.edit', { project: 'missing' }))).toEqual(['NOT_FOUND'])
  expect(await ofBob(have('LOGIN', 'missing'))).toEqual(['NOT_FOUND'])
})

test('access that was never held is no way: a permission that was added to the role after its revocation', async () => {
  await grant({ role: 'EDITOR', ...APOLLO })
  await revoke({ role: 'EDITOR', ...APOLLO })
  await change(app.root, 'updateRole', { role: 'EDITOR', addPermissions: ['doc.later'] })

  expect(await ofBob(may('doc.later', APOLLO))).toEqual(['NOT_HELD'])
  expect(await ofBob(EDIT)).toEqual(['NOT_HELD', 'ENDED ROLE EDITOR on apollo'])
})
