import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { startApp } from '../../support/app.ts'
import { change, changeDocument, failChange, failInput } from '../../support/change.ts'
import { createController, createModel, holdersOf, lapseLevels, levelsOf } from '../../support/levels.ts'
import { inDays } from '../../support/look.ts'
import { missingOf } from '../../support/missing.ts'
import { query, readAudit, uuidOf, withoutWriting } from '../../support/rows.ts'
import { createApiKey, createOrganization, createUser, grantRoles } from '../../support/seed.ts'

const app = startApp()

/** The controller gce1; bob, carol and dave, who hold nothing. */
const given = app.world(async () => {
  await createController(app, 'gce1')
  return {
    bob: await createUser(app, 'bob'),
    carol: await createUser(app, 'carol'),
    dave: await createUser(app, 'dave'),
  }
})

const GCE1 = { user: 'bob', controller: 'gce1' }

async function grant(access: string, rest: object = {}, client = app.root) {
  const { changed } = await change(client, 'grantControllerAccess', { ...GCE1, access, ...rest }, 'changed')
  return changed
}

async function revoke(access?: string, rest: object = {}, client = app.root) {
  const { changed } = await change(client, 'revokeControllerAccess', { ...GCE1, access, ...rest }, 'changed')
  return changed
}

async function set(access: string, rest: object = {}, client = app.root) {
  const { changed } = await change(client, 'setControllerAccess', { ...GCE1, access, ...rest }, 'changed')
  return changed
}

/** All levels that a user was ever granted on a controller, oldest first. */
function readLevels(userId: string) {
  return query(
    app,
    sql`select g.level, g.expires_at::text, g.ended_at::text, e.username as ended_by from controller_grants as g
      left join users as e on e.id = g.ended_by where g.user_id = ${uuidOf(userId)} order by g.since, g.id`,
  )
}

/** The planned ends of bob's own grants on gce1. */
async function untilOfBob(): Promise<(string | null)[]> {
  const { controller } = await app.root.ok(
    '{ controller(name: "gce1") { holders { edges { expiresAt via node { username } } } } }',
  )
  const edges: { expiresAt: string | null; via: string; node: { username: string } }[] = controller.holders.edges
  return edges.filter(({ via, node }) => via === 'GRANT' && node.username === 'bob').map(({ expiresAt }) => expiresAt)
}

describe('creating a controller', () => {
  test('answers with it and leaves one row in the audit', async () => {
    const before = (await readAudit(app)).length

    const payload = 'controller { name type organization { name } models { totalCount } holders { totalCount } }'
    const made = await change(app.root, 'createController', { name: 'gce2', type: 'google' }, payload)

    expect(made.controller).toEqual({
      name: 'gce2',
      type: 'google',
      organization: { name: 'default' },
      models: { totalCount: 0 },
      holders: { totalCount: 1 },
    })
    expect(await holdersOf(app.root, 'gce2')).toEqual(['root SUPERUSER ROLE'])
    const rows = (await readAudit(app)).slice(before)
    expect(rows.map((row) => [row.action, row.target_type, row.after])).toEqual([
      ['createController', 'Controller', { name: 'gce2', type: 'google', organization: 'default' }],
    ])
  })

  test('needs a name that is unique on the server, in upper and lower case alike', async () => {
    await createOrganization(app, 'acme')

    await withoutWriting(app, async () => {
      for (const organization of ['default', 'acme']) {
        const input = { name: 'GCE1', type: 'google', organization }
        await failChange(app.root, 'ConflictError', 'createController', input)
      }
    })
  })

  test('is refused with an invalid name or type', async () => {
    await withoutWriting(app, async () => {
      for (const bad of ['', ' ', 'a b', '-a', 'a/b', 'é', 'x'.repeat(65)]) {
        await failInput(app.root, ['name', 'type'], 'createController', { name: bad, type: bad })
      }
    })
  })

  test('needs controllers.manage in its organization', async () => {
    const { bob, carol } = given()
    await createOrganization(app, 'acme')
    await grantRoles(app, 'bob', [{ role: 'ORGANIZATION_ADMIN', organization: 'default' }])

    await change(bob.client, 'createController', { name: 'gce2', type: 'google' })
    const document = changeDocument('createController')
    await withoutWriting(app, async () => {
      const error = await carol.client.refused('FORBIDDEN', document, { input: { name: 'gce3', type: 'google' } })
      expect(missingOf(error.extensions)).toEqual(['controllers.manage'])
      // Another organization does not exist for bob.
      await failChange(bob.client, 'NotFoundError', 'createController', {
        name: 'x',
        type: 'google',
        organization: 'acme',
      })
    })
  })
})

