/** What an auditor rebuilds from the events of the audit alone, and the same as the database holds it. */
import { sql } from 'drizzle-orm'
import type { TestApp } from '../../../support/app.ts'
import type { AuditEvent } from '../../../support/audit.ts'
import { query } from '../../../support/rows.ts'

/** Everything by id; sets and values in words, so that two states can be compared. */
export interface State {
  /** The current names of what exists: `role R1` is the role with that name. */
  names: Map<string, string>
  permissions: Map<string, string[]>
  /** By user: whether they are active, or absent where they were deleted. */
  users: Map<string, boolean>
  /** `user role scope` and `user place`, with the planned end or the level and its end. */
  grants: Map<string, string>
  /** By key: its owner, label, limits and whether it is read-only; absent where it has ended. */
  keys: Map<string, string>
}

/** Reads the state that the database holds. */
export async function readState(app: TestApp): Promise<State> {
  const named = await query<{ id: string; name: string }>(
    app,
    sql`select 'organization_' || id as id, 'organization ' || name as name from organizations where deleted_at is null
      union all select 'project_' || id, 'project ' || code from projects where deleted_at is null
      union all select 'role_' || id, 'role ' || name from roles where deleted_at is null
      union all select 'controller_' || id, 'controller ' || name from controllers where deleted_at is null
      union all select 'model_' || m.id, 'model ' || c.name || '/' || m.name from models as m join controllers as c on c.id = m.controller_id where m.deleted_at is null
      union all select 'user_' || id, 'user ' || username from users where deleted_at is null`,
  )
  const permissions = await query<{ id: string; words: string[] }>(
    app,
    sql`select 'role_' || r.id as id, coalesce(array_agg(p.permission order by p.permission) filter (where p.id is not null), '{}') as words
        from roles as r left join role_permissions as p on p.role_id = r.id and p.ended_at is null where r.deleted_at is null group by r.id
      union all select 'organization_' || o.id, coalesce(array_agg(b.permission order by b.permission) filter (where b.id is not null), '{}')
        from organizations as o left join base_permissions as b on b.organization_id = o.id and b.ended_at is null where o.deleted_at is null group by o.id`,
  )
  const users = await query<{ id: string; active: boolean }>(
    app,
    sql`select 'user_' || u.id as id, not exists (select from user_suspensions as s where s.user_id = u.id and s.ended_at is null) as active
      from users as u where deleted_at is null`,
  )
  const grants = await query<{ held: string; how: string }>(
    app,
    sql`select 'user_' || user_id || ' role_' || role_id || ' ' || coalesce('project_' || project_id, 'organization_' || organization_id, 'everywhere') as held,
        ${ENDS} as how from role_grants as g where ended_at is null
      union all select 'user_' || user_id || ' controller_' || controller_id, level || ' ' || ${ENDS} from controller_grants as g where ended_at is null
      union all select 'user_' || user_id || ' model_' || model_id, level || ' ' || ${ENDS} from model_grants as g where ended_at is null`,
  )
  const keys = await query<{ id: string; what: string }>(
    app,
    sql`select 'key_' || k.id as id, 'user_' || k.user_id || ' ' || k.label || ' ' || k.read_only || case when not k.limited then ', all' else coalesce((
        select ', ' || string_agg('role_' || l.role_id || ' ' || coalesce('project_' || l.project_id, 'organization_' || l.organization_id, 'everywhere'), ', ' order by l.id)
        from api_key_limits as l join roles as r on r.id = l.role_id left join projects as p on p.id = l.project_id left join organizations as o on o.id = l.organization_id
        where l.api_key_id = k.id and r.deleted_at is null and p.deleted_at is null and o.deleted_at is null), '') end as what
      from api_keys as k where k.revoked_at is null`,
  )
  return {
    names: new Map(named.map(({ id, name }) => [id, name])),
    permissions: new Map(permissions.map(({ id, words }) => [id, words])),
    users: new Map(users.map(({ id, active }) => [id, active])),
    grants: new Map(grants.map(({ held, how }) => [held, how])),
    keys: new Map(keys.map(({ id, what }) => [id, what])),
  }
}

