/** Who asks in the tests of hidden lists, for what lists, and what is hidden from them. */
import { sql } from 'drizzle-orm'
import type { TestApp } from '../../support/app.ts'
import { change } from '../../support/change.ts'
import { createController, createModel } from '../../support/levels.ts'
import { rawAnswer } from '../../support/raw.ts'
import { query, uuidOf } from '../../support/rows.ts'
import { createOrganization, createProject, createRole, createUser } from '../../support/seed.ts'
import { NODES } from '../matrix/nodes.ts'
import { type Caller, type CallerName, createWorld, type Things } from '../matrix/world.ts'
import { type List, nestedLists, rootLists } from './lists.ts'

/** Those to whom the other organization is hidden; who comes with a session is as with a key. */
const CALLERS: CallerName[] = [
  ...(['plain user', 'project role holder', 'organization admin', 'auditor', 'limited key'] as const),
  ...(['controller LOGIN', 'controller ADD_MODEL', 'controller SUPERUSER'] as const),
  ...(['model READ', 'model WRITE', 'model ADMIN'] as const),
]

export async function createCallers(app: TestApp): Promise<{ callers: Caller[]; administrator: Caller }> {
  const all = await createWorld(app)
  const callers = all.filter(({ name }) => CALLERS.includes(name))
  const administrator = all.find(({ name }) => name === 'administrator') as Caller
  return { callers, administrator }
}

/** The answer to the byte. */
export async function ask(
  app: TestApp,
  { headers }: Caller,
  document: string,
  variables: object = {},
): Promise<string> {
  return (await rawAnswer(app, headers['api-key'] ?? '', document, variables)).body
}

/** A list, and whose it is. */
interface Asked {
  list: List
  variables: object
}

/** Every list of what is the caller’s own. */
export function listsFor({ targets }: Caller): Asked[] {
  const { self, own, server } = targets
  const nested = nestedLists.flatMap((list) => {
    const ids = new Set([self, own, server].map((things) => things[NODES[list.type ?? '']?.id ?? 'userId']))
    return [...ids].map((id) => ({ list, variables: { id } }))
  })
  return [...rootLists.map((list) => ({ list, variables: {} })), ...nested]
}

/** Every list of each caller, list by list: the database plans a statement once for the callers that need the same one. */
export function listsForAll(callers: Caller[]): (Asked & { caller: Caller })[] {
  const all = callers.flatMap((caller) => listsFor(caller).map((asked) => ({ caller, ...asked })))
  return [...Map.groupBy(all, ({ list }) => list).values()].flat()
}

/** In another organization, before and after everything by name, and something of it for a user of this one. */
export async function createMoreElsewhere(app: TestApp) {
  for (const [at, name] of ['aa', 'zz'].entries()) {
    await createOrganization(app, `${name}-organization`, [`${name}.base`])
    await createProject(app, `${name}-project`, 'glob')
    await createRole(app, `${name}-role`, [`${name}.word`], 'glob')
    await createController(app, `${name}-controller`, 'glob')
    await createModel(app.root, `${name}-controller`, `${name}-model`)
    const roles = [{ role: ['VERSION_MANAGER', 'role-serv'][at] ?? '', project: `${name}-project` }]
    await createUser(app, `${name}-user`, { organization: 'glob', roles })
    await change(app.root, 'grantRoles', { user: 'ann-acme', roles })
    const place = { user: 'ann-acme', controller: `${name}-controller` }
    await change(app.root, 'grantControllerAccess', { ...place, access: 'SUPERUSER' })
    await change(app.root, 'grantModelAccess', { ...place, model: `${name}-model`, access: 'READ' })
  }
}

/** Names of another organization’s things, and all that stands for them. */
export async function hiddenWords(app: TestApp, foreign: Things): Promise<string[]> {
  const rows = await query<{ id: string }>(
    app,
    sql`with hidden as (select id from organizations where id = ${uuidOf(foreign.organizationId)} or name like '__-organization')
      select id::text from hidden
      union all select id::text from projects where organization_id in (select id from hidden)
      union all select id::text from roles where organization_id in (select id from hidden)
      union all select id::text from controllers where organization_id in (select id from hidden)
      union all select m.id::text from models as m join controllers as c on c.id = m.controller_id where c.organization_id in (select id from hidden)
      union all select name from permissions where name like '__.word' or name like '__.base'`,
  )
  const made = ['aa', 'zz'].flatMap((name) =>
    ['organization', 'project', 'role', 'controller', 'model'].map((kind) => `${name}-${kind}`),
  )
  const { organization, project, role, permission, controller, model } = foreign
  return [...rows.map(({ id }) => id), ...made, organization, project, role, permission, controller, model]
}