describe('changing a controller', () => {
  test('renames it and frees the old name', async () => {
    const { bob } = given()
    await grant('ADD_MODEL')

    const payload = 'controller { name type }'
    const { controller } = await change(app.root, 'updateController', { controller: 'GCE1', name: 'gce2' }, payload)
    await createController(app, 'gce1')

    expect(controller).toEqual({ name: 'gce2', type: 'google' })
    expect(await levelsOf(bob.client, 'bob')).toEqual(['gce2 ADD_MODEL'])
  })

  test('keeps what the input omits and refuses null', async () => {
    const payload = 'controller { name type }'
    const { controller } = await change(app.root, 'updateController', { controller: 'gce1', type: 'maas' }, payload)
    await withoutWriting(app, () =>
      failInput(app.root, ['name', 'type'], 'updateController', { controller: 'gce1', name: null, type: null }),
    )

    expect(controller).toEqual({ name: 'gce1', type: 'maas' })
  })

  test('is a conflict where the name is taken, but its own name may change its case', async () => {
    await createController(app, 'gce2')

    const taken = { controller: 'gce1', name: 'GCE2' }
    await withoutWriting(app, () => failChange(app.root, 'ConflictError', 'updateController', taken))
    const own = { controller: 'gce1', name: 'GCE1' }
    const { controller } = await change(app.root, 'updateController', own, 'controller { name }')

    expect(controller.name).toBe('GCE1')
  })

  test('is forbidden with SUPERUSER alone, like deleting it', async () => {
    const { bob } = given()
    await grant('SUPERUSER')

    for (const name of ['updateController', 'deleteController']) {
      const error = await withoutWriting(app, () =>
        bob.client.refused('FORBIDDEN', changeDocument(name), { input: { controller: 'gce1' } }),
      )
      expect(missingOf(error.extensions)).toEqual(['controllers.manage'])
    }
  })
})

describe('deleting a controller', () => {
  test('is refused while it has models, and the error names them', async () => {
    await createModel(app.root, 'gce1', 'staging')
    await createModel(app.root, 'gce1', 'default')

    const { message } = await withoutWriting(app, () =>
      failChange(app.root, 'ConflictError', 'deleteController', { controller: 'gce1' }),
    )

    expect(message).toBe('The controller "gce1" still has models (default, staging): delete them first.')
    await change(app.root, 'deleteModel', { controller: 'gce1', model: 'default' })
    await change(app.root, 'deleteModel', { controller: 'gce1', model: 'staging' })
    await change(app.root, 'deleteController', { controller: 'gce1' })
  })

  test('ends every level on it, and a new controller of that name starts with none', async () => {
    const { bob } = given()
    await grant('SUPERUSER')
    await grant('LOGIN', { user: 'carol' })

    const gone = await change(app.root, 'deleteController', { controller: 'GCE1' }, 'name endedGrants')
    const none = await app.root.ok('{ controller(name: "gce1") { name } controllers { totalCount } }')
    await createController(app, 'gce1')

    expect(gone).toMatchObject({ name: 'gce1', endedGrants: 2 })
    expect(none).toEqual({ controller: null, controllers: { totalCount: 0 } })
    expect(await levelsOf(app.root, 'bob')).toEqual([])
    expect(await holdersOf(app.root, 'gce1')).toEqual(['root SUPERUSER ROLE'])
    expect(await readLevels(bob.id)).toMatchObject([{ level: 'SUPERUSER', ended_by: 'root' }])
    expect((await readAudit(app)).filter((row) => row.action === 'deleteController')).toHaveLength(1)
  })
})

