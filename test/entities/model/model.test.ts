import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { type Client, startApp } from '../../support/app.ts'
import { change, changeDocument, failChange, failInput } from '../../support/change.ts'
import { createController, createModel, holdersOf, lapseLevels, levelsOf } from '../../support/levels.ts'
import { inDays } from '../../support/look.ts'
import { missingOf } from '../../support/missing.ts'
import { query, readAudit, uuidOf, withoutWriting } from '../../support/rows.ts'
import { createApiKey, createUser, grantRoles } from '../../support/seed.ts'

const app = startApp()

/** The model default on gce1, made by root; bob and dave, who hold nothing. */
const given = app.world(async () => {
  await createController(app, 'gce1')
  await createModel(app.root, 'gce1', 'default')
  return { bob: await createUser(app, 'bob'), dave: await createUser(app, 'dave') }
})

const GCE1 = { user: 'bob', controller: 'gce1' }
const DEFAULT = { ...GCE1, model: 'default' }
/** Root's own ways: as administrator, and as the maker of the model. */
const ROOT = ['root ADMIN CONTROLLER', 'root ADMIN GRANT']

async function step(kind: string, access?: string, rest: object = {}, client: Client = app.root) {
  const { changed } = await change(client, `${kind}ModelAccess`, { ...DEFAULT, access, ...rest }, 'changed')
  return changed
}

const grantController = (access: string, user = 'bob', rest: object = {}) =>
  change(app.root, 'grantControllerAccess', { ...GCE1, user, access, ...rest })

/** All levels that a user was ever granted on a model, oldest first. */
function readLevels(userId: string) {
  return query(
    app,
    sql`select g.level, g.expires_at::text, g.ended_at::text, e.username as ended_by from model_grants as g
      left join users as e on e.id = g.ended_by where g.user_id = ${uuidOf(userId)} order by g.since, g.id`,
  )
}

describe('creating a model', () => {
  test('needs ADD_MODEL and gives its creator ADMIN on it', async () => {
    const { bob } = given()
    await grantController('ADD_MODEL')
    const before = (await readAudit(app)).length

    const payload = 'model { name controller { name } holders { totalCount edges { level via node { username } } } }'
    const { model } = await change(bob.client, 'createModel', { controller: 'GCE1', name: 'own' }, payload)

    expect(model).toEqual({
      name: 'own',
      controller: { name: 'gce1' },
      holders: {
        totalCount: 2,
        edges: expect.arrayContaining([{ level: 'ADMIN', via: 'GRANT', node: { username: 'bob' } }]),
      },
    })
    expect(await levelsOf(bob.client, 'bob')).toEqual(['gce1 ADD_MODEL', 'gce1/own ADMIN'])
    const rows = (await readAudit(app)).slice(before)
    expect(rows.map((row) => [row.action, row.target_type, row.after])).toEqual([
      ['createModel', 'Model', { name: 'own', controller: 'gce1', credential: null }],
    ])
  })

  test('lets its creator administer that model and no other', async () => {
    const maker = await createUser(app, 'maker')
    await grantController('ADD_MODEL', 'maker')
    await createModel(maker.client, 'gce1', 'own')

    expect(await step('grant', 'ADMIN', { model: 'own' }, maker.client)).toBe(true)
    await change(maker.client, 'updateModel', { controller: 'gce1', model: 'own', name: 'mine' })
    await withoutWriting(app, () =>
      failChange(maker.client, 'NotFoundError', 'grantModelAccess', { ...DEFAULT, access: 'READ' }),
    )
    await withoutWriting(app, () =>
      maker.client.refused('FORBIDDEN', changeDocument('deleteModel'), {
        input: { controller: 'gce1', model: 'mine' },
      }),
    )
  })

  test('is forbidden with LOGIN, and without a level the controller is not found', async () => {
    const { bob } = given()
    const input = { controller: 'gce1', name: 'staging' }

    await withoutWriting(app, () => failChange(bob.client, 'NotFoundError', 'createModel', input))
    await step('grant', 'ADMIN')
    const error = await withoutWriting(app, () =>
      bob.client.refused('FORBIDDEN', changeDocument('createModel'), { input }),
    )

    expect(missingOf(error.extensions)).toEqual(['ADD_MODEL on the controller'])
  })

  test('needs a name that is unique on its controller, in upper and lower case alike', async () => {
    await createController(app, 'gce2')

    const taken = { controller: 'gce1', name: 'DEFAULT' }
    await withoutWriting(app, () => failChange(app.root, 'ConflictError', 'createModel', taken))
    await createModel(app.root, 'gce2', 'DEFAULT')
    await withoutWriting(app, async () => {
      for (const name of ['', 'a b', '-a', 'a/b', 'x'.repeat(65)]) {
        await failInput(app.root, ['name'], 'createModel', { controller: 'gce1', name })
      }
    })
  })
})

