/** What visibility predicates are written with: the caller's authority, as flags of the plan and parameters of the run. */
import { or, type SQL, sql } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'
import { alias } from 'drizzle-orm/pg-core'
import type { CallerScope, Row, Visibility } from '../read/spec.ts'
import type { Caller } from './caller.ts'
import {
  controllersFrom,
  GRANTS_SOMEWHERE,
  heldEverywhere,
  heldSomewhere,
  IS_ADMINISTRATOR,
  modelsFrom,
  ORGANIZATION_ID,
  organizationsWith,
  projectsWith,
  USER_ID,
  type Word,
} from './caller-values.ts'
import type { ServerPermission } from './permissions.ts'

/** Neither deleted now nor, in a list of the past, by then. */
export function isThere({ deletedAt }: { deletedAt: unknown }, time?: SQL): SQL {
  return time === undefined ? sql`${deletedAt} is null` : sql`(${deletedAt} is null or ${time} < ${deletedAt})`
}

/** `column` is the caller's own id; nobody's for the operator. */
export function isCaller(caller: CallerScope, column: unknown): SQL {
  return sql`${column} = ${caller.param(USER_ID)}`
}

/** The row's organization is the caller's home. */
export function isHome(caller: CallerScope, column: unknown): SQL {
  return sql`${column} = ${caller.param(ORGANIZATION_ID)}`
}

/** The caller holds the permission everywhere: nothing to restrict. */
export function holdsEverywhere(caller: CallerScope, word: Word): boolean {
  return caller.flag(heldEverywhere(word))
}

/** The caller is an administrator. */
export function isAdministratorFlag(caller: CallerScope): boolean {
  return caller.flag(IS_ADMINISTRATOR)
}

/** The caller holds the permission on some scope. */
export function holdsSomewhere(caller: CallerScope, word: ServerPermission): boolean {
  return caller.flag(heldSomewhere(word))
}

/** The caller may give a role or a level to somebody, somewhere. */
export function grantsSomewhere(caller: CallerScope): boolean {
  return caller.flag(GRANTS_SOMEWHERE)
}

/** The caller holds the permission in this organization. Not to be asked where it is held everywhere. */
export function holdsInOrganization(caller: CallerScope, word: Word, organizationId: unknown): SQL {
  return sql`${organizationId} = any(${caller.param(organizationsWith(word))})`
}

/** The caller holds the permission on this project, by itself or in its organization. */
export function holdsOnProject(caller: CallerScope, word: Word, projectId: unknown, organizationId: unknown): SQL {
  const onProject = sql`${projectId} = any(${caller.param(projectsWith(word))})`
  return or(onProject, holdsInOrganization(caller, word, organizationId)) ?? onProject
}

/**
 * The caller may know this organization: it is their home, or they hold something in it or on one of its projects. Not
 * to be asked where they hold anything everywhere.
 */
export function organizationInReach(caller: CallerScope, organizationId: unknown): SQL {
  const projectIds = caller.param(projectsWith('anything'))
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

/** The caller was granted at least this level on the controller, or, for level 1, on one of its models. */
export function hasControllerLevel(caller: CallerScope, level: number, controllerId: unknown): SQL {
  return sql`${controllerId} = any(${caller.param(controllersFrom(level))})`
}

/** The caller was granted at least this level on the model. */
export function hasModelLevel(caller: CallerScope, level: number, modelId: unknown): SQL {
  return sql`${modelId} = any(${caller.param(modelsFrom(level))})`
}

/** The caller's flags and parameters as values of this one statement. */
export function immediateScope(caller: Caller): CallerScope {
  return {
    flag: ({ of }) => of(caller as never),
    param: ({ sqlType, of }) => sql`${sql.param(of(caller as never))}::${sql.raw(sqlType)}`,
  }
}

/** May the caller see a row of this type, in a statement that calls its table so? */
export function isVisible(visible: Visibility | undefined, table: PgTable, name: string, caller: Caller): SQL {
  return visible?.(alias(table, name) as unknown as Row, immediateScope(caller)) ?? sql`true`
}
