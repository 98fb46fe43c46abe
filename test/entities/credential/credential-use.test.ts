import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { type Client, startApp } from '../../support/app.ts'
import { eventsOf, sidesOf } from '../../support/audit.ts'
import { change, changeDocument, failChange } from '../../support/change.ts'
import { addCredential, credentialsOf, reveal } from '../../support/credentials.ts'
import { isPostgres } from '../../support/database.ts'
import { createController, createModel } from '../../support/levels.ts'
import { query, readAudit, uuidOf, withoutWriting } from '../../support/rows.ts'
import { createOrganization, createUser, type SeededUser } from '../../support/seed.ts'
import { wordOf } from '../../support/word.ts'

const app = startApp()

const ROUNDS = isPostgres() ? 30 : 5

/** Bob with the credential aws, who adds models to the controller gce1. */
async function createBob(organization = 'default'): Promise<SeededUser> {
  await createController(app, 'gce1', organization)
  const bob = await createUser(app, 'bob')
  await change(app.root, 'grantControllerAccess', { user: 'bob', controller: 'gce1', access: 'ADD_MODEL' })
  await addCredential(bob.client, 'aws')
  return bob
}

/** A model of bob's that uses aws. */
function createUsing(bob: SeededUser, name = 'web') {
  const input = { controller: 'gce1', name, credential: 'AWS' }
  return change(bob.client, 'createModel', input, 'model { name credential { name user { username } } }')
}

/** The credential that a model uses, as the client sees it. */
async function usedBy(client: Client, name = 'web'): Promise<string | null> {
  const { model } = await client.ok(
    'query ($name: String!) { model(controller: "gce1", name: $name) { credential { name } } }',
    { name },
  )
  return model.credential?.name ?? null
}

function update(client: Client, input: object) {
  return change(
    client,
    'updateModel',
    { controller: 'gce1', model: 'web', ...input },
    'model { name credential { name } }',
  )
}

describe('a model', () => {
  test('uses the credential it was made with', async () => {
    const bob = await createBob()

    const { model } = await createUsing(bob)

    expect(model).toEqual({ name: 'web', credential: { name: 'aws', user: { username: 'bob' } } })
    expect(await usedBy(app.root)).toBe('aws')
    expect((await readAudit(app)).at(-1)?.after).toMatchObject({ name: 'web', credential: 'aws' })
  })

  test('uses none where none was named, or null was', async () => {
    const bob = await createBob()

    await createModel(bob.client, 'gce1', 'web')
    await change(bob.client, 'createModel', { controller: 'gce1', name: 'db', credential: null })

    expect([await usedBy(bob.client), await usedBy(bob.client, 'db')]).toEqual([null, null])
  })

  test('is given another, keeps it where it is omitted, and loses it by null', async () => {
    const bob = await createBob()
    await addCredential(bob.client, 'ec2')
    await createModel(bob.client, 'gce1', 'web')

    const answers = [
      await update(bob.client, { credential: 'aws' }),
      await update(bob.client, { credential: 'EC2' }),
      await update(bob.client, { name: 'WEB' }),
      await update(bob.client, { credential: null }),
    ]

    expect(answers.map(({ model }) => [model.name, model.credential?.name ?? null])).toEqual([
      ['web', 'aws'],
      ['web', 'ec2'],
      ['WEB', 'ec2'],
      ['WEB', null],
    ])
  })

  test('uses the caller’s own alone: another’s is not found, by administrators neither', async () => {
    const bob = await createBob()
    const carol = await createUser(app, 'carol')
    await addCredential(carol.client, 'hers')
    await createModel(bob.client, 'gce1', 'web')

    for (const client of [bob.client, app.root]) {
      for (const credential of ['hers', 'none']) {
        const inputs = {
          createModel: { controller: 'gce1', name: 'db', credential },
          updateModel: { controller: 'gce1', model: 'web', credential },
        }
        for (const [name, input] of Object.entries(inputs)) {
          const error = await withoutWriting(app, () => failChange(client, 'NotFound', name, input))
          expect([error.path, error.message]).toEqual(['credential', `The credential "${credential}" was not found.`])
        }
      }
    }
  })

  test('uses none that was removed, nor one of an earlier name', async () => {
    const bob = await createBob()
    await change(bob.client, 'removeCredential', { name: 'aws' })

    const input = { controller: 'gce1', name: 'web', credential: 'aws' }
    const error = await withoutWriting(app, () => failChange(bob.client, 'NotFound', 'createModel', input))

    expect(error.path).toBe('credential')
  })

  test('tells its credential to its owner and to administrators, to others who administer it not', async () => {
    const bob = await createBob()
    await createUsing(bob)
    const carol = await createUser(app, 'carol')
    await change(app.root, 'grantModelAccess', { user: 'carol', controller: 'gce1', model: 'web', access: 'ADMIN' })

    expect([await usedBy(bob.client), await usedBy(app.root), await usedBy(carol.client)]).toEqual(['aws', 'aws', null])
  })

  test('is given a credential of its own by another who administers it', async () => {
    const bob = await createBob()
    await createUsing(bob)
    const carol = await createUser(app, 'carol')
    await addCredential(carol.client, 'hers')
    await change(app.root, 'grantModelAccess', { user: 'carol', controller: 'gce1', model: 'web', access: 'ADMIN' })

    await update(carol.client, { credential: 'hers' })

    expect([await usedBy(app.root), await usedBy(bob.client), await usedBy(carol.client)]).toEqual([
      'hers',
      null,
      'hers',
    ])
    await change(bob.client, 'removeCredential', { name: 'aws' })
  })

  test('is not given one by who has WRITE on it', async () => {
    const bob = await createBob()
    await createModel(app.root, 'gce1', 'web')
    await change(app.root, 'grantModelAccess', { user: 'bob', controller: 'gce1', model: 'web', access: 'WRITE' })

    for (const credential of ['aws', null]) {
      const input = { controller: 'gce1', model: 'web', credential }
      const { extensions } = await withoutWriting(app, () =>
        bob.client.refused('FORBIDDEN', changeDocument('updateModel'), { input }),
      )
      expect(extensions.missing).toEqual(['ADMIN on the model'])
    }
  })
})