describe('renaming a model', () => {
  test('keeps its levels and frees the old name', async () => {
    const { bob } = given()
    await step('grant', 'ADMIN')

    const input = { controller: 'gce1', model: 'DEFAULT', name: 'main' }
    const { model } = await change(bob.client, 'updateModel', input, 'model { name }')
    await createModel(app.root, 'gce1', 'default')

    expect(model.name).toBe('main')
    expect(await levelsOf(bob.client, 'bob')).toEqual(['gce1 LOGIN', 'gce1/main ADMIN'])
  })

  test('is a conflict where the name is taken, and forbidden with less than ADMIN', async () => {
    const { bob } = given()
    await createModel(app.root, 'gce1', 'staging')
    await step('grant', 'WRITE')
    const input = { controller: 'gce1', model: 'default', name: 'Staging' }

    await withoutWriting(app, () => failChange(app.root, 'ConflictError', 'updateModel', input))
    const error = await withoutWriting(app, () =>
      bob.client.refused('FORBIDDEN', changeDocument('updateModel'), { input }),
    )

    expect(missingOf(error.extensions)).toEqual(['ADMIN on the model'])
  })

  test('is not found where the model belongs to another controller', async () => {
    await createController(app, 'gce2')
    const input = { controller: 'gce2', model: 'default', name: 'x' }

    const error = await withoutWriting(app, () => failChange(app.root, 'NotFoundError', 'updateModel', input))

    expect(error.path.join('.')).toBe('model')
  })
})

describe('deleting a model', () => {
  test('ends every level on it, and a new model of that name starts with none', async () => {
    const { bob } = given()
    await step('grant', 'WRITE')

    const payload = 'name endedGrants'
    const gone = await change(app.root, 'deleteModel', { controller: 'gce1', model: 'Default' }, payload)
    const before = await levelsOf(bob.client, 'bob')
    const maker = await createUser(app, 'maker')
    await grantController('ADD_MODEL', 'maker')
    await createModel(maker.client, 'gce1', 'default')

    expect(gone).toMatchObject({ name: 'default', endedGrants: 2 })
    expect(before).toEqual([])
    expect(await levelsOf(bob.client, 'bob')).toEqual([])
    expect(await holdersOf(app.root, 'gce1', 'default')).toEqual(['maker ADMIN GRANT', 'root ADMIN CONTROLLER'])
    expect(await readLevels(bob.id)).toMatchObject([{ level: 'WRITE', ended_by: 'root' }])
    expect((await readAudit(app)).filter((row) => row.action === 'deleteModel')).toHaveLength(1)
  })

  test('needs SUPERUSER on its controller', async () => {
    const { bob } = given()
    const input = { controller: 'gce1', model: 'default' }
    await step('grant', 'ADMIN')

    const error = await withoutWriting(app, () =>
      bob.client.refused('FORBIDDEN', changeDocument('deleteModel'), { input }),
    )
    await grantController('SUPERUSER')
    await change(bob.client, 'deleteModel', input)

    expect(missingOf(error.extensions)).toEqual(['SUPERUSER on the controller'])
    expect(await levelsOf(bob.client, 'bob')).toEqual(['gce1 SUPERUSER'])
  })
})