const ENDS = sql`coalesce(to_char(g.expires_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'no end')`

/** Applies one event to a state. */
export function apply(state: State, event: AuditEvent) {
  const changed = new Map(event.changes.map(({ field, before, after }) => [field, { before, after }]))
  const after = (field: string) => changed.get(field)?.after as never
  const id = event.targetId ?? ''
  const rule = RULES[event.action]
  if (!rule) throw new Error(`No rule rebuilds ${event.action}.`)
  rule({ state, event, id, after, before: (field) => changed.get(field)?.before as never })
}

interface Applied {
  state: State
  event: AuditEvent
  id: string
  after: (field: string) => never
  before: (field: string) => never
}

interface Item {
  role: string
  scope: string
  expiresAt?: string | null
}

interface Level {
  controller: string
  model?: string
  access: string
  expiresAt: string | null
}

function idOf({ names }: State, name: string): string {
  for (const [id, known] of names) if (known === name) return id
  throw new Error(`There is no ${name} in what was rebuilt.`)
}

const scopeOf = (state: State, scope: string) => (scope === 'everywhere' ? scope : idOf(state, scope))
const endOf = (expiresAt: string | null | undefined) => expiresAt ?? 'no end'
const held = (state: State, { role, scope }: Item) => `${idOf(state, `role ${role}`)} ${scopeOf(state, scope)}`

function grantAll(state: State, user: string, items: Item[] | null) {
  for (const item of items ?? []) state.grants.set(`${user} ${held(state, item)}`, endOf(item.expiresAt))
}

function putKey(
  state: State,
  id: string,
  user: string,
  key: { label: string; isReadOnly?: boolean; limits?: Item[] | null },
) {
  const limits = key.limits ? key.limits.map((item) => held(state, item)) : ['all']
  state.keys.set(id, [`${user} ${key.label} ${key.isReadOnly ?? false}`, ...limits].join(', '))
}

/** Ends every grant of or on a thing, which is then gone. */
function remove(state: State, id: string) {
  for (const grant of state.grants.keys()) if (grant.split(' ').includes(id)) state.grants.delete(grant)
  for (const [key, what] of state.keys) {
    const [owner = '', ...limits] = what.split(', ')
    if (owner.startsWith(`${id} `)) state.keys.delete(key)
    else state.keys.set(key, [owner, ...limits.filter((limit) => !limit.split(' ').includes(id))].join(', '))
  }
  for (const kind of [state.names, state.permissions, state.users]) kind.delete(id)
}

const named =
  (kind: string, field = 'name') =>
  ({ state, id, after }: Applied) => {
    const name = after(field) as string | null
    if (name !== null && name !== undefined) state.names.set(id, `${kind} ${name}`)
  }

const removed = ({ state, id }: Applied) => remove(state, id)

function withPermissions(kind: string, field: string) {
  return (applied: Applied) => {
    const { state, id, after } = applied
    named(kind)(applied)
    const words = after(field) as string[] | null | undefined
    if (words) state.permissions.set(id, [...words].sort())
    else if (!state.permissions.has(id)) state.permissions.set(id, [])
  }
}

function placeOf(state: State, { controller, model }: Level): string {
  return idOf(state, model === undefined ? `controller ${controller}` : `model ${controller}/${model}`)
}

function stepped({ state, id, before, after }: Applied) {
  const [old, now] = [before('access') as Level | null, after('access') as Level | null]
  if (old) state.grants.delete(`${id} ${placeOf(state, old)}`)
  if (now) state.grants.set(`${id} ${placeOf(state, now)}`, `${now.access} ${endOf(now.expiresAt)}`)
}

function keyOf({ after }: Applied) {
  return {
    label: after('label') as string,
    isReadOnly: after('isReadOnly') as boolean,
    limits: after('limits') as Item[],
  }
}