describe('a level on a controller', () => {
  test('is raised by a grant, and never lowered by one', async () => {
    expect(await grant('ADD_MODEL')).toBe(true)
    expect(await withoutWriting(app, () => grant('ADD_MODEL'))).toBe(false)
    expect(await withoutWriting(app, () => grant('LOGIN'))).toBe(false)
    expect(await levelsOf(app.root, 'bob')).toEqual(['gce1 ADD_MODEL'])
    expect(await grant('SUPERUSER')).toBe(true)
    expect(await levelsOf(app.root, 'bob')).toEqual(['gce1 SUPERUSER'])
  })

  test('is lowered by a revocation to the level below, and never raised by one', async () => {
    await grant('SUPERUSER')

    const steps: [access: string | undefined, changed: boolean, left: string[]][] = [
      ['SUPERUSER', true, ['gce1 ADD_MODEL']],
      ['SUPERUSER', false, ['gce1 ADD_MODEL']],
      ['ADD_MODEL', true, ['gce1 LOGIN']],
      ['SUPERUSER', false, ['gce1 LOGIN']],
      ['LOGIN', true, []],
      ['SUPERUSER', false, []],
      [undefined, false, []],
    ]
    for (const [access, changed, left] of steps) {
      expect(await revoke(access)).toBe(changed)
      expect(await levelsOf(app.root, 'bob')).toEqual(left)
    }
  })

  test('ends completely with a revocation whose level is omitted', async () => {
    await grant('SUPERUSER')

    expect(await revoke()).toBe(true)
    expect(await levelsOf(app.root, 'bob')).toEqual([])
  })

  test('stays as it is where the level to revoke is null, as a form that is not filled in yet has it', async () => {
    await grant('SUPERUSER')
    const input = { ...GCE1, access: null }

    await withoutWriting(app, () => failInput(app.root, ['access'], 'revokeControllerAccess', input))
  })

  test('is told before and after a revocation', async () => {
    await grant('SUPERUSER')
    const revokeFrom = (access?: string) =>
      change(app.root, 'revokeControllerAccess', { ...GCE1, access }, 'before after')

    expect(await revokeFrom('SUPERUSER')).toMatchObject({ before: 'SUPERUSER', after: 'ADD_MODEL' })
    expect(await revokeFrom()).toMatchObject({ before: 'ADD_MODEL', after: null })
    expect(await revokeFrom()).toMatchObject({ before: null, after: null })
  })

  test('becomes what it is set to, whatever it was before', async () => {
    for (const access of ['LOGIN', 'SUPERUSER', 'ADD_MODEL']) {
      expect(await set(access)).toBe(true)
      expect(await withoutWriting(app, () => set(access))).toBe(false)
      expect(await levelsOf(app.root, 'bob')).toEqual([`gce1 ${access}`])
    }
  })

  test('keeps its history, and has one row in the audit for each change', async () => {
    const { bob } = given()
    const before = (await readAudit(app)).length

    await grant('SUPERUSER')
    await grant('LOGIN')
    await revoke('SUPERUSER')
    await revoke('SUPERUSER')
    await set('LOGIN')

    expect(await readLevels(bob.id)).toMatchObject([
      { level: 'SUPERUSER', ended_by: 'root' },
      { level: 'ADD_MODEL', ended_by: 'root' },
      { level: 'LOGIN', ended_at: null, ended_by: null },
    ])
    const rows = (await readAudit(app)).slice(before)
    expect(rows.map((row) => [row.action, row.target_type, row.target_id])).toEqual(
      ['grantControllerAccess', 'revokeControllerAccess', 'setControllerAccess'].map((action) => [
        action,
        'User',
        uuidOf(bob.id),
      ]),
    )
    expect(rows[1]).toMatchObject({
      before: { access: { controller: 'gce1', access: 'SUPERUSER', expiresAt: null } },
      after: { access: { controller: 'gce1', access: 'ADD_MODEL', expiresAt: null } },
    })
  })

  test('is not found where the controller or the user does not exist', async () => {
    const wrong = { user: { user: 'nobody' }, controller: { controller: 'gce9' } }
    await withoutWriting(app, async () => {
      for (const name of ['grantControllerAccess', 'revokeControllerAccess', 'setControllerAccess']) {
        for (const [path, rest] of Object.entries(wrong)) {
          const error = await failChange(app.root, 'NotFoundError', name, { ...GCE1, access: 'LOGIN', ...rest })
          expect(error.path.join('.')).toBe(path)
        }
      }
    })
  })

  test('is refused where it is a level of models', async () => {
    const input = { ...GCE1, access: 'ADMIN' }
    await withoutWriting(app, () => failInput(app.root, ['access'], 'grantControllerAccess', input))
  })

  test('ends when its user is deleted, and a new user of that name inherits nothing', async () => {
    const { bob } = given()
    await createModel(app.root, 'gce1', 'default')
    await grant('ADD_MODEL')
    await change(app.root, 'grantModelAccess', { ...GCE1, model: 'default', access: 'WRITE' })

    const payload = 'accessLost { role controller model level }'
    const { accessLost } = await change(app.root, 'deleteUser', { user: 'bob' }, payload)
    const next = await createUser(app, 'bob')

    expect(accessLost).toEqual([
      { role: null, controller: 'gce1', model: null, level: 'ADD_MODEL' },
      { role: null, controller: 'gce1', model: 'default', level: 'WRITE' },
    ])
    expect(await levelsOf(next.client, 'bob')).toEqual([])
    expect(await holdersOf(app.root, 'gce1')).toEqual(['root LOGIN MODEL', 'root SUPERUSER ROLE'])
    expect(await readLevels(bob.id)).toMatchObject([{ level: 'ADD_MODEL', ended_by: 'root' }])
    await change(app.root, 'restoreUser', { id: bob.id, username: 'bob2' })
    expect(await levelsOf(app.root, 'bob2')).toEqual([])
  })
})

