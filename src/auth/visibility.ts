/** What visibility predicates are written with: the caller's authority, as flags of the plan and parameters of the run. */
import { or, type SQL, sql } from 'drizzle-orm'
import type { CallerScope } from '../read/spec.ts'
import type { Word } from './caller.ts'

/** Neither deleted now nor, in a list of the past, by then. */
export function isThere({ deletedAt }: { deletedAt: unknown }, time?: SQL): SQL {
  return time === undefined ? sql`${deletedAt} is null` : sql`(${deletedAt} is null or ${time} < ${deletedAt})`
}

/** `column` is the caller's own id; nobody's for the operator. */
export function isCaller(caller: CallerScope, column: unknown): SQL {
  return sql`${column} = ${caller.param('userId', 'uuid')}`
}

/** The row's organization is the caller's home. */
export function isHome(caller: CallerScope, column: unknown): SQL {
  return sql`${column} = ${caller.param('organizationId', 'uuid')}`
}

/** The caller holds the permission everywhere: nothing to restrict. */
export function holdsEverywhere(caller: CallerScope, word: Word): boolean {
  return caller.flag(`everywhere ${word}`)
}

/** The caller is an administrator. */
export function isAdministratorFlag(caller: CallerScope): boolean {
  return caller.flag('administrator')
}

/** The caller holds the permission on some scope. */
export function holdsSomewhere(caller: CallerScope, word: Word): boolean {
  return caller.flag(`somewhere ${word}`)
}

/** The caller may give a role or a level to somebody, somewhere. */
export function grantsSomewhere(caller: CallerScope): boolean {
  return caller.flag('granter')
}

/** The caller holds the permission in this organization. Not to be asked where it is held everywhere. */
export function holdsInOrganization(caller: CallerScope, word: Word, organizationId: unknown): SQL {
  return sql`${organizationId} = any(${caller.param(`organizations ${word}`, 'uuid[]')})`
}

/** The caller holds the permission on this project, by itself or in its organization. */
export function holdsOnProject(caller: CallerScope, word: Word, projectId: unknown, organizationId: unknown): SQL {
  const onProject = sql`${projectId} = any(${caller.param(`projects ${word}`, 'uuid[]')})`
  return or(onProject, holdsInOrganization(caller, word, organizationId)) ?? onProject
}

/**
 * The caller may know this organization: it is their home, or they hold something in it or on one of its projects. Not
 * to be asked where they hold anything everywhere.
 */
export function organizationInReach(caller: CallerScope, organizationId: unknown): SQL {
  const projectIds = caller.param('projects anything', 'uuid[]')
  const ofProject = sql`${organizationId} in (select p.organization_id from projects as p where p.id = any(${projectIds}))`
  const inReach = or(isHome(caller, organizationId), holdsInOrganization(caller, 'anything', organizationId), ofProject)
  return inReach ?? ofProject
}

/** Where controllers are seen whole: by who manages them, and by who reads the records of those who may use them. */
const CONTROLLER_WORDS = ['controllers.manage', 'users.read'] as const

/** Nothing to restrict: the caller sees every controller and model. */
export function seesEveryController(caller: CallerScope): boolean {
  return CONTROLLER_WORDS.some((word) => holdsEverywhere(caller, word))
}

/** The caller may see the controllers of this organization. */
export function seesControllersOf(caller: CallerScope, organizationId: unknown): SQL {
  const [manages, reads] = CONTROLLER_WORDS.map((word) => holdsInOrganization(caller, word, organizationId))
  return sql`(${manages} or ${reads})`
}

/** The row's id is among those that a parameter of the caller lists. */
export function isAmong(
  caller: CallerScope,
  list: 'controllers' | 'models' | `${'controllers' | 'models'} at ${number}`,
  id: unknown,
): SQL {
  return sql`${id} = any(${caller.param(list, 'uuid[]')})`
}