describe('a level on a model', () => {
  test('is raised by a grant, lowered by a revocation, and becomes what it is set to', async () => {
    const steps: [kind: string, access: string | undefined, changed: boolean, left: string | null][] = [
      ['revoke', 'ADMIN', false, null],
      ['revoke', undefined, false, null],
      ['grant', 'WRITE', true, 'WRITE'],
      ['grant', 'WRITE', false, 'WRITE'],
      ['grant', 'READ', false, 'WRITE'],
      ['revoke', 'ADMIN', false, 'WRITE'],
      ['grant', 'ADMIN', true, 'ADMIN'],
      ['revoke', 'ADMIN', true, 'WRITE'],
      ['revoke', 'WRITE', true, 'READ'],
      ['revoke', 'WRITE', false, 'READ'],
      ['set', 'ADMIN', true, 'ADMIN'],
      ['set', 'ADMIN', false, 'ADMIN'],
      ['set', 'READ', true, 'READ'],
      ['revoke', 'READ', true, null],
      ['set', 'WRITE', true, 'WRITE'],
      ['revoke', undefined, true, null],
    ]
    for (const [kind, access, changed, left] of steps) {
      expect(await step(kind, access), `${kind} ${access}`).toBe(changed)
      expect(await levelsOf(app.root, 'bob')).toEqual(left ? ['gce1 LOGIN', `gce1/default ${left}`] : [])
    }
  })

  test('has one row in the audit for each change, and none where nothing changes', async () => {
    const { bob } = given()
    const before = (await readAudit(app)).length

    await step('grant', 'WRITE')
    await withoutWriting(app, async () => {
      await step('grant', 'READ')
      await step('set', 'WRITE')
      await step('revoke', 'ADMIN')
    })
    await step('revoke', 'WRITE')

    const rows = (await readAudit(app)).slice(before)
    expect(rows.map((row) => [row.action, row.target_id, row.after])).toEqual([
      [
        'grantModelAccess',
        uuidOf(bob.id),
        { access: { controller: 'gce1', model: 'default', access: 'WRITE', expiresAt: null } },
      ],
      [
        'revokeModelAccess',
        uuidOf(bob.id),
        { access: { controller: 'gce1', model: 'default', access: 'READ', expiresAt: null } },
      ],
    ])
    expect(await readLevels(bob.id)).toMatchObject([
      { level: 'WRITE', ended_by: 'root' },
      { level: 'READ', ended_at: null },
    ])
  })

  test('implies LOGIN on the controller, for as long as it lasts', async () => {
    const { bob } = given()

    await step('grant', 'READ')
    const holders = await holdersOf(app.root, 'gce1')
    await step('revoke')

    expect(holders).toEqual(['bob LOGIN MODEL', 'root LOGIN MODEL', 'root SUPERUSER ROLE'])
    expect(await holdersOf(app.root, 'gce1')).toEqual(['root LOGIN MODEL', 'root SUPERUSER ROLE'])
    expect(await bob.client.ok('{ controller(name: "gce1") { name } }')).toEqual({ controller: null })
  })

  test('is ADMIN for a SUPERUSER of the controller, on later models too, without a grant', async () => {
    const { bob } = given()

    await grantController('SUPERUSER')
    await createModel(app.root, 'gce1', 'later')

    expect(await levelsOf(bob.client, 'bob')).toEqual(['gce1 SUPERUSER', 'gce1/default ADMIN', 'gce1/later ADMIN'])
    expect(await holdersOf(bob.client, 'gce1', 'later')).toEqual(['bob ADMIN CONTROLLER', ...ROOT])
    expect(await readLevels(bob.id)).toEqual([])
    expect(await step('revoke')).toBe(false)
    await change(app.root, 'revokeControllerAccess', { ...GCE1, access: 'SUPERUSER' })
    expect(await levelsOf(bob.client, 'bob')).toEqual(['gce1 ADD_MODEL'])
  })

  test('is listed once for each way in which a user holds it', async () => {
    await grantController('SUPERUSER')
    await step('grant', 'READ')

    expect(await holdersOf(app.root, 'gce1', 'default')).toEqual(['bob ADMIN CONTROLLER', 'bob READ GRANT', ...ROOT])
    expect(await holdersOf(app.root, 'gce1')).toEqual([
      'bob LOGIN MODEL',
      'bob SUPERUSER GRANT',
      'root LOGIN MODEL',
      'root SUPERUSER ROLE',
    ])
    expect(await levelsOf(app.root, 'bob')).toEqual(['gce1 SUPERUSER', 'gce1/default ADMIN'])
  })

  test('is not found where the model, the controller or the user does not exist', async () => {
    await createController(app, 'gce2')

    const wrong = { user: { user: 'nobody' }, controller: { controller: 'gce9' }, model: { model: 'other' } }
    await withoutWriting(app, async () => {
      for (const name of ['grantModelAccess', 'revokeModelAccess', 'setModelAccess']) {
        for (const [path, rest] of [...Object.entries(wrong), ['model', { controller: 'gce2' }] as const]) {
          const error = await failChange(app.root, 'NotFoundError', name, { ...DEFAULT, access: 'READ', ...rest })
          expect(error.path.join('.')).toBe(path)
        }
      }
    })
  })

  test('is refused where it is a level of controllers', async () => {
    const input = { ...DEFAULT, access: 'SUPERUSER' }
    await withoutWriting(app, () => failInput(app.root, ['access'], 'setModelAccess', input))
  })

  test('has no effect while its user is disabled, and has it again once the user is enabled', async () => {
    await step('grant', 'WRITE')

    await change(app.root, 'disableUser', { user: 'bob' })
    const disabled = await holdersOf(app.root, 'gce1', 'default')
    await change(app.root, 'enableUser', { user: 'bob' })

    expect(disabled).toEqual(ROOT)
    expect(await holdersOf(app.root, 'gce1', 'default')).toEqual(['bob WRITE GRANT', ...ROOT])
  })
})

