/** A small random world: made once through the API, then filled with random facts, past, present and future. */
import { randomBytes } from 'node:crypto'
import { type SQL, sql } from 'drizzle-orm'
import { createId } from '../../../src/db/id.ts'
import type { Random } from '../../read/random.ts'
import type { TestApp } from '../../support/app.ts'
import { createController, createModel } from '../../support/levels.ts'
import { query, uuidOf } from '../../support/rows.ts'
import {
  createApiKey,
  createOrganization,
  createProject,
  createRole,
  createUser,
  type SeededUser,
} from '../../support/seed.ts'

export const ORGANIZATIONS = ['default', 'acme', 'globex']
export const PROJECTS = ['apollo', 'zeus', 'hermes', 'ares']
export const CONTROLLERS = ['gce1', 'maas', 'aws']
export const USERS = ['alice', 'bob', 'carol', 'dave', 'erin', 'frank']
/** Every model is there twice: each name on two controllers. */
export const MODELS = ['gce1/web', 'gce1/db', 'maas/web', 'maas/app', 'aws/db', 'aws/app']
const WORDS = [
  'doc.read',
  'doc.edit',
  'projects.manage',
  'users.manage',
  'users.read',
  'controllers.manage',
  'audit.read',
]
const LEVELS = { controller: ['LOGIN', 'ADD_MODEL', 'SUPERUSER'], model: ['READ', 'WRITE', 'ADMIN'] }

export interface Cast {
  users: Map<string, SeededUser & { limitedKey: string; limitedKeyId: string }>
}

/** The things and people of every world. In each organization there is a member whom nothing is ever given. */
export async function makeCast(app: TestApp): Promise<Cast> {
  await createOrganization(app, 'acme')
  await createOrganization(app, 'globex')
  for (const code of PROJECTS) await createProject(app, code)
  for (const name of CONTROLLERS) await createController(app, name)
  for (const place of MODELS) {
    const [controller = '', model = ''] = place.split('/')
    await createModel(app.root, controller, model)
  }
  for (const name of ['R1', 'R2', 'R3']) await createRole(app, name, WORDS)
  const users: Cast['users'] = new Map()
  for (const username of USERS) {
    const user = await createUser(app, username)
    const limited = await createApiKey(user.client, { limits: [] })
    users.set(username, { ...user, limitedKey: limited.key, limitedKeyId: limited.id })
  }
  for (const organization of ORGANIZATIONS) await createUser(app, `member-of-${organization}`, { organization })
  return { users }
}

/** since, expires_at, ended_at: mostly it holds now, and sometimes it did, will, or would have. */
function when(random: Random): SQL {
  const kind = random.pick(['NOW', 'NOW', 'NOW', 'BOUNDED', 'BOUNDED', 'LAPSED', 'ENDED', 'FUTURE', 'ENDED_EARLY'])
  const at = (hours: number) => sql`now() + ${`${hours} hours`}::interval`
  const ago = -1 - random.int(5)
  if (kind === 'NOW') return sql`${at(ago)}, null, null`
  if (kind === 'BOUNDED') return sql`${at(ago)}, ${at(1 + random.int(5))}, null`
  if (kind === 'LAPSED') return sql`${at(ago - 2)}, ${at(ago)}, null`
  if (kind === 'ENDED') return sql`${at(ago - 2)}, null, ${at(ago)}`
  if (kind === 'FUTURE') return sql`${at(1)}, ${at(2)}, null`
  return sql`${at(ago - 2)}, ${at(5)}, ${at(ago)}`
}

const id = (table: string, name: string, value: string) =>
  sql`(select id from ${sql.identifier(table)} where ${sql.identifier(name)} = ${value} and deleted_at is null)`
const organization = (name: string) => id('organizations', 'name', name)
const modelId = (place: string) => {
  const [controller = '', name = ''] = place.split('/')
  return sql`(select m.id from models as m where m.name = ${name} and m.controller_id = ${id('controllers', 'name', controller)})`
}