describe('a level with a planned end', () => {
  test('is not shortened by a grant, but extended by a longer one', async () => {
    const [day, week] = [inDays(1), inDays(7)]

    expect(await grant('ADD_MODEL', { expiresAt: day })).toBe(true)
    expect(await withoutWriting(app, () => grant('ADD_MODEL', { expiresAt: inDays(0.5) }))).toBe(false)
    expect(await untilOfBob()).toEqual([day])
    expect(await grant('ADD_MODEL', { expiresAt: week })).toBe(true)
    expect(await untilOfBob()).toEqual([week])
    expect(await grant('ADD_MODEL')).toBe(true)
    expect(await untilOfBob()).toEqual([null])
    expect(await withoutWriting(app, () => grant('ADD_MODEL', { expiresAt: week }))).toBe(false)
  })

  test('is not granted over a lower level that lasts longer, which would be lost', async () => {
    await grant('LOGIN')

    const input = { ...GCE1, access: 'SUPERUSER', expiresAt: inDays(1) }
    const { message } = await withoutWriting(app, () =>
      failChange(app.root, 'ConflictError', 'grantControllerAccess', input),
    )

    expect(message).toContain('LOGIN is held for longer')
    expect(await set('SUPERUSER', { expiresAt: input.expiresAt })).toBe(true)
    expect(await untilOfBob()).toEqual([input.expiresAt])
  })

  test('is a conflict with a lower grant that would last longer', async () => {
    await grant('SUPERUSER', { expiresAt: inDays(1) })

    // To have LOGIN permanently they would need two grants at once: an answer must not say that this was done.
    await withoutWriting(app, () =>
      failChange(app.root, 'ConflictError', 'grantControllerAccess', { ...GCE1, access: 'LOGIN' }),
    )
  })

  test('keeps its end when it is lowered', async () => {
    const end = inDays(1)
    await grant('SUPERUSER', { expiresAt: end })

    await revoke('SUPERUSER')

    expect(await levelsOf(app.root, 'bob')).toEqual(['gce1 ADD_MODEL'])
    expect(await untilOfBob()).toEqual([end])
  })

  test('is set to another end, even an earlier one, and the audit tells both ends', async () => {
    const [day, week] = [inDays(1), inDays(7)]
    await grant('LOGIN', { expiresAt: week })

    expect(await set('LOGIN', { expiresAt: day })).toBe(true)
    expect(await withoutWriting(app, () => set('LOGIN', { expiresAt: day }))).toBe(false)

    expect(await untilOfBob()).toEqual([day])
    expect((await readAudit(app)).at(-1)).toMatchObject({
      before: { access: { access: 'LOGIN', expiresAt: week } },
      after: { access: { access: 'LOGIN', expiresAt: day } },
    })
  })

  test('has no effect once the end has passed, and its history says when it ended', async () => {
    const { bob } = given()
    await grant('SUPERUSER', { expiresAt: inDays(1) })
    await lapseLevels(app, bob.id)

    expect(await levelsOf(bob.client, 'bob')).toEqual([])
    expect(await bob.client.ok('{ controller(name: "gce1") { name } }')).toEqual({ controller: null })
    expect(await holdersOf(app.root, 'gce1')).toEqual(['root SUPERUSER ROLE'])
    expect(await revoke()).toBe(false)
    expect(await grant('LOGIN')).toBe(true)

    const [old, next] = await readLevels(bob.id)
    expect(old).toMatchObject({ level: 'SUPERUSER', ended_at: old?.expires_at, ended_by: null })
    expect(next).toMatchObject({ level: 'LOGIN', ended_at: null })
  })

  test('is refused where the end is in the past', async () => {
    await withoutWriting(app, async () => {
      for (const name of ['grantControllerAccess', 'setControllerAccess']) {
        await failInput(app.root, ['expiresAt'], name, { ...GCE1, access: 'LOGIN', expiresAt: inDays(-1) })
      }
    })
  })
})

