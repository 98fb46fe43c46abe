/** The facts about the caller that statements use: a flag decides the shape of the statement, a value is a parameter of each run. */
import type { CallerFlag, CallerValue } from '../read/spec.ts'
import { type Caller, grantsSomewhere, holdsSomewhere, isAdministrator } from './caller.ts'
import { type ServerPermission, wordsAllowing } from './permissions.ts'

/** A permission of the server, or `anything`, which stands for any permission at all. */
export type Word = ServerPermission | 'anything'

export const IS_ADMINISTRATOR = flag('administrator', isAdministrator)
export const IS_OPERATOR = flag('operator', ({ actor }) => actor === 'OPERATOR')
export const GRANTS_SOMEWHERE = flag('granter', grantsSomewhere)
export const HAS_LIMITED_KEY = flag('limited key', ({ apiKey }) => apiKey?.limited ?? false)
export const HAS_READ_ONLY_KEY = flag('read-only key', ({ apiKey }) => apiKey?.readOnly ?? false)
export const HAS_EXPIRING_KEY = flag('expiring key', ({ apiKey }) => (apiKey?.expiresAt ?? null) !== null)
export const MUST_CHANGE_PASSWORD = flag('password to change', ({ mustChangePassword }) => mustChangePassword)

export const USER_ID = value('userId', 'uuid', ({ userId }) => userId)
export const ORGANIZATION_ID = value('organizationId', 'uuid', ({ organizationId }) => organizationId)
export const API_KEY_ID = value('apiKeyId', 'uuid', ({ apiKey }) => apiKey?.id ?? null)
export const SESSION_ID = value('sessionId', 'uuid', ({ session }) => session?.id ?? null)
/** All permissions that the caller holds, as JSON. */
export const AUTHORITY = value('authority', 'text', ({ authority }) => JSON.stringify(authority))

/** Whether the caller holds the permission everywhere. */
export function heldEverywhere(word: Word): CallerFlag {
  return flag(`everywhere ${word}`, (caller) => reachOf(caller, word).everywhere)
}

/** Whether the caller holds the permission in some scope. */
export function heldSomewhere(word: ServerPermission): CallerFlag {
  return flag(`somewhere ${word}`, (caller) => holdsSomewhere(caller, word))
}

/** A set of ids of the caller. A statement that compares with one id has one plan for all values, and one with an array has not. */
export interface CallerIds {
  isEmpty: CallerFlag
  isOne: CallerFlag
  only: CallerValue
  all: CallerValue
}

/** The organizations in which the caller holds the permission. */
export const organizationsWith = (word: Word) =>
  ids(`organizations ${word}`, (caller) => reachOf(caller, word).organizations)

/** The projects in which the caller holds the permission. */
export const projectsWith = (word: Word) => ids(`projects ${word}`, (caller) => reachOf(caller, word).projects)

/** The controllers on which the caller was granted at least this level; level 1 also by a grant on one of its models. */
export const controllersFrom = (level: number) =>
  ids(`controllers from ${level}`, ({ levels }) =>
    unique(
      levels
        .filter((row) => level === 1 || (row.modelId === null && row.level >= level))
        .map((row) => row.controllerId),
    ),
  )

/** The models on which the caller was granted at least this level. */
export const modelsFrom = (level: number) =>
  ids(`models from ${level}`, ({ levels }) =>
    unique(levels.filter((row) => row.level >= level).map((row) => row.modelId)),
  )

function ids(name: string, find: (caller: Caller) => string[]): CallerIds {
  const of = once(name, find)
  return {
    isEmpty: flag(`no ${name}`, (caller) => of(caller).length === 0),
    isOne: flag(`one of ${name}`, (caller) => of(caller).length === 1),
    only: value(`only one of ${name}`, 'uuid', (caller) => of(caller)[0]),
    all: value(name, 'uuid[]', of),
  }
}

/** A flag by a name that no other has; it is found out once for each caller. */
export function flag(name: string, of: (caller: Caller) => boolean): CallerFlag {
  return { name, of: once(name, of) }
}

function value(name: string, sqlType: string, of: (caller: Caller) => unknown): CallerValue {
  return { name, sqlType, of }
}

interface Reach {
  everywhere: boolean
  organizations: string[]
  projects: string[]
}

function reachOf(caller: Caller, word: Word): Reach {
  return once(`reach ${word}`, (one) => findReach(one, word))(caller)
}

function findReach(caller: Caller, word: Word): Reach {
  const words = word === 'anything' ? null : wordsAllowing(word)
  const rows = caller.authority.filter((row) => words === null || words.includes(row.what))
  return {
    everywhere: rows.some((row) => row.organizationId === null),
    organizations: unique(rows.filter((row) => row.projectId === null).map((row) => row.organizationId)),
    projects: unique(rows.map((row) => row.projectId)),
  }
}

function unique(ids: (string | null)[]): string[] {
  return [...new Set(ids.filter((id) => id !== null))]
}

/** The facts that were found out about each caller, by their names: each request of a kept caller asks for the same ones. */
const facts = new WeakMap<Caller, Map<string, unknown>>()

function once<Fact>(name: string, find: (caller: Caller) => Fact): (caller: Caller) => Fact {
  return (caller) => {
    const known = facts.get(caller) ?? new Map<string, unknown>()
    if (known.has(name)) return known.get(name) as Fact
    const fact = find(caller)
    known.set(name, fact)
    facts.set(caller, known)
    return fact
  }
}