/** organization_id, project_id of a random scope that the role may be held on. */
function scope(random: Random, role: string): SQL {
  const kinds = { ADMINISTRATOR: ['EVERYWHERE'], ORGANIZATION_ADMIN: ['ORGANIZATION'] }[role]
  const kind = random.pick(kinds ?? ['EVERYWHERE', 'ORGANIZATION', 'ORGANIZATION', 'PROJECT', 'PROJECT'])
  if (kind === 'EVERYWHERE') return sql`null, null`
  if (kind === 'ORGANIZATION') return sql`${organization(random.pick(ORGANIZATIONS))}, null`
  const code = random.pick(PROJECTS)
  return sql`(select organization_id from projects where code = ${code}), ${id('projects', 'code', code)}`
}

const ROLES = [
  'R1',
  'R2',
  'R3',
  'R1',
  'R2',
  'R3',
  'ORGANIZATION_ADMIN',
  'AUDITOR',
  'PROJECT_MANAGER',
  'VERSION_MANAGER',
]

/** Forgets all facts, moves things and homes about, and writes new facts. */
export async function fillWorld(app: TestApp, cast: Cast, random: Random) {
  const run = (statement: SQL) => query(app, statement)
  const custom = sql`(select id from roles where name in ('R1', 'R2', 'R3'))`
  await run(sql`delete from role_grants where user_id <> (select id from users where username = 'root')`)
  for (const table of ['controller_grants', 'model_grants', 'base_permissions', 'user_suspensions', 'api_key_limits']) {
    await run(sql`delete from ${sql.identifier(table)}`)
  }
  await run(sql`delete from role_permissions where role_id in ${custom}`)
  for (const code of PROJECTS) await run(home('projects', 'code', code, random))
  for (const name of CONTROLLERS) await run(home('controllers', 'name', name, random))
  for (const name of USERS) await run(home('users', 'username', name, random))

  const add = (table: string, columns: string, values: SQL) =>
    run(
      sql`insert into ${sql.identifier(table)} (id, ${sql.raw(columns)}, since, expires_at, ended_at) values (${createId()}, ${values}, ${when(random)}) on conflict do nothing`,
    )
  const user = () => id('users', 'username', random.pick(USERS))
  for (const role of ['R1', 'R2', 'R3']) {
    for (const word of random.some(WORDS, 2, 5)) {
      await add('role_permissions', 'role_id, permission', sql`${id('roles', 'name', role)}, ${word}`)
    }
  }
  for (let n = 8 + random.int(14); n > 0; n--) {
    const role = random.chance(0.05) ? 'ADMINISTRATOR' : random.pick(ROLES)
    const values = sql`${user()}, ${id('roles', 'name', role)}, ${scope(random, role)}`
    await add('role_grants', 'user_id, role_id, organization_id, project_id', values)
  }
  for (const name of ORGANIZATIONS) {
    for (const word of random.some(WORDS, 0, 1)) {
      await add('base_permissions', 'organization_id, permission', sql`${organization(name)}, ${word}`)
    }
  }
  for (let n = random.int(14); n > 0; n--) {
    const values = sql`${user()}, ${id('controllers', 'name', random.pick(CONTROLLERS))}, ${random.pick(LEVELS.controller)}`
    await add('controller_grants', 'user_id, controller_id, level', values)
  }
  for (let n = random.int(14); n > 0; n--) {
    const values = sql`${user()}, ${modelId(random.pick(MODELS))}, ${random.pick(LEVELS.model)}`
    await add('model_grants', 'user_id, model_id, level', values)
  }
  for (let n = random.int(3); n > 0; n--) await add('user_suspensions', 'user_id', user())
  for (const { limitedKeyId } of cast.users.values()) {
    for (const role of random.some(ROLES.slice(2), 0, 3)) {
      const values = sql`${createId()}, ${uuidOf(limitedKeyId)}, ${id('roles', 'name', role)}, ${scope(random, role)}`
      await run(
        sql`insert into api_key_limits (id, api_key_id, role_id, organization_id, project_id) values (${values})`,
      )
    }
  }
}

function home(table: string, column: string, value: string, random: Random): SQL {
  return sql`update ${sql.identifier(table)} set organization_id = ${organization(random.pick(ORGANIZATIONS))} where ${sql.identifier(column)} = ${value}`
}

/** A name that nothing has yet. */
export function freshName(): string {
  return `n${randomBytes(6).toString('hex')}`
}