describe('giving and taking levels on a controller', () => {
  test('is allowed with SUPERUSER on it, for any active user', async () => {
    const { client: dave } = given().dave
    await grant('SUPERUSER', { user: 'dave' })
    await createOrganization(app, 'acme')
    await createUser(app, 'zoe', { organization: 'acme' })

    for (const user of ['bob', 'ZOE']) {
      expect(await grant('SUPERUSER', { user }, dave)).toBe(true)
      expect(await set('ADD_MODEL', { user }, dave)).toBe(true)
      expect(await revoke('ADD_MODEL', { user }, dave)).toBe(true)
    }

    expect(await holdersOf(dave, 'gce1')).toEqual([
      'bob LOGIN GRANT',
      'dave SUPERUSER GRANT',
      'root SUPERUSER ROLE',
      'zoe LOGIN GRANT',
    ])
    await change(app.root, 'disableUser', { user: 'zoe' })
    await withoutWriting(app, () =>
      failChange(dave, 'NotFoundError', 'grantControllerAccess', { ...GCE1, user: 'zoe', access: 'LOGIN' }),
    )
  })

  test('is forbidden with less than SUPERUSER, and not found where the caller does not see the controller', async () => {
    const eve = await createUser(app, 'eve')
    const input = { ...GCE1, access: 'LOGIN' }
    const own = { ...input, user: 'eve' }

    await withoutWriting(app, () => failChange(eve.client, 'NotFoundError', 'grantControllerAccess', own))
    for (const access of ['LOGIN', 'ADD_MODEL']) {
      await set(access, { user: 'eve' })
      const error = await withoutWriting(app, () =>
        eve.client.refused('FORBIDDEN', changeDocument('grantControllerAccess'), { input: own }),
      )
      expect(missingOf(error.extensions)).toEqual(['SUPERUSER on the controller'])
    }
  })

  test('is allowed with controllers.manage in its organization, through a role or membership', async () => {
    const { bob } = given()
    await createOrganization(app, 'acme', ['controllers.manage'])
    await createController(app, 'aws', 'acme')
    await grantRoles(app, 'bob', [{ role: 'ORGANIZATION_ADMIN', organization: 'default' }])
    const zoe = await createUser(app, 'zoe', { organization: 'acme' })

    expect(await grant('SUPERUSER', { user: 'carol' }, bob.client)).toBe(true)
    expect(await grant('SUPERUSER', { user: 'zoe', controller: 'aws' }, zoe.client)).toBe(true)

    expect(await holdersOf(app.root, 'gce1')).toEqual([
      'bob SUPERUSER ROLE',
      'carol SUPERUSER GRANT',
      'root SUPERUSER ROLE',
    ])
    expect(await holdersOf(app.root, 'aws')).toEqual([
      'root SUPERUSER ROLE',
      'zoe SUPERUSER GRANT',
      'zoe SUPERUSER MEMBERSHIP',
    ])
    expect(await levelsOf(app.root, 'zoe')).toEqual(['aws SUPERUSER'])
  })

  test('is allowed for no longer than the caller’s own level lasts', async () => {
    const [day, week] = [inDays(1), inDays(7)]
    const { client: dave } = given().dave
    await grant('SUPERUSER', { user: 'dave', expiresAt: week })

    await withoutWriting(app, async () => {
      for (const name of ['grantControllerAccess', 'setControllerAccess']) {
        for (const expiresAt of [undefined, inDays(8)]) {
          const error = await failChange(dave, 'MissingAuthorityError', name, { ...GCE1, access: 'LOGIN', expiresAt })
          expect(missingOf(error)).toEqual(['LOGIN on the controller'])
        }
      }
    })
    expect(await grant('SUPERUSER', { expiresAt: week }, dave)).toBe(true)
    expect(await set('LOGIN', { expiresAt: day }, dave)).toBe(true)
  })

  test('is forbidden where it takes a level from an administrator', async () => {
    const { client: dave } = given().dave
    await grant('SUPERUSER', { user: 'dave' })
    await createUser(app, 'chief', { isAdmin: true })
    await grant('ADD_MODEL', { user: 'chief' })

    for (const name of ['revokeControllerAccess', 'setControllerAccess']) {
      const input = { ...GCE1, user: 'chief', access: 'LOGIN' }
      const error = await withoutWriting(app, () => dave.refused('FORBIDDEN', changeDocument(name), { input }))
      expect(missingOf(error.extensions)).toContain('ADMINISTRATOR')
    }
    expect(await revoke(undefined, { user: 'chief' })).toBe(true)
  })

  test('is allowed to a user who gives up their own level, even the last one', async () => {
    const { bob } = given()
    await grant('ADD_MODEL')

    expect(await revoke('ADD_MODEL', {}, bob.client)).toBe(true)
    const payload = 'changed controller { name } user { username }'
    const last = await change(bob.client, 'revokeControllerAccess', GCE1, payload)

    expect(last).toMatchObject({ changed: true, controller: null, user: { username: 'bob' } })
    expect(await levelsOf(bob.client, 'bob')).toEqual([])
    await withoutWriting(app, () => failChange(bob.client, 'NotFoundError', 'revokeControllerAccess', GCE1))
    await withoutWriting(app, () =>
      failChange(bob.client, 'NotFoundError', 'setControllerAccess', { ...GCE1, access: 'LOGIN' }),
    )
  })

  test('is not possible with a limited key, unless its limits include controllers.manage', async () => {
    const { client: dave } = given().dave
    await grant('SUPERUSER', { user: 'dave' })
    await change(app.root, 'createRole', { name: 'KEEPER', permissions: ['controllers.manage'] })
    const limits = [{ role: 'VERSION_MANAGER', organization: 'default' }]
    const narrow = app.as((await createApiKey(dave, { limits })).key)
    const keeper = app.as((await createApiKey(dave, { limits: [{ role: 'KEEPER', organization: 'default' }] })).key)
    const input = { ...GCE1, access: 'LOGIN' }

    expect(await narrow.ok('{ controller(name: "gce1") { name } controllers { totalCount } }')).toEqual({
      controller: null,
      controllers: { totalCount: 0 },
    })
    await withoutWriting(app, async () => {
      await failChange(narrow, 'NotFoundError', 'grantControllerAccess', input)
    })
    expect(await grant('LOGIN', {}, keeper)).toBe(true)
    // A limited key can’t give up its owner’s own levels, but a SUPERUSER takes levels from any user.
    expect(await revoke(undefined, {}, keeper)).toBe(true)
  })
})

