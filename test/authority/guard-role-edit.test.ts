import { describe, expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { change, failChange } from '../support/change.ts'
import { createController } from '../support/levels.ts'
import { missingOf } from '../support/missing.ts'
import { withoutWriting } from '../support/rows.ts'
import { createApiKey, createOrganization, createRole, createUser } from '../support/seed.ts'

const app = startApp()

/**
 * acme with the controller gce1; own, who is SUPERUSER on it and has a key limited to the role LIMIT in acme; and ed, who
 * defines roles and creates versions everywhere.
 */
const world = app.world(async () => {
  await createOrganization(app, 'acme')
  await createController(app, 'gce1', 'acme')
  await createRole(app, 'LIMIT', ['version.create'])
  await createRole(app, 'EDITOR', ['roles.manage', 'roles.grant', 'version.create'])
  await createUser(app, 'own', { organization: 'acme' })
  await change(app.root, 'grantControllerAccess', { user: 'own', controller: 'gce1', access: 'SUPERUSER' })
  const own = await createApiKey(app.root, { user: 'own', limits: [{ role: 'LIMIT', organization: 'acme' }] })
  const ed = await createUser(app, 'ed', { roles: [{ role: 'EDITOR', everywhere: true }] })
  return { keyId: own.id, ed: ed.client }
})

const EDIT = { role: 'LIMIT', addPermissions: ['controllers.manage'] }

async function isRefused(input: object) {
  const error = await withoutWriting(app, () => failChange(world().ed, 'MissingAuthorityError', 'updateRole', input))
  return missingOf(error)
}

describe('a permission added to a role', () => {
  test('must be held where a key is limited to the role: the levels behind the key open too', async () => {
    expect(await isRefused(EDIT)).toEqual(['controllers.manage wherever the role is held'])
  })

  test('must be held there while the owner of the key is disabled: they can be enabled', async () => {
    await change(app.root, 'disableUser', { user: 'own' })

    expect(await isRefused(EDIT)).toEqual(['controllers.manage wherever the role is held'])
  })

  test('must be held there whatever the owner of the key holds: they can be granted it later', async () => {
    await change(app.root, 'revokeControllerAccess', { user: 'own', controller: 'gce1' })

    expect(await isRefused(EDIT)).toEqual(['controllers.manage wherever the role is held'])
    expect(await isRefused({ role: 'LIMIT', addPermissions: ['doc.publish'] })).toEqual([
      'doc.publish wherever the role is held',
    ])
  })

  test('need not be held where the key was revoked', async () => {
    await change(app.root, 'revokeApiKey', { apiKey: world().keyId })

    await change(world().ed, 'updateRole', EDIT)
  })

  test('can be one that the caller holds there', async () => {
    await change(app.root, 'updateRole', { role: 'EDITOR', addPermissions: ['controllers.manage'] })

    await change(world().ed, 'updateRole', EDIT)
  })

  test('is named where the caller may read the users of that scope', async () => {
    await createRole(app, 'READER', ['users.read'])
    await change(app.root, 'grantRoles', { user: 'ed', roles: [{ role: 'READER', organization: 'acme' }] })

    expect(await isRefused(EDIT)).toEqual(['controllers.manage'])
  })
})

describe('taking over a user', () => {
  test('is refused without a word about what they hold to a caller who may not read it', async () => {
    await createRole(app, 'MANAGER', ['users.manage', 'roles.grant'])
    const max = await createUser(app, 'max', { roles: [{ role: 'MANAGER', organization: 'acme' }] })
    await change(app.root, 'grantRoles', { user: 'own', roles: [{ role: 'LIMIT', organization: 'acme' }] })
    const input = { user: 'own', label: 'mine' }

    const error = await withoutWriting(app, () =>
      failChange(max.client, 'MissingAuthorityError', 'createApiKey', input),
    )

    expect(missingOf(error)).toEqual(['more than they hold'])
    expect(error.message).not.toMatch(/version|gce1|SUPERUSER/)
  })

  test('names what they hold to a caller who may read it', async () => {
    await createRole(app, 'MANAGER', ['users.manage', 'users.read'])
    const max = await createUser(app, 'max', { roles: [{ role: 'MANAGER', organization: 'acme' }] })
    const input = { user: 'own', label: 'mine' }

    const error = await withoutWriting(app, () =>
      failChange(max.client, 'MissingAuthorityError', 'createApiKey', input),
    )

    expect(missingOf(error)).toEqual(['SUPERUSER on the controller'])
  })
})