describe('a level on a model with a planned end', () => {
  test('is extended by a longer grant, which has its row in the audit', async () => {
    const { bob } = given()
    await step('grant', 'WRITE', { expiresAt: inDays(1) })
    const before = (await readAudit(app)).length

    expect(await withoutWriting(app, () => step('grant', 'WRITE', { expiresAt: inDays(0.5) }))).toBe(false)
    expect(await step('grant', 'WRITE')).toBe(true)

    expect(await readLevels(bob.id)).toMatchObject([
      { level: 'WRITE', ended_by: 'root' },
      { level: 'WRITE', expires_at: null, ended_at: null },
    ])
    expect((await readAudit(app)).slice(before).map((row) => row.action)).toEqual(['grantModelAccess'])
  })

  test('is not granted over a lower level that lasts longer, but can be set', async () => {
    await step('grant', 'READ')

    const input = { ...DEFAULT, access: 'ADMIN', expiresAt: inDays(1) }
    await withoutWriting(app, () => failChange(app.root, 'ConflictError', 'grantModelAccess', input))

    expect(await step('set', 'ADMIN', { expiresAt: input.expiresAt })).toBe(true)
  })

  test('has no effect once the end has passed, nor has the access that followed from it', async () => {
    const { bob } = given()
    await step('grant', 'ADMIN', { expiresAt: inDays(1) })

    await lapseLevels(app, bob.id)

    expect(await levelsOf(app.root, 'bob')).toEqual([])
    expect(await holdersOf(app.root, 'gce1', 'default')).toEqual(ROOT)
    expect(await holdersOf(app.root, 'gce1')).toEqual(['root LOGIN MODEL', 'root SUPERUSER ROLE'])
    expect(await bob.client.ok('{ models { totalCount } controllers { totalCount } }')).toEqual({
      models: { totalCount: 0 },
      controllers: { totalCount: 0 },
    })
  })

  test('is refused where the end is in the past', async () => {
    await withoutWriting(app, async () => {
      for (const name of ['grantModelAccess', 'setModelAccess']) {
        await failInput(app.root, ['expiresAt'], name, { ...DEFAULT, access: 'READ', expiresAt: inDays(-1) })
      }
    })
  })
})

