import { CONTROLLER_LEVEL, MODEL_LEVEL } from './levels.ts'
import { EVERYTHING, wordsAllowing } from './permissions.ts'
import type { Basis } from './versions.ts'

/** A scope in which something is held or required: everywhere (both null), an organization, or one of its projects. */
export interface Scope {
  organizationId: string | null
  projectId: string | null
}

export const EVERYWHERE: Scope = { organizationId: null, projectId: null }

/** The scope of a whole organization; of the whole server where there is none. */
export function inOrganization(organizationId: string | null): Scope {
  return { organizationId, projectId: null }
}

/** A row of the caller's authority: the permission `what`, held in a scope until a planned end. */
export interface Held extends Scope {
  what: string
  until: string | null
}

/** A level on a controller (`modelId` null) or on one of its models, counted from 1. */
export interface HeldLevel {
  controllerId: string
  modelId: string | null
  level: number
}

/** The API key that a request was sent with. */
export interface CallerKey {
  id: string
  /** The owner of the key: the caller, or an application where a session or password is sent too. */
  userId: string
  readOnly: boolean
  limited: boolean
  expiresAt: string | null
}

/** The session that a request was sent with. */
export interface CallerSession {
  id: string
  /** The key that signed the token of the request. */
  keyId: string
  expiresAt: string
}

/** The caller of a request and what they may do, as of its beginning. The operator is the person with access to the database. */
export interface Caller {
  actor: 'USER' | 'OPERATOR'
  userId: string | null
  organizationId: string | null
  /** The caller's own key; where a session or a password is sent too, the key of the application that they use. */
  apiKey: CallerKey | null
  session: CallerSession | null
  /** For HTTP Basic, the time at which the password that was sent was set; otherwise null. */
  passwordSetAt: string | null
  /** True where the caller came in by a password that they must change first. They hold nothing until then. */
  mustChangePassword: boolean
  authority: readonly Held[]
  /** The levels held by a grant or through `controllers.manage`, without the levels that follow from them. */
  levels: readonly HeldLevel[]
  /** What the authority rests on, where it was read by an earlier request and is still to be proven; otherwise null. */
  basis: Basis | null
}

export const OPERATOR: Caller = {
  actor: 'OPERATOR',
  userId: null,
  organizationId: null,
  apiKey: null,
  session: null,
  passwordSetAt: null,
  mustChangePassword: false,
  authority: [{ what: EVERYTHING, organizationId: null, projectId: null, until: null }],
  levels: [],
  basis: null,
}

/** The caller of a request without a credential. */
export const NOBODY: Caller = {
  actor: 'USER',
  userId: null,
  organizationId: null,
  apiKey: null,
  session: null,
  passwordSetAt: null,
  mustChangePassword: false,
  authority: [],
  levels: [],
  basis: null,
}

/** Whether the wanted scope is within the held one. */
function covers(held: Scope, wanted: Scope): boolean {
  return (
    (held.organizationId === null || held.organizationId === wanted.organizationId) &&
    (held.projectId === null || held.projectId === wanted.projectId)
  )
}

/** Whether the caller holds a permission in a scope. */
export function holds(caller: Caller, permission: string, scope: Scope): boolean {
  const words = wordsAllowing(permission)
  return caller.authority.some((row) => words.includes(row.what) && covers(row, scope))
}

/** Whether the caller holds a permission in any scope at all. */
export function holdsSomewhere(caller: Caller, permission: string): boolean {
  const words = wordsAllowing(permission)
  return caller.authority.some((row) => words.includes(row.what))
}

export function isAdministrator(caller: Caller): boolean {
  return caller.authority.some((row) => row.what === EVERYTHING && row.organizationId === null)
}

/** Whether the caller holds everything everywhere, without an end: there is nothing that they could not grant. */
export function holdsEverything(caller: Caller): boolean {
  return caller.authority.some((row) => row.what === EVERYTHING && row.organizationId === null && row.until === null)
}

/** Whether the caller may grant something to any user, in any scope. */
export function grantsSomewhere(caller: Caller): boolean {
  const grantsLevels = caller.levels.some(
    (row) => row.level === (row.modelId === null ? CONTROLLER_LEVEL.SUPERUSER : MODEL_LEVEL.ADMIN),
  )
  return grantsLevels || holdsSomewhere(caller, 'roles.grant') || holdsSomewhere(caller, 'controllers.manage')
}

/** The level that a caller has on a controller: LOGIN is 1, ADD_MODEL 2, SUPERUSER 3; 0 is none. */
export function controllerLevel(caller: Caller, controller: { id: string; organizationId: string }): number {
  if (holds(caller, 'controllers.manage', inOrganization(controller.organizationId))) return CONTROLLER_LEVEL.SUPERUSER
  const there = caller.levels.filter((row) => row.controllerId === controller.id)
  return Math.max(0, ...there.map((row) => (row.modelId === null ? row.level : CONTROLLER_LEVEL.LOGIN)))
}

/** The level that a caller has on a model: READ is 1, WRITE 2, ADMIN 3; 0 is none. */
export function modelLevel(
  caller: Caller,
  model: { id: string },
  controller: { id: string; organizationId: string },
): number {
  if (controllerLevel(caller, controller) === CONTROLLER_LEVEL.SUPERUSER) return MODEL_LEVEL.ADMIN
  return Math.max(0, ...caller.levels.filter((row) => row.modelId === model.id).map((row) => row.level))
}
