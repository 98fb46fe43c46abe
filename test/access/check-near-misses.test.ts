/** What is one step away from the answer yes is told with that step; what is two away is not; what is hidden stays so. */
import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { change } from '../support/change.ts'
import { EVERYWHERE, explain, explainOne, have, may } from '../support/check.ts'
import { createController, createModel, lapseLevels } from '../support/levels.ts'
import { inDays } from '../support/look.ts'
import { lapseGrants, query, uuidOf } from '../support/rows.ts'
import {
  createApiKey,
  createOrganization,
  createProject,
  createRole,
  createUser,
  grantRoles,
  type SeededUser,
} from '../support/seed.ts'
import { createGate } from '../support/verify.ts'

const app = startApp()

const ACME = { organization: 'acme' }
const [APOLLO, ZEUS] = [{ project: 'apollo' }, { project: 'zeus' }]
const EDIT = may('doc.edit', APOLLO)
const WRITE = have('WRITE', 'gce1/web')

interface World {
  bob: SeededUser
  /** A key of bob's that is limited to reading the audit. */
  narrow: string
}

/** acme with apollo and zeus, gce1 with web and gce2, the roles EDITOR and KEEPER, and bob of acme. */
async function startBob(): Promise<World> {
  await createOrganization(app, 'acme')
  await createProject(app, 'apollo', 'acme')
  await createProject(app, 'zeus', 'acme')
  await createController(app, 'gce1', 'acme')
  await createModel(app.root, 'gce1', 'web')
  await createRole(app, 'EDITOR', ['doc.edit'])
  await createRole(app, 'KEEPER', ['controllers.manage'])
  const bob = await createUser(app, 'bob', ACME)
  const { key } = await createApiKey(bob.client, { limits: [{ role: 'AUDITOR', everywhere: true }] })
  return { bob, narrow: key }
}

const edit = (place: object, expiresAt?: string) => () =>
  grantRoles(app, 'bob', [{ role: 'EDITOR', ...place, ...(expiresAt ? { expiresAt } : {}) }])
const onModel = (access: string, expiresAt?: string) => () =>
  change(app.root, 'grantModelAccess', { user: 'bob', controller: 'gce1', model: 'web', access, expiresAt })
const onController = (access: string) => () =>
  change(app.root, 'grantControllerAccess', { user: 'bob', controller: 'gce1', access })
const suspend = () => change(app.root, 'disableUser', { user: 'bob', expiresAt: inDays(1) })
const revokeRole = (place: object) => () =>
  change(app.root, 'revokeRoles', { user: 'bob', roles: [{ role: 'EDITOR', ...place }] })
/** What bob was granted until then has expired an hour ago; the roles had their words before. */
async function lapse({ bob }: World) {
  await query(app, sql`update role_permissions set since = since - interval '1 day'`)
  await lapseGrants(app, bob.id)
  await lapseLevels(app, bob.id)
}
/** Everything bob was granted begins tomorrow. */
const delay = ({ bob }: World) =>
  Promise.all(
    ['role_grants', 'model_grants', 'controller_grants'].map((table) =>
      query(
        app,
        sql`update ${sql.identifier(table)} set since = now() + interval '1 day' where user_id = ${uuidOf(bob.id)}`,
      ),
    ),
  )

type Step = (world: World) => Promise<unknown>

interface Miss {
  question: object
  steps: Step[]
  /** Whether it is asked about the key that is too narrow. */
  isOfKey?: boolean
  expected: string[]
  /** The step that is missing. */
  mend?: Step
}

function ask(world: World, { question, isOfKey }: Miss): Promise<string[]> {
  return explainOne(app.root, isOfKey ? { apiKey: world.narrow } : { user: 'bob' }, question)
}