describe('a user who has levels that the caller lacks', () => {
  test('is protected from that caller: no key, no new e-mail, no enabling', async () => {
    const { dave } = given()
    await grant('ADD_MODEL')
    await change(app.root, 'createRole', { name: 'USER_KEEPER', permissions: ['users.manage', 'users.read'] })
    await grantRoles(app, 'dave', [{ role: 'USER_KEEPER', organization: 'default' }])

    const refused: [string, object][] = [
      ['createApiKey', { label: 'theirs', user: 'bob' }],
      ['updateUser', { user: 'bob', email: 'dave@example.test' }],
    ]
    for (const [name, input] of refused) {
      const error = await withoutWriting(app, () => failChange(dave.client, 'MissingAuthorityError', name, input))
      expect(missingOf(error)).toEqual(['ADD_MODEL on the controller'])
    }
    await change(dave.client, 'disableUser', { user: 'bob' })
    expect(await holdersOf(app.root, 'gce1')).toEqual(['root SUPERUSER ROLE'])
    const error = await withoutWriting(app, () =>
      failChange(dave.client, 'MissingAuthorityError', 'enableUser', { user: 'bob' }),
    )
    expect(missingOf(error)).toEqual(['ADD_MODEL on the controller'])

    // A user who has the same level may.
    await grant('ADD_MODEL', { user: 'dave' })
    await change(dave.client, 'enableUser', { user: 'bob' })
    await change(dave.client, 'createApiKey', { label: 'theirs', user: 'bob' })
    expect(await levelsOf(app.root, 'bob')).toEqual(['gce1 ADD_MODEL'])
  })
})