const RULES: Record<string, (applied: Applied) => void> = {
  createOrganization: withPermissions('organization', 'basePermissions'),
  updateOrganization: withPermissions('organization', 'basePermissions'),
  deleteOrganization: removed,
  createRole: withPermissions('role', 'permissions'),
  updateRole: withPermissions('role', 'permissions'),
  deleteRole: removed,
  createProject: named('project', 'code'),
  updateProject: named('project', 'code'),
  deleteProject: removed,
  createController: named('controller'),
  updateController(applied) {
    const { state, id, after } = applied
    const old = `model ${state.names.get(id)?.slice('controller '.length)}/`
    for (const [model, name] of state.names)
      if (after('name') && name.startsWith(old))
        state.names.set(model, `model ${after('name')}/${name.slice(old.length)}`)
    named('controller')(applied)
  },
  deleteController: removed,
  createModel({ state, event, id, after }) {
    state.names.set(id, `model ${after('controller')}/${after('name')}`)
    // The user who adds a model becomes ADMIN on it.
    if (event.actorId) state.grants.set(`${event.actorId} ${id}`, 'ADMIN no end')
  },
  updateModel({ state, id, after }) {
    const [, controller = ''] = /^model (.*)\/[^/]*$/.exec(state.names.get(id) ?? '') ?? []
    if (after('name')) state.names.set(id, `model ${controller}/${after('name')}`)
  },
  deleteModel: removed,
  createUser(applied) {
    const { state, id, after } = applied
    named('user', 'username')(applied)
    state.users.set(id, true)
    grantAll(state, id, after('roles'))
    const key = after('apiKey') as { id: string; label: string } | null
    if (key) putKey(state, key.id, id, key)
  },
  importUsers(applied) {
    const { state, id, after } = applied
    named('user', 'username')(applied)
    if (after('username')) state.users.set(id, after('isActive') ?? true)
    grantAll(state, id, after('roles'))
    for (const key of (after('apiKeys') as { id: string; label: string }[] | null) ?? []) putKey(state, key.id, id, key)
  },
  updateUser: named('user', 'username'),
  deleteUser: removed,
  restoreUser(applied) {
    named('user', 'username')(applied)
    applied.state.users.set(applied.id, false)
  },
  disableUser: ({ state, id }) => state.users.set(id, false),
  enableUser: ({ state, id }) => state.users.set(id, true),
  grantRoles: ({ state, id, after }) => grantAll(state, id, after('roles')),
  revokeRoles({ state, id, before }) {
    for (const item of before('roles') as Item[]) state.grants.delete(`${id} ${held(state, item)}`)
  },
  setRoles({ state, id, before, after }) {
    for (const item of before('roles') as Item[]) state.grants.delete(`${id} ${held(state, item)}`)
    grantAll(state, id, after('roles'))
  },
  grantControllerAccess: stepped,
  revokeControllerAccess: stepped,
  setControllerAccess: stepped,
  grantModelAccess: stepped,
  revokeModelAccess: stepped,
  setModelAccess: stepped,
  createApiKey: (applied) =>
    putKey(applied.state, applied.id, idOf(applied.state, `user ${applied.after('user')}`), keyOf(applied)),
  rotateApiKey(applied) {
    const { state, id, before, after } = applied
    if (!after('overlapUntil')) state.keys.delete(before('apiKey'))
    putKey(state, id, idOf(state, `user ${after('user')}`), keyOf(applied))
  },
  updateApiKey({ state, id, after }) {
    const [key = '', ...limits] = state.keys.get(id)?.split(', ') ?? []
    const label = after('label') as string | null
    const known = label ? key.replace(/ .* (?=(true|false)$)/, ` ${label} `) : key
    const given = after('limits') as Item[] | null
    state.keys.set(id, [known, ...(given?.map((item) => held(state, item)) ?? limits)].join(', '))
  },
  revokeApiKey: ({ state, id }) => state.keys.delete(id),
}