const MISSES: [string, Miss][] = [
  [
    'ENDED, as it has expired',
    {
      question: EDIT,
      steps: [edit(APOLLO, inDays(1)), lapse],
      expected: ['NOT_HELD', 'ENDED ROLE EDITOR on apollo'],
      mend: edit(APOLLO),
    },
  ],
  [
    'ENDED, as it was revoked',
    {
      question: EDIT,
      steps: [edit(ACME), revokeRole(ACME)],
      expected: ['NOT_HELD', 'ENDED ROLE EDITOR in acme'],
      mend: edit(ACME),
    },
  ],
  [
    'ENDED, as it has not begun',
    { question: EDIT, steps: [edit(EVERYWHERE), delay], expected: ['NOT_HELD', 'ENDED ROLE EDITOR everywhere'] },
  ],
  [
    'ENDED, a level that has expired',
    {
      question: WRITE,
      steps: [onModel('WRITE', inDays(1)), lapse],
      expected: ['NOT_HELD', 'ENDED GRANT WRITE on gce1/web'],
      mend: onModel('WRITE'),
    },
  ],
  [
    'ENDED, a level that has not begun',
    { question: WRITE, steps: [onModel('ADMIN'), delay], expected: ['NOT_HELD', 'ENDED GRANT ADMIN on gce1/web'] },
  ],
  [
    'INACTIVE, while they are suspended',
    {
      question: EDIT,
      steps: [edit(APOLLO), suspend],
      expected: ['INACTIVE', 'INACTIVE ROLE EDITOR on apollo'],
      mend: () => change(app.root, 'enableUser', { user: 'bob' }),
    },
  ],
  [
    'INACTIVE, a level while they are suspended',
    {
      question: have('ADMIN', 'gce1/web'),
      steps: [onController('SUPERUSER'), suspend],
      expected: ['INACTIVE', 'INACTIVE CONTROLLER ADMIN on gce1/web'],
      mend: () => change(app.root, 'enableUser', { user: 'bob' }),
    },
  ],
  [
    'WRONG_SCOPE, as it is held on another project',
    {
      question: EDIT,
      steps: [edit(ZEUS)],
      expected: ['NOT_HELD', 'WRONG_SCOPE ROLE EDITOR on zeus'],
      mend: edit(APOLLO),
    },
  ],
  [
    'WRONG_SCOPE, as it is asked for more widely than it is held',
    {
      question: may('doc.edit', EVERYWHERE),
      steps: [edit(ACME)],
      expected: ['NOT_HELD', 'WRONG_SCOPE ROLE EDITOR in acme'],
      mend: edit(EVERYWHERE),
    },
  ],
  [
    'WRONG_SCOPE, as it is held in another organization',
    {
      question: EDIT,
      steps: [edit({ organization: 'default' })],
      expected: ['NOT_HELD', 'WRONG_SCOPE ROLE EDITOR in default'],
      mend: edit(ACME),
    },
  ],
  [
    'LEVEL_TOO_LOW on a model',
    {
      question: WRITE,
      steps: [onModel('READ')],
      expected: ['NOT_HELD', 'LEVEL_TOO_LOW GRANT READ on gce1/web'],
      mend: onModel('WRITE'),
    },
  ],
  [
    'LEVEL_TOO_LOW on a controller',
    {
      question: have('SUPERUSER', 'gce1'),
      steps: [onController('LOGIN')],
      expected: ['NOT_HELD', 'LEVEL_TOO_LOW GRANT LOGIN on gce1'],
      mend: onController('SUPERUSER'),
    },
  ],
  [
    'LEVEL_TOO_LOW on a controller, through a model of it',
    {
      question: have('ADD_MODEL', 'gce1'),
      steps: [onModel('ADMIN')],
      expected: ['NOT_HELD', 'LEVEL_TOO_LOW MODEL LOGIN on gce1'],
      mend: onController('ADD_MODEL'),
    },
  ],
  [
    'KEY_TOO_NARROW, as no limit has the word',
    {
      question: EDIT,
      isOfKey: true,
      steps: [edit(ACME)],
      expected: ['NOT_HELD', 'KEY_TOO_NARROW ROLE EDITOR in acme'],
    },
  ],
  [
    'KEY_TOO_NARROW, as no limit manages the controller',
    {
      question: WRITE,
      isOfKey: true,
      steps: [onModel('WRITE')],
      expected: ['NOT_HELD', 'KEY_TOO_NARROW GRANT WRITE on gce1/web'],
    },
  ],
]

describe('a way that is one step away is named', () => {
  const given = app.world(startBob)

  test.each(MISSES)('%s', async (_what, miss) => {
    const world = given()
    for (const step of miss.steps) await step(world)

    expect(await ask(world, miss)).toEqual(miss.expected)
    if (!miss.mend) return
    await miss.mend(world)
    expect((await ask(world, miss))[0]).toBe('ALLOWED')
  })

  test('KEY_TOO_NARROW is given by the limits of each key, not for a key that is wide enough', async () => {
    const { bob } = given()
    await edit(ACME)()
    const keyOf = async (limits: { role: string; project?: string; organization?: string }[]) =>
      ({ apiKey: (await createApiKey(bob.client, { limits })).key }) as const

    const answers = [
      await explainOne(app.root, await keyOf([{ role: 'EDITOR', ...APOLLO }]), EDIT),
      await explainOne(app.root, await keyOf([{ role: 'EDITOR', ...ZEUS }]), EDIT),
      await explainOne(app.root, await keyOf([]), EDIT),
      await explainOne(app.root, { apiKey: bob.key }, EDIT),
    ]

    const [yes, no] = [
      ['ALLOWED', 'ALLOWED ROLE EDITOR in acme'],
      ['NOT_HELD', 'KEY_TOO_NARROW ROLE EDITOR in acme'],
    ]
    expect(answers).toEqual([yes, no, no, yes])
  })
})