describe('reading controllers', () => {
  test('shows a user only the controllers they have a level on, filtered by level', async () => {
    const { bob } = given()
    for (const name of ['gce2', 'gce3', 'gce4']) await createController(app, name)
    await grant('SUPERUSER')
    await grant('LOGIN', { controller: 'gce2' })
    await grant('LOGIN', { controller: 'gce3' })

    const filtered = `query ($access: ControllerAccess) { viewer { user {
      controllers(filter: { access: $access }) { totalCount nodes { name } } } } controllers { totalCount nodes { name } } }`
    const { viewer, controllers } = await bob.client.ok(filtered, { access: 'LOGIN' })
    const all = await bob.client.ok('{ viewer { user { controllers { totalCount } } } }')

    expect(viewer.user.controllers).toEqual({ totalCount: 2, nodes: [{ name: 'gce2' }, { name: 'gce3' }] })
    expect(controllers).toEqual({ totalCount: 3, nodes: [{ name: 'gce1' }, { name: 'gce2' }, { name: 'gce3' }] })
    expect(all.viewer.user.controllers.totalCount).toBe(3)
    const none = await bob.client.ok(filtered, { access: 'ADD_MODEL' })
    expect(none.viewer.user.controllers).toEqual({ totalCount: 0, nodes: [] })
  })

  test('shows the holders to SUPERUSERs, and to other users only themselves', async () => {
    const { bob, carol } = given()
    await grant('SUPERUSER')
    await grant('ADD_MODEL', { user: 'carol' })

    const all = ['bob SUPERUSER GRANT', 'carol ADD_MODEL GRANT', 'root SUPERUSER ROLE']
    expect(await holdersOf(bob.client, 'gce1')).toEqual(all)
    expect(await holdersOf(carol.client, 'gce1')).toEqual(['carol ADD_MODEL GRANT'])
    expect(await holdersOf(app.root, 'gce1')).toEqual(all)
  })

  test('does not show a user’s controllers to a caller who may not read the user’s record', async () => {
    const { dave } = given()
    await grant('SUPERUSER')
    await grant('SUPERUSER', { user: 'dave' })

    // Dave may name bob, but not read his record.
    const { data, errors } = await dave.client.send('{ user(username: "bob") { username controllers { totalCount } } }')

    expect(data.user).toEqual({ username: 'bob', controllers: null })
    expect(errors.map((error) => [error.path, error.extensions.code])).toEqual([[['user', 'controllers'], 'FORBIDDEN']])
  })
})