describe('a credential in use', () => {
  test('is not removed, by its owner or an administrator, and the models are named', async () => {
    const bob = await createBob()
    await createUsing(bob, 'web')
    await createUsing(bob, 'Db')

    for (const [client, input] of [
      [bob.client, { name: 'aws' }],
      [app.root, { name: 'aws', user: 'bob' }],
    ] as const) {
      const error = await withoutWriting(app, () => failChange(client, 'Conflict', 'removeCredential', input))
      expect(error.message).toBe('The credential is used by gce1/Db, gce1/web: let them use another first.')
    }

    expect((await reveal(bob.client, 'aws')).at(-1)?.value).toBe('a secret')
  })

  test('tells only how many models use it that are hidden from who removes it', async () => {
    const bob = await createBob()
    await createUsing(bob, 'web')
    await createUsing(bob, 'db')
    await createUsing(bob, 'seen')
    for (const model of ['web', 'db']) {
      await change(app.root, 'revokeModelAccess', { user: 'bob', controller: 'gce1', model })
    }

    const error = await withoutWriting(app, () =>
      failChange(bob.client, 'Conflict', 'removeCredential', { name: 'aws' }),
    )

    expect(error.message).toBe(
      'The credential is used by gce1/seen, 2 that you may not see: let them use another first.',
    )
  })

  test.each([
    ['uses none', () => update(app.root, { credential: null })],
    ['is deleted', () => change(app.root, 'deleteModel', { controller: 'gce1', model: 'web' })],
  ])('is removed once the last model %s', async (_name, free) => {
    const bob = await createBob()
    await createUsing(bob)
    await withoutWriting(app, () => failChange(bob.client, 'Conflict', 'removeCredential', { name: 'aws' }))

    await free()
    await change(bob.client, 'removeCredential', { name: 'aws' })

    expect(await credentialsOf(bob.client, 'bob')).toEqual([])
  })

  test('is never removed from under a model that is given it at the same time', async () => {
    const bob = await createBob()
    await createModel(bob.client, 'gce1', 'web')
    const outcomes = new Set<string>()

    for (let round = 0; round < ROUNDS; round++) {
      const name = `c${round}`
      await addCredential(bob.client, name)
      const [used, removed] = await Promise.all([
        bob.client.send(changeDocument('updateModel'), {
          input: { controller: 'gce1', model: 'web', credential: name },
        }),
        bob.client.send(changeDocument('removeCredential'), { input: { name } }),
      ])
      outcomes.add([used, removed].map(wordOf).join(' '))
    }

    expect([...outcomes].filter((words) => words !== 'done Conflict' && words !== 'NotFound done')).toEqual([])
    const rows = await query(
      app,
      sql`select c.name from models as m join credentials as c on c.id = m.credential_id where c.deleted_at is not null`,
    )
    expect(rows).toEqual([])
  })
})