const TWO_STEPS: [string, Miss][] = [
  ['ended, and elsewhere', { question: EDIT, steps: [edit(ZEUS), revokeRole(ZEUS)], expected: ['NOT_HELD'] }],
  ['suspended, and elsewhere', { question: EDIT, steps: [edit(ZEUS), suspend], expected: ['INACTIVE'] }],
  ['suspended, and too low', { question: WRITE, steps: [onModel('READ'), suspend], expected: ['INACTIVE'] }],
  [
    'suspended, and ended',
    { question: EDIT, steps: [edit(APOLLO), revokeRole(APOLLO), suspend], expected: ['INACTIVE'] },
  ],
  ['suspended, and not begun', { question: WRITE, steps: [onModel('WRITE'), delay, suspend], expected: ['INACTIVE'] }],
  ['ended, and too low', { question: WRITE, steps: [onModel('READ', inDays(1)), lapse], expected: ['NOT_HELD'] }],
  ['too narrow, and elsewhere', { question: EDIT, isOfKey: true, steps: [edit(ZEUS)], expected: ['NOT_HELD'] }],
  ['too narrow, and too low', { question: WRITE, isOfKey: true, steps: [onModel('READ')], expected: ['NOT_HELD'] }],
  [
    'too narrow, and ended',
    { question: EDIT, isOfKey: true, steps: [edit(APOLLO), revokeRole(APOLLO)], expected: ['NOT_HELD'] },
  ],
  ['another word altogether', { question: may('doc.read', APOLLO), steps: [edit(APOLLO)], expected: ['NOT_HELD'] }],
]

describe('a way that is two steps away is not named', () => {
  const given = app.world(startBob)

  test.each(TWO_STEPS)('%s', async (_what, miss) => {
    const world = given()
    for (const step of miss.steps) await step(world)

    expect(await ask(world, miss)).toEqual(miss.expected)
  })
})

test('of several near misses each is named, the nearest first, and none beside a way that allows', async () => {
  await startBob()
  await grantRoles(app, 'bob', [{ role: 'EDITOR', ...ZEUS }])
  await grantRoles(app, 'bob', [{ role: 'EDITOR', ...ACME }])
  await revokeRole(ACME)()

  expect(await explainOne(app.root, { user: 'bob' }, EDIT)).toEqual([
    'NOT_HELD',
    'ENDED ROLE EDITOR in acme',
    'WRONG_SCOPE ROLE EDITOR on zeus',
  ])
  await edit(APOLLO)()
  expect(await explainOne(app.root, { user: 'bob' }, EDIT)).toEqual(['ALLOWED', 'ALLOWED ROLE EDITOR on apollo'])
})

describe('names that are hidden from the caller are null', () => {
  /** bob of default holds globex's own role on its project; the gate may ask about default alone. */
  async function startHidden() {
    await createOrganization(app, 'globex')
    await createProject(app, 'secret-project', 'globex')
    await createProject(app, 'apollo')
    await createRole(app, 'SECRET_ROLE', ['doc.edit'], 'globex')
    await createUser(app, 'bob')
    await grantRoles(app, 'bob', [
      { role: 'SECRET_ROLE', project: 'secret-project' },
      { role: 'SECRET_ROLE', organization: 'globex' },
    ])
    return createGate(app, 'gate', 'default')
  }

  test('role, organization and project are null, and the way still appears', async () => {
    const gate = await startHidden()
    const subject = { user: 'bob' }

    const [seen] = await explain(app.root, subject, [EDIT])
    const [hidden] = await explain(gate.client, subject, [EDIT])

    const names = seen?.ways.map(({ role, organization, project }) => `${role} ${organization} ${project}`)
    expect(names?.sort()).toEqual(['SECRET_ROLE globex null', 'SECRET_ROLE globex secret-project'])
    const nothing = { role: null, organization: null, project: null }
    expect(hidden).toEqual({ ...seen, ways: seen?.ways.map((way) => ({ ...way, ...nothing })) })
  })

  test('a user sees the names of their own access', async () => {
    await startHidden()
    const { key } = await createApiKey(app.root, { user: 'bob' })

    const [own] = await explain(app.as(key), {}, [may('doc.edit', EVERYWHERE)])

    const names = own?.ways.map(({ role, organization, project }) => `${role} ${organization} ${project}`)
    expect(names?.sort()).toEqual(['SECRET_ROLE globex null', 'SECRET_ROLE globex secret-project'])
  })

  test('the role through which a level is held is null', async () => {
    await createOrganization(app, 'globex')
    await createController(app, 'secret-controller', 'globex')
    await createController(app, 'gce1')
    await createRole(app, 'SECRET_ROLE', ['controllers.manage'], 'globex')
    await createUser(app, 'bob')
    await grantRoles(app, 'bob', [{ role: 'SECRET_ROLE', organization: 'globex' }])
    const gate = await createGate(app, 'gate', 'default')

    const answers = await explain(gate.client, { user: 'bob' }, [
      have('LOGIN', 'secret-controller'),
      have('LOGIN', 'gce1'),
    ])

    // A level held on another controller is no way to this one.
    expect(answers.map(({ code, ways }) => [code, ways])).toEqual([
      ['NOT_FOUND', []],
      ['NOT_HELD', []],
    ])
    expect(JSON.stringify(answers)).not.toMatch(/secret/i)
  })
})
