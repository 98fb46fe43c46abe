import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { readRows } from '../../src/db/database.ts'
import { type Client, startApp } from '../support/app.ts'
import { changeDocument } from '../support/change.ts'
import { isPostgres } from '../support/database.ts'
import { createApiKey, createOrganization, createProject, createRole, createUser } from '../support/seed.ts'
import { wordOf } from '../support/word.ts'

const app = startApp()

// On the embedded database there is one session: its transactions queue, and a handful of rounds says so.
const ROUNDS = isPostgres() ? 25 : 5

const grantInput = (user: string, role: string, scope: object = { everywhere: true }) => ({
  input: { user, roles: [{ role, ...scope }] },
})

describe('a change that meets an end', () => {
  test('after revokeApiKey has answered, nothing more is written with the key', async () => {
    const grower = await createUser(app, 'grower', { isAdmin: true })
    for (let round = 0; round < ROUNDS; round++) {
      const { id, key } = await createApiKey(grower.client)
      const writers = Array.from({ length: 6 }, (_, index) =>
        app.as(key).send(changeDocument('createProject'), { input: { code: `p-${round}-${index}` } }),
      )

      if (round % 2) await Promise.race(writers)
      await app.root.ok(changeDocument('revokeApiKey', 'changed'), { input: { apiKey: id } })
      const writtenThen = await countWrittenWith(id)
      const words = (await Promise.all(writers)).map(wordOf)

      expect(await countWrittenWith(id)).toBe(writtenThen)
      expect(words.filter((word) => word === 'done')).toHaveLength(writtenThen)
      expect(words.filter((word) => word === 'UNAUTHENTICATED')).toHaveLength(6 - writtenThen)
    }
  })

  test('after disableUser has answered, nothing more is written by the user', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const bob = await createUser(app, `bob-${round}`, { isAdmin: true })
      const writers = Array.from({ length: 6 }, (_, index) =>
        bob.client.send(changeDocument('createProject'), { input: { code: `p-${round}-${index}` } }),
      )

      if (round % 2) await Promise.race(writers)
      await app.root.ok(changeDocument('disableUser', 'changed'), { input: { user: `bob-${round}` } })
      const writtenThen = await countWrittenWith(bob.keyId)
      const words = (await Promise.all(writers)).map(wordOf)

      expect(await countWrittenWith(bob.keyId)).toBe(writtenThen)
      expect(words.filter((word) => word === 'done')).toHaveLength(writtenThen)
      expect(words.filter((word) => word === 'UNAUTHENTICATED')).toHaveLength(6 - writtenThen)
    }
  })

  test('after revokeRoles has answered, nothing more is done with the revoked role', async () => {
    const project = { project: 'project1' }
    await createProject(app, 'project1')
    const bob = await createUser(app, 'bob')
    for (let round = 0; round < ROUNDS; round++) {
      await app.root.ok(changeDocument('grantRoles'), grantInput('bob', 'PROJECT_MANAGER', project))
      const before = await countWrittenWith(bob.keyId)
      const writers = Array.from({ length: 6 }, (_, index) =>
        bob.client.send(changeDocument('updateProject'), { input: { ...project, title: `${round} ${index}` } }),
      )

      if (round % 2) await Promise.race(writers)
      await app.root.ok(changeDocument('revokeRoles'), grantInput('bob', 'PROJECT_MANAGER', project))
      const writtenThen = await countWrittenWith(bob.keyId)
      const words = (await Promise.all(writers)).map(wordOf)

      expect(await countWrittenWith(bob.keyId)).toBe(writtenThen)
      expect(words.filter((word) => word === 'done')).toHaveLength(writtenThen - before)
      expect(words.filter((word) => !['done', 'FORBIDDEN', 'NotFoundError'].includes(word))).toEqual([])
    }
  })

  test('a grant never stays open on a project, a role or a user that is deleted meanwhile', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const names = { user: `bob-${round}`, project: `project-${round}`, role: `role-${round}` }
      await createUser(app, names.user)
      await createProject(app, names.project)
      await createRole(app, names.role, ['version.read'])
      const [name, input] = DELETIONS[round % 3]?.(names) ?? ['', {}]

      const [granted, deleted] = await Promise.all([
        app.root.send(changeDocument('grantRoles'), grantInput(names.user, names.role, { project: names.project })),
        app.root.send(changeDocument(name), { input }),
      ])

      expect(['done', 'NotFoundError']).toContain(wordOf(granted))
      expect(wordOf(deleted)).toBe('done')
      expect(await openGrants(names.user)).toBe(0)
    }
  })

  test('an organization that is deleted never holds a user, a project or a role made meanwhile', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const organization = `org-${round}`
      const id = await createOrganization(app, organization)
      const [name, input] = INHABITANTS[round % 3]?.(`thing-${round}`) ?? ['', {}]

      const [made, deleted] = await Promise.all([
        app.root.send(changeDocument(name), { input: { ...input, organization } }),
        app.root.send(changeDocument('deleteOrganization'), { input: { organization } }),
      ])

      const isMade = wordOf(made) === 'done'
      expect([wordOf(made), wordOf(deleted)]).toEqual(isMade ? ['done', 'ConflictError'] : ['NotFoundError', 'done'])
      expect(await countLivingIn(id)).toBe(isMade ? 1 : 0)
    }
  })

  test('a user who is deleted never keeps a key made meanwhile', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const user = `bob-${round}`
      const { id } = await createUser(app, user)

      const [made, deleted] = await Promise.all([
        app.root.send(changeDocument('createApiKey'), { input: { user, label: 'meanwhile' } }),
        app.root.send(changeDocument('deleteUser'), { input: { user } }),
      ])

      expect(['done', 'NotFoundError']).toContain(wordOf(made))
      expect(wordOf(deleted)).toBe('done')
      const userId = id.replace(/^user_/, '')
      expect(await count(sql`select from api_keys where user_id = ${userId} and revoked_at is null`)).toBe(0)
    }
  })

  test('when a key is rotated twice at the same time, one rotation succeeds and one key is valid afterwards', async () => {
    let { client, keyId } = await createUser(app, 'bob')
    for (let round = 0; round < ROUNDS / 5; round++) {
      const rotate = () =>
        client.send(changeDocument('rotateApiKey', 'secret apiKey { id }'), { input: { apiKey: keyId } })

      const answers = await Promise.all([rotate(), rotate()])

      const [winner] = answers.filter((answer) => wordOf(answer) === 'done')
      expect(answers.filter((answer) => wordOf(answer) === 'done')).toHaveLength(1)
      expect(
        await count(
          sql`select from api_keys k join users u on u.id = k.user_id where u.username = 'bob' and revoked_at is null`,
        ),
      ).toBe(1)
      keyId = winner?.data.rotateApiKey.apiKey.id
      client = app.as(winner?.data.rotateApiKey.secret)
    }
  })

  test('a permission added to a role while the role is granted never gives more than both callers may confer', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const { editor, granter } = await makeTeam(round)

      await Promise.all([
        editor.send(changeDocument('updateRole'), {
          input: { role: `role-${round}`, addPermissions: ['version.delete'] },
        }),
        granter.send(
          changeDocument('grantRoles'),
          grantInput(`bob-${round}`, `role-${round}`, { organization: 'default' }),
        ),
      ])

      const held = await count(sql`
        select from role_grants g join users u on u.id = g.user_id join role_permissions p on p.role_id = g.role_id
        where u.username = ${`bob-${round}`} and p.permission = 'version.delete' and g.ended_at is null and p.ended_at is null`)
      expect(held).toBe(0)
    }
  })
})

