import { CONTROLLER_LEVEL, MODEL_LEVEL } from './levels.ts'
import { EVERYTHING, wordsAllowing } from './permissions.ts'

/** Where something is held or demanded: everywhere (both null), an organization, or one of its projects. */
export interface Scope {
  organizationId: string | null
  projectId: string | null
}

export const EVERYWHERE: Scope = { organizationId: null, projectId: null }

/** A row of the authority: `what` held on a scope until a planned end. */
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

/** The key a request came with. */
export interface CallerKey {
  id: string
  /** Whose it is: the caller's, or an application's beside a session or password. */
  userId: string
  readOnly: boolean
  limited: boolean
  expiresAt: string | null
}

/** The session a request came with. */
export interface CallerSession {
  id: string
  expiresAt: string
}

/** Who is behind a request and what they may do, as of its beginning. The operator has the database in hand. */
export interface Caller {
  actor: 'USER' | 'OPERATOR'
  userId: string | null
  organizationId: string | null
  /** Their own; or, beside a session or a password, that of the application they use. */
  apiKey: CallerKey | null
  session: CallerSession | null
  /** Of HTTP Basic: since when their password is the one that was given. */
  passwordSetAt: string | null
  authority: readonly Held[]
  /** Levels by grant, and by `controllers.manage`; without what follows from them. */
  levels: readonly HeldLevel[]
}

export const OPERATOR: Caller = {
  actor: 'OPERATOR',
  userId: null,
  organizationId: null,
  apiKey: null,
  session: null,
  passwordSetAt: null,
  authority: [{ what: EVERYTHING, organizationId: null, projectId: null, until: null }],
  levels: [],
}

/** Who has not said who they are. */
export const NOBODY: Caller = {
  actor: 'USER',
  userId: null,
  organizationId: null,
  apiKey: null,
  session: null,
  passwordSetAt: null,
  authority: [],
  levels: [],
}

/** Does a scope lie in another one? */
function covers(held: Scope, wanted: Scope): boolean {
  return (
    (held.organizationId === null || held.organizationId === wanted.organizationId) &&
    (held.projectId === null || held.projectId === wanted.projectId)
  )
}

/** Does the caller hold a permission on a scope? */
export function holds(caller: Caller, permission: string, scope: Scope): boolean {
  const words = wordsAllowing(permission)
  return caller.authority.some((row) => words.includes(row.what) && covers(row, scope))
}

/** Does the caller hold a permission on any scope at all? */
export function holdsSomewhere(caller: Caller, permission: string): boolean {
  const words = wordsAllowing(permission)
  return caller.authority.some((row) => words.includes(row.what))
}

export function isAdministrator(caller: Caller): boolean {
  return caller.authority.some((row) => row.what === EVERYTHING && row.organizationId === null)
}

/** May the caller give something to somebody, somewhere? */
export function grantsSomewhere(caller: Caller): boolean {
  const grantsLevels = caller.levels.some(
    (row) => row.level === (row.modelId === null ? CONTROLLER_LEVEL.SUPERUSER : MODEL_LEVEL.ADMIN),
  )
  return grantsLevels || holdsSomewhere(caller, 'roles.grant') || holdsSomewhere(caller, 'controllers.manage')
}

/** The level a caller has on a controller: LOGIN 1, ADD_MODEL 2, SUPERUSER 3; 0 is none. */
export function controllerLevel(caller: Caller, controller: { id: string; organizationId: string }): number {
  if (holds(caller, 'controllers.manage', { organizationId: controller.organizationId, projectId: null }))
    return CONTROLLER_LEVEL.SUPERUSER
  const there = caller.levels.filter((row) => row.controllerId === controller.id)
  return Math.max(0, ...there.map((row) => (row.modelId === null ? row.level : CONTROLLER_LEVEL.LOGIN)))
}

/** The level a caller has on a model: READ 1, WRITE 2, ADMIN 3; 0 is none. */
export function modelLevel(
  caller: Caller,
  model: { id: string },
  controller: { id: string; organizationId: string },
): number {
  if (controllerLevel(caller, controller) === CONTROLLER_LEVEL.SUPERUSER) return MODEL_LEVEL.ADMIN
  return Math.max(0, ...caller.levels.filter((row) => row.modelId === model.id).map((row) => row.level))
}
