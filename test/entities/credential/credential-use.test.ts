import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { type Client, startApp } from '../../support/app.ts'
import { eventsOf, sidesOf } from '../../support/audit.ts'
import { change, changeDocument, failChange } from '../../support/change.ts'
import { addCredential, credentialsOf, reveal } from '../../support/credentials.ts'
import { isPostgres } from '../../support/database.ts'
import { createController, createModel } from '../../support/levels.ts'
import { missingOf } from '../../support/missing.ts'
import { query, readAudit, uuidOf, withoutWriting } from '../../support/rows.ts'
import { createOrganization, createUser, type SeededUser } from '../../support/seed.ts'
import { wordOf } from '../../support/word.ts'

const app = startApp()

const ROUNDS = isPostgres() ? 30 : 5

/** Bob with the credential aws, who adds models to the controller gce1; carol, who has nothing. */
const given = app.world(async () => {
  await createController(app, 'gce1')
  const [bob, carol] = [await createUser(app, 'bob'), await createUser(app, 'carol')]
  await addModels('bob')
  await addCredential(bob.client, 'aws')
  return { bob, carol }
})

/** Lets a user add models to a controller. */
function addModels(user: string, controller = 'gce1') {
  return change(app.root, 'grantControllerAccess', { user, controller, access: 'ADD_MODEL' })
}