type Named = [string, object]

const DELETIONS: ((names: { user: string; project: string; role: string }) => Named)[] = [
  ({ project }) => ['deleteProject', { project }],
  ({ role }) => ['deleteRole', { role }],
  ({ user }) => ['deleteUser', { user }],
]

const INHABITANTS: ((name: string) => Named)[] = [
  (username) => ['createUser', { username }],
  (code) => ['createProject', { code }],
  (name) => ['createRole', { name, permissions: ['version.read'] }],
]

/**
 * An editor who may define roles and a granter who may grant them, neither of whom holds `version.delete`: the editor
 * may add it to a role nobody holds, the granter may grant a role that does not have it.
 */
async function makeTeam(round: number): Promise<{ editor: Client; granter: Client }> {
  await createUser(app, `bob-${round}`)
  await createRole(app, `role-${round}`, ['version.read'], 'default')
  if (round === 0) {
    await createRole(app, 'editing', ['roles.manage', 'version.read'], 'default')
    await createRole(app, 'granting', ['roles.grant', 'version.read', 'users.read'], 'default')
  }
  const on = { organization: 'default' }
  const editor = await createUser(app, `editor-${round}`, { roles: [{ role: 'editing', ...on }] })
  const granter = await createUser(app, `granter-${round}`, { roles: [{ role: 'granting', ...on }] })
  return { editor: editor.client, granter: granter.client }
}

async function count(rows: ReturnType<typeof sql>): Promise<number> {
  const [row] = await readRows<{ count: number }>(
    app.database.db,
    sql`select count(*)::int as count from (${rows}) as r`,
  )
  return row?.count ?? -1
}

function openGrants(username: string): Promise<number> {
  return count(
    sql`select from role_grants g join users u on u.id = g.user_id where u.username = ${username} and g.ended_at is null`,
  )
}

function countWrittenWith(keyId: string): Promise<number> {
  return count(sql`select from audit_events where outcome = 'DONE' and api_key_id = ${keyId.replace(/^[a-z]+_/, '')}`)
}

function countLivingIn(organizationId: string): Promise<number> {
  const id = organizationId.replace(/^[a-z]+_/, '')
  return count(sql`
    select from users where organization_id = ${id} and deleted_at is null
    union all select from projects where organization_id = ${id} and deleted_at is null
    union all select from roles where organization_id = ${id} and deleted_at is null`)
}
