import type { ReadCaller } from '../read/spec.ts'
import { EVERYTHING, type ServerPermission, wordsAllowing } from './permissions.ts'

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
function grantsSomewhere(caller: Caller): boolean {
  const grantsLevels = caller.levels.some((row) => row.level === (row.modelId === null ? SUPERUSER : ADMIN))
  return grantsLevels || holdsSomewhere(caller, 'roles.grant') || holdsSomewhere(caller, 'controllers.manage')
}

/** The level a caller has on a controller: LOGIN 1, ADD_MODEL 2, SUPERUSER 3; 0 is none. */
export function controllerLevel(caller: Caller, controller: { id: string; organizationId: string }): number {
  if (holds(caller, 'controllers.manage', { organizationId: controller.organizationId, projectId: null }))
    return SUPERUSER
  const there = caller.levels.filter((row) => row.controllerId === controller.id)
  return Math.max(0, ...there.map((row) => (row.modelId === null ? row.level : LOGIN)))
}

/** The level a caller has on a model: READ 1, WRITE 2, ADMIN 3; 0 is none. */
export function modelLevel(
  caller: Caller,
  model: { id: string },
  controller: { id: string; organizationId: string },
): number {
  if (controllerLevel(caller, controller) === SUPERUSER) return ADMIN
  return Math.max(0, ...caller.levels.filter((row) => row.modelId === model.id).map((row) => row.level))
}

const LOGIN = 1
const SUPERUSER = 3
const ADMIN = 3

/** Where a permission is held; `anything` is any permission whatever. */
export type Word = ServerPermission | 'anything'

interface Reach {
  everywhere: boolean
  organizations: string[]
  projects: string[]
}

function reachOf(caller: Caller, word: Word): Reach {
  const words = word === 'anything' ? null : wordsAllowing(word)
  const rows = caller.authority.filter((row) => words === null || words.includes(row.what))
  return {
    everywhere: rows.some((row) => row.organizationId === null),
    organizations: unique(rows.filter((row) => row.projectId === null).map((row) => row.organizationId)),
    projects: unique(rows.map((row) => row.projectId)),
  }
}

/** Where the caller was granted at least a level: controllers, or models. */
function levelsAt(caller: Caller, onModels: boolean, least: number): (string | null)[] {
  const rows = caller.levels.filter((row) => (row.modelId !== null) === onModels && row.level >= least)
  return rows.map((row) => (onModels ? row.modelId : row.controllerId))
}

function unique(ids: (string | null)[]): string[] {
  return [...new Set(ids.filter((id) => id !== null))]
}

/** The caller as the read path sees them; `visibility.ts` is the other half of these names. */
export function readCallerOf(caller: Caller): ReadCaller {
  const reaches = new Map<string, Reach>()
  const reach = (word: string) => {
    const found = reaches.get(word) ?? reachOf(caller, word as Word)
    reaches.set(word, found)
    return found
  }
  return {
    flag(name) {
      const [kind, word = ''] = name.split(' ')
      if (kind === 'everywhere') return reach(word).everywhere
      if (kind === 'somewhere') return holdsSomewhere(caller, word)
      if (kind === 'administrator') return isAdministrator(caller)
      if (kind === 'granter') return grantsSomewhere(caller)
      if (kind === 'operator') return caller.actor === 'OPERATOR'
      if (kind === 'limited') return caller.apiKey?.limited ?? false
      if (kind === 'expiring') return (caller.apiKey?.expiresAt ?? null) !== null
      if (kind === 'read-only') return caller.apiKey?.readOnly ?? false
      throw new Error(`There is no flag ${name}.`)
    },
    param(name) {
      const [kind, word = '', least] = name.split(' ')
      if (word === 'at') return unique(levelsAt(caller, kind === 'models', Number(least)))
      if (kind === 'organizations') return reach(word).organizations
      if (kind === 'projects') return reach(word).projects
      if (kind === 'userId') return caller.userId
      if (kind === 'controllers') return unique(caller.levels.map((row) => row.controllerId))
      if (kind === 'models') return unique(caller.levels.map((row) => row.modelId))
      if (kind === 'authority') return JSON.stringify(caller.authority)
      if (kind === 'apiKeyId') return caller.apiKey?.id ?? null
      if (kind === 'sessionId') return caller.session?.id ?? null
      if (kind === 'organizationId') return caller.organizationId
      throw new Error(`There is no parameter ${name}.`)
    },
  }
}