describe('deleting a user whose credentials are in use', () => {
  test('is a conflict that names the models', async () => {
    const bob = await createBob()
    await addCredential(bob.client, 'ec2')
    await createUsing(bob)
    await change(bob.client, 'createModel', { controller: 'gce1', name: 'db', credential: 'ec2' })

    for (const input of [
      { user: 'bob' },
      { user: 'bob', detachCredentials: false },
      { user: 'bob', detachCredentials: null },
    ]) {
      const error = await withoutWriting(app, () => failChange(app.root, 'Conflict', 'deleteUser', input))
      expect(error.message).toBe(
        'Credentials of bob are used by gce1/db, gce1/web: let them use others first, or delete with detachCredentials.',
      )
    }
  })

  test('tells who sees none of the models only how many there are', async () => {
    await createOrganization(app, 'acme')
    const bob = await createBob('acme')
    await createUsing(bob)
    const manager = await createUser(app, 'manager', {
      roles: [{ role: 'ORGANIZATION_ADMIN', organization: 'default' }],
    })

    const error = await withoutWriting(app, () => failChange(manager.client, 'Conflict', 'deleteUser', { user: 'bob' }))

    expect(error.message).toBe(
      'Credentials of bob are used by 1 that you may not see: let them use others first, or delete with detachCredentials.',
    )
  })

  test('with detachCredentials goes through, and the models use none', async () => {
    const bob = await createBob()
    await createUsing(bob)
    await createModel(app.root, 'gce1', 'db')
    await addCredential(app.root, 'own')
    await change(app.root, 'updateModel', { controller: 'gce1', model: 'db', credential: 'own' })

    const gone = await change(app.root, 'deleteUser', { user: 'bob', detachCredentials: true }, 'id username')

    expect(gone).toMatchObject({ id: bob.id, username: 'bob' })
    expect([await usedBy(app.root), await usedBy(app.root, 'db')]).toEqual([null, 'own'])
    const rows = await query(
      app,
      sql`select name, secrets is null as empty from credentials where user_id = ${uuidOf(bob.id)}`,
    )
    expect(rows).toEqual([{ name: 'aws', empty: true }])
  })

  test('with detachCredentials is told in the audit with every model that lost one, and no other', async () => {
    const bob = await createBob()
    await addCredential(bob.client, 'ec2')
    await createUsing(bob)
    await change(bob.client, 'createModel', { controller: 'gce1', name: 'DB', credential: 'ec2' })
    await createModel(bob.client, 'gce1', 'without')
    await createUsing(bob, 'gone')
    await change(app.root, 'deleteModel', { controller: 'gce1', model: 'gone' })
    const carol = await createUser(app, 'carol')
    await addCredential(carol.client, 'aws')
    await change(app.root, 'grantControllerAccess', { user: 'carol', controller: 'gce1', access: 'ADD_MODEL' })
    await createUsing(carol, 'hers')

    await change(app.root, 'deleteUser', { user: 'bob', detachCredentials: true })

    const [event] = await eventsOf(app.root, { action: 'deleteUser' })
    expect(event && sidesOf(event)).toMatchObject({
      username: ['bob', undefined],
      detachedModels: [['gce1/DB', 'gce1/web'], undefined],
    })
    expect(await usedBy(app.root, 'hers')).toBe('aws')
  })

  test('without any of them in use says that no model lost one', async () => {
    await createBob()

    await change(app.root, 'deleteUser', { user: 'bob', detachCredentials: true })

    expect((await readAudit(app)).at(-1)?.before).not.toHaveProperty('detachedModels')
  })

  test('as a dry run with detachCredentials detaches none', async () => {
    const bob = await createBob()
    await createUsing(bob)

    const document = changeDocument('deleteUser', 'username')
    const input = { user: 'bob', detachCredentials: true }
    const dry = await withoutWriting(app, () => app.root.ok(document, { input, dryRun: true }))

    expect(dry.deleteUser).toMatchObject({ __typename: 'DeleteUserPayload', username: 'bob' })
    expect(await usedBy(app.root)).toBe('aws')
  })

  test('goes through where only a deleted model used one', async () => {
    const bob = await createBob()
    await createUsing(bob)
    await change(app.root, 'deleteModel', { controller: 'gce1', model: 'web' })

    const { username } = await change(app.root, 'deleteUser', { user: 'bob' }, 'username')

    expect(username).toBe('bob')
  })
})