/** A model of the user's that uses their credential aws. */
function createUsing(user: SeededUser, name = 'web', controller = 'gce1') {
  const input = { controller, name, credential: 'AWS' }
  return change(user.client, 'createModel', input, 'model { name credential { name user { username } } }')
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
  test('uses the credential that its creator chose', async () => {
    const { bob } = given()

    const { model } = await createUsing(bob)

    expect(model).toEqual({ name: 'web', credential: { name: 'aws', user: { username: 'bob' } } })
    expect(await usedBy(app.root)).toBe('aws')
    expect((await readAudit(app)).at(-1)?.after).toMatchObject({ name: 'web', credential: 'aws' })
  })

  test('uses no credential where it is omitted or null', async () => {
    const { bob } = given()

    await createModel(bob.client, 'gce1', 'web')
    await change(bob.client, 'createModel', { controller: 'gce1', name: 'db', credential: null })

    expect([await usedBy(bob.client), await usedBy(bob.client, 'db')]).toEqual([null, null])
  })

  test('gets another credential by an update, keeps it where it is omitted, and loses it with null', async () => {
    const { bob } = given()
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

  test('uses only a credential of the caller: another user’s is not found, even by administrators', async () => {
    const { bob, carol } = given()
    await addCredential(carol.client, 'hers')
    await createModel(bob.client, 'gce1', 'web')

    await withoutWriting(app, async () => {
      for (const client of [bob.client, app.root]) {
        for (const credential of ['hers', 'none']) {
          const inputs = {
            createModel: { controller: 'gce1', name: 'db', credential },
            updateModel: { controller: 'gce1', model: 'web', credential },
          }
          for (const [name, input] of Object.entries(inputs)) {
            const error = await failChange(client, 'NotFoundError', name, input)
            expect([error.path.join('.'), error.message]).toEqual(['credential', 'The credential was not found.'])
          }
        }
      }
    })
  })

  test('does not use a credential that was removed', async () => {
    const { bob } = given()
    await change(bob.client, 'removeCredential', { name: 'aws' })

    const input = { controller: 'gce1', name: 'web', credential: 'aws' }
    const error = await withoutWriting(app, () => failChange(bob.client, 'NotFoundError', 'createModel', input))

    expect(error.path.join('.')).toBe('credential')
  })

  test('shows its credential to the credential’s owner and to administrators alone', async () => {
    const { bob, carol } = given()
    await createUsing(bob)
    await change(app.root, 'grantModelAccess', { user: 'carol', controller: 'gce1', model: 'web', access: 'ADMIN' })

    expect([await usedBy(bob.client), await usedBy(app.root), await usedBy(carol.client)]).toEqual(['aws', 'aws', null])
  })

  test('gets a credential of another user who administers it', async () => {
    const { bob, carol } = given()
    await createUsing(bob)
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

  test('gets no credential from a user who has WRITE on it', async () => {
    const { bob } = given()
    await createModel(app.root, 'gce1', 'web')
    await change(app.root, 'grantModelAccess', { user: 'bob', controller: 'gce1', model: 'web', access: 'WRITE' })

    for (const credential of ['aws', null]) {
      const input = { controller: 'gce1', model: 'web', credential }
      const { extensions } = await withoutWriting(app, () =>
        bob.client.refused('FORBIDDEN', changeDocument('updateModel'), { input }),
      )
      expect(missingOf(extensions)).toEqual(['ADMIN on the model'])
    }
  })
})

describe('a credential in use', () => {
  test('is not removed, by its owner or an administrator, and the error names the models', async () => {
    const { bob } = given()
    await createUsing(bob, 'web')
    await createUsing(bob, 'Db')

    for (const [client, input] of [
      [bob.client, { name: 'aws' }],
      [app.root, { name: 'aws', user: 'bob' }],
    ] as const) {
      const error = await withoutWriting(app, () => failChange(client, 'ConflictError', 'removeCredential', input))
      expect(error.message).toBe('The credential is used by gce1/Db, gce1/web: let them use another first.')
    }

    expect((await reveal(bob.client, 'aws')).at(-1)?.value).toBe('a secret')
  })

  test('tells only the number of the models that the caller does not see', async () => {
    const { bob } = given()
    await createUsing(bob, 'web')
    await createUsing(bob, 'db')
    await createUsing(bob, 'seen')
    for (const model of ['web', 'db']) {
      await change(app.root, 'revokeModelAccess', { user: 'bob', controller: 'gce1', model })
    }

    const error = await withoutWriting(app, () =>
      failChange(bob.client, 'ConflictError', 'removeCredential', { name: 'aws' }),
    )

    expect(error.message).toBe(
      'The credential is used by gce1/seen, 2 that you may not see: let them use another first.',
    )
  })

  test.each([
    ['uses none', () => update(app.root, { credential: null })],
    ['is deleted', () => change(app.root, 'deleteModel', { controller: 'gce1', model: 'web' })],
  ])('is removed once the last model %s', async (_name, free) => {
    const { bob } = given()
    await createUsing(bob)
    await withoutWriting(app, () => failChange(bob.client, 'ConflictError', 'removeCredential', { name: 'aws' }))

    await free()
    await change(bob.client, 'removeCredential', { name: 'aws' })

    expect(await credentialsOf(bob.client, 'bob')).toEqual([])
  })

  test('is not removed where a model gets it at the same time', async () => {
    const { bob } = given()
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

    expect([...outcomes].filter((words) => words !== 'done ConflictError' && words !== 'NotFoundError done')).toEqual(
      [],
    )
    const rows = await query(
      app,
      sql`select c.name from models as m join credentials as c on c.id = m.credential_id where c.deleted_at is not null`,
    )
    expect(rows).toEqual([])
  })
})

describe('deleting a user whose credentials are in use', () => {
  test('is a conflict, and the error names the models', async () => {
    const { bob } = given()
    await addCredential(bob.client, 'ec2')
    await createUsing(bob)
    await change(bob.client, 'createModel', { controller: 'gce1', name: 'db', credential: 'ec2' })

    await withoutWriting(app, async () => {
      for (const rest of [{}, { detachCredentials: false }, { detachCredentials: null }]) {
        const error = await failChange(app.root, 'ConflictError', 'deleteUser', { user: 'bob', ...rest })
        expect(error.message).toBe(
          'Credentials of bob are used by gce1/db, gce1/web: let them use others first, or delete with detachCredentials.',
        )
      }
    })
  })

  test('tells only the number of the models to a caller who sees none of them', async () => {
    const { bob } = given()
    await createOrganization(app, 'acme')
    await createController(app, 'hidden', 'acme')
    await addModels('bob', 'hidden')
    await createUsing(bob, 'web', 'hidden')
    const manager = await createUser(app, 'manager', {
      roles: [{ role: 'ORGANIZATION_ADMIN', organization: 'default' }],
    })

    const error = await withoutWriting(app, () =>
      failChange(manager.client, 'ConflictError', 'deleteUser', { user: 'bob' }),
    )

    expect(error.message).toBe(
      'Credentials of bob are used by 1 that you may not see: let them use others first, or delete with detachCredentials.',
    )
  })

  test('succeeds with detachCredentials, and the models use no credential', async () => {
    const { bob } = given()
    await createUsing(bob)
    await createModel(app.root, 'gce1', 'db')
    await addCredential(app.root, 'own')
    await change(app.root, 'updateModel', { controller: 'gce1', model: 'db', credential: 'own' })

    const gone = await change(app.root, 'deleteUser', { user: 'bob', detachCredentials: true }, 'deletedId name')

    expect(gone).toMatchObject({ deletedId: bob.id, name: 'bob' })
    expect([await usedBy(app.root), await usedBy(app.root, 'db')]).toEqual([null, 'own'])
    const rows = await query(
      app,
      sql`select name, secrets is null as empty from credentials where user_id = ${uuidOf(bob.id)}`,
    )
    expect(rows).toEqual([{ name: 'aws', empty: true }])
  })

  test('with detachCredentials leaves the models that lost a credential in the audit, and no others', async () => {
    const { bob, carol } = given()
    await addCredential(bob.client, 'ec2')
    await createUsing(bob)
    await change(bob.client, 'createModel', { controller: 'gce1', name: 'DB', credential: 'ec2' })
    await createModel(bob.client, 'gce1', 'without')
    await createUsing(bob, 'gone')
    await change(app.root, 'deleteModel', { controller: 'gce1', model: 'gone' })
    await addCredential(carol.client, 'aws')
    await addModels('carol')
    await createUsing(carol, 'hers')

    await change(app.root, 'deleteUser', { user: 'bob', detachCredentials: true })

    const [event] = await eventsOf(app.root, { action: 'deleteUser' })
    expect(event && sidesOf(event)).toMatchObject({
      username: ['bob', undefined],
      detachedModels: [['gce1/DB', 'gce1/web'], undefined],
    })
    expect(await usedBy(app.root, 'hers')).toBe('aws')
  })

  test('with detachCredentials leaves no models in the audit where none used a credential', async () => {
    await change(app.root, 'deleteUser', { user: 'bob', detachCredentials: true })

    expect((await readAudit(app)).at(-1)?.before).not.toHaveProperty('detachedModels')
  })

  test('detaches nothing in a dry run with detachCredentials', async () => {
    const { bob } = given()
    await createUsing(bob)

    const document = changeDocument('deleteUser', 'name')
    const input = { user: 'bob', detachCredentials: true }
    const dry = await withoutWriting(app, () => app.root.ok(document, { input, dryRun: true }))

    expect(dry.deleteUser).toMatchObject({ __typename: 'DeleteUserPayload', name: 'bob' })
    expect(await usedBy(app.root)).toBe('aws')
  })

  test('succeeds where only a deleted model used a credential', async () => {
    const { bob } = given()
    await createUsing(bob)
    await change(app.root, 'deleteModel', { controller: 'gce1', model: 'web' })

    const { name: username } = await change(app.root, 'deleteUser', { user: 'bob' }, 'name')

    expect(username).toBe('bob')
  })
})