describe('giving and taking levels on a model', () => {
  test('is allowed with ADMIN on it', async () => {
    const { dave } = given()
    await step('grant', 'ADMIN', { user: 'dave' })

    expect(await step('grant', 'ADMIN', {}, dave.client)).toBe(true)
    expect(await step('set', 'WRITE', {}, dave.client)).toBe(true)
    expect(await step('revoke', 'WRITE', {}, dave.client)).toBe(true)

    expect(await holdersOf(dave.client, 'gce1', 'default')).toEqual(['bob READ GRANT', 'dave ADMIN GRANT', ...ROOT])
  })

  test('is allowed with SUPERUSER on the controller', async () => {
    const { dave } = given()
    await grantController('SUPERUSER', 'dave')

    expect(await step('grant', 'ADMIN', {}, dave.client)).toBe(true)
    expect(await step('revoke', undefined, {}, dave.client)).toBe(true)
  })

  test('is forbidden with less than ADMIN, and the caller sees no other holder', async () => {
    const eve = await createUser(app, 'eve')
    await grantController('ADD_MODEL', 'eve')
    const input = { ...DEFAULT, user: 'eve', access: 'ADMIN' }

    await withoutWriting(app, () => failChange(eve.client, 'NotFoundError', 'grantModelAccess', input))
    for (const access of ['READ', 'WRITE']) {
      await step('set', access, { user: 'eve' })
      for (const name of ['grantModelAccess', 'setModelAccess']) {
        const error = await withoutWriting(app, () => eve.client.refused('FORBIDDEN', changeDocument(name), { input }))
        expect(missingOf(error.extensions)).toEqual(['ADMIN on the model'])
      }
      expect(await holdersOf(eve.client, 'gce1', 'default')).toEqual([`eve ${access} GRANT`])
    }
  })

  test('is allowed for no longer than the caller’s own level lasts', async () => {
    const { dave } = given()
    const day = inDays(1)
    await step('grant', 'ADMIN', { user: 'dave', expiresAt: day })

    const input = { ...DEFAULT, access: 'READ' }
    const error = await withoutWriting(app, () =>
      failChange(dave.client, 'MissingAuthorityError', 'grantModelAccess', input),
    )
    expect(missingOf(error)).toEqual(['READ on the model'])
    expect(await step('grant', 'READ', { expiresAt: day }, dave.client)).toBe(true)

    await grantController('SUPERUSER', 'dave', { expiresAt: inDays(2) })
    expect(await step('set', 'READ', { expiresAt: inDays(1.5) }, dave.client)).toBe(true)
    await withoutWriting(app, () => failChange(dave.client, 'MissingAuthorityError', 'setModelAccess', input))
  })

  test('is forbidden where it takes a level from an administrator', async () => {
    const { dave } = given()
    await step('grant', 'ADMIN', { user: 'dave' })

    for (const name of ['revokeModelAccess', 'setModelAccess']) {
      const input = { ...DEFAULT, user: 'root', access: 'READ' }
      const error = await withoutWriting(app, () => dave.client.refused('FORBIDDEN', changeDocument(name), { input }))
      expect(missingOf(error.extensions)).toContain('ADMINISTRATOR')
    }
  })

  test('is allowed to a user who gives up their own level, even the last one', async () => {
    const { bob } = given()
    await step('grant', 'WRITE')

    expect(await step('revoke', 'WRITE', {}, bob.client)).toBe(true)
    const last = await change(bob.client, 'revokeModelAccess', DEFAULT, 'changed model { name }')

    expect(last).toMatchObject({ changed: true, model: null })
    expect(await levelsOf(bob.client, 'bob')).toEqual([])
    await withoutWriting(app, () => failChange(bob.client, 'NotFoundError', 'revokeModelAccess', DEFAULT))
  })

  test('is not possible with a limited key, unless its limits include controllers.manage', async () => {
    const { dave } = given()
    await step('grant', 'ADMIN', { user: 'dave' })
    await change(app.root, 'createRole', { name: 'KEEPER', permissions: ['controllers.manage'] })
    const limited = async (role: string) =>
      app.as((await createApiKey(dave.client, { limits: [{ role, organization: 'default' }] })).key)
    const [narrow, keeper] = [await limited('VERSION_MANAGER'), await limited('KEEPER')]

    expect(await narrow.ok('{ model(controller: "gce1", name: "default") { name } models { totalCount } }')).toEqual({
      model: null,
      models: { totalCount: 0 },
    })
    await withoutWriting(app, () =>
      failChange(narrow, 'NotFoundError', 'grantModelAccess', { ...DEFAULT, access: 'READ' }),
    )
    // The limit lets the key use what its owner has; it gives no more than that.
    expect(await step('grant', 'READ', {}, keeper)).toBe(true)
    await withoutWriting(app, () =>
      keeper.refused('FORBIDDEN', changeDocument('createModel'), { input: { controller: 'gce1', name: 'x' } }),
    )
  })

  test('a caller makes no key for a user who has a level that the caller lacks', async () => {
    const { dave } = given()
    await step('grant', 'WRITE')
    await change(app.root, 'createRole', { name: 'USER_KEEPER', permissions: ['users.manage', 'users.read'] })
    await grantRoles(app, 'dave', [{ role: 'USER_KEEPER', organization: 'default' }])
    const input = { label: 'theirs', user: 'bob' }

    const error = await withoutWriting(app, () =>
      failChange(dave.client, 'MissingAuthorityError', 'createApiKey', input),
    )
    await step('grant', 'WRITE', { user: 'dave' })
    await change(dave.client, 'createApiKey', input)

    expect(missingOf(error)).toEqual(['WRITE on the model'])
  })
})

describe('reading models', () => {
  test('shows a user only the models they have a level on, filtered by level, with totals', async () => {
    const { bob } = given()
    await createModel(app.root, 'gce1', 'staging')
    await createModel(app.root, 'gce1', 'demo')
    await step('grant', 'READ')
    await step('grant', 'WRITE', { model: 'staging' })

    const document = `query ($access: ModelAccess) { viewer { user { controllers { nodes { models { totalCount } }
      edges { access models(filter: { access: $access }) { totalCount nodes { name } } } } } }
      models { totalCount nodes { name } } controller(name: "gce1") { models { totalCount } } }`
    const { viewer, models, controller } = await bob.client.ok(document, { access: 'WRITE' })

    expect(viewer.user.controllers).toEqual({
      nodes: [{ models: { totalCount: 2 } }],
      edges: [{ access: 'LOGIN', models: { totalCount: 1, nodes: [{ name: 'staging' }] } }],
    })
    expect(models).toEqual({ totalCount: 2, nodes: [{ name: 'default' }, { name: 'staging' }] })
    expect(controller.models.totalCount).toBe(2)
    expect((await app.root.ok('{ models { totalCount } }')).models.totalCount).toBe(3)
  })
})
