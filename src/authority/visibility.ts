/** The functions with which visibility predicates are written: the caller's authority, as flags of the plan and parameters of the run. */
import { or, type SQL, sql } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'
import type { CallerScope, Visibility } from '../read/spec.ts'
import { rowAs } from '../read/sql.ts'
import type { Caller } from './caller.ts'
import {
  type CallerIds,
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

/** Whether the row is not deleted now or, in a list of the past, was not deleted at that time. */
export function isThere({ deletedAt }: { deletedAt: unknown }, time?: SQL): SQL {
  return time === undefined ? sql`${deletedAt} is null` : sql`(${deletedAt} is null or ${time} < ${deletedAt})`
}

/** Whether `column` is the caller's own id; never true for the operator. */
export function isCaller(caller: CallerScope, column: unknown): SQL {
  return sql`${column} = ${caller.param(USER_ID)}`
}

/** Whether the row's organization is the caller's home organization. */
export function isHome(caller: CallerScope, column: unknown): SQL {
  return sql`${column} = ${caller.param(ORGANIZATION_ID)}`
}

/** Whether the caller holds the permission everywhere, so that there is nothing to restrict. */
export function holdsEverywhere(caller: CallerScope, word: Word): boolean {
  return caller.flag(heldEverywhere(word))
}

/** Whether the caller is an administrator. */
export function isAdministratorFlag(caller: CallerScope): boolean {
  return caller.flag(IS_ADMINISTRATOR)
}

/** Whether the caller holds the permission in some scope. */
export function isHolder(caller: CallerScope, word: ServerPermission): boolean {
  return caller.flag(heldSomewhere(word))
}

/** Whether the caller sees of what users hold only their own, as they read the users of no scope. */
export function seesOnlyOwnHoldings(caller: CallerScope): boolean {
  return !isHolder(caller, 'users.read')
}

/** Whether the caller may grant a role or a level to any user, in any scope. */
export function isGranter(caller: CallerScope): boolean {
  return caller.flag(GRANTS_SOMEWHERE)
}

/** Whether an id is one of the caller's. */
function isAmong(caller: CallerScope, id: unknown, { isEmpty, isOne, only, all }: CallerIds): SQL {
  if (caller.flag(isEmpty)) return sql`false`
  return caller.flag(isOne) ? sql`${id} = ${caller.param(only)}` : sql`${id} = any(${caller.param(all)})`
}

/** Whether the caller holds the permission in this organization. It must not be used where the permission is held everywhere. */
export function holdsInOrganization(caller: CallerScope, word: Word, organizationId: unknown): SQL {
  return isAmong(caller, organizationId, organizationsWith(word))
}

/** Whether the caller holds the permission in this project or in its organization. */
export function holdsOnProject(caller: CallerScope, word: Word, projectId: unknown, organizationId: unknown): SQL {
  const onProject = isAmong(caller, projectId, projectsWith(word))
  return or(onProject, holdsInOrganization(caller, word, organizationId)) ?? onProject
}

/**
 * Whether the caller may see this organization: it is their home organization, or they hold something in it or in one of
 * its projects. It must not be used where they hold anything everywhere.
 */
export function organizationInReach(caller: CallerScope, organizationId: unknown): SQL {
  const isHeld = isAmong(caller, sql`p.id`, projectsWith('anything'))
  const ofProject = sql`${organizationId} in (select p.organization_id from projects as p where ${isHeld})`
  const inReach = or(isHome(caller, organizationId), holdsInOrganization(caller, 'anything', organizationId), ofProject)
  return inReach ?? ofProject
}

/**
 * Whether the caller may see the scope of something that is held: its organization and its project. What is held on a
 * hidden scope is left out of lists: without the name of the scope it would read as if it were held on a wider one.
 */
export function seesScope({ organizationId, projectId }: ScopeColumns, caller: CallerScope): SQL | undefined {
  if (holdsEverywhere(caller, 'anything')) return undefined
  return sql`((${organizationId} is null or ${organizationInReach(caller, organizationId)})
    and (${projectId} is null or ${holdsOnProject(caller, 'anything', projectId, organizationId)}))`
}

interface ScopeColumns {
  organizationId: unknown
  projectId: unknown
}

/** The permissions with which a caller sees all controllers of a scope: callers who manage them, and callers who read the records of the users that may use them. */
const CONTROLLER_WORDS = ['controllers.manage', 'users.read'] as const

/** Whether the caller sees every controller and model, so that there is nothing to restrict. */
export function seesEveryController(caller: CallerScope): boolean {
  return CONTROLLER_WORDS.some((word) => holdsEverywhere(caller, word))
}

/** Whether the caller may see the controllers of this organization. */
export function seesControllersOf(caller: CallerScope, organizationId: unknown): SQL {
  const [manages, reads] = CONTROLLER_WORDS.map((word) => holdsInOrganization(caller, word, organizationId))
  return sql`(${manages} or ${reads})`
}

/** Whether the caller was granted at least this level on the controller, or, for level 1, any level on one of its models. */
export function hasControllerLevel(caller: CallerScope, level: number, controllerId: unknown): SQL {
  return isAmong(caller, controllerId, controllersFrom(level))
}

/** Whether the caller was granted at least this level on the model. */
export function hasModelLevel(caller: CallerScope, level: number, modelId: unknown): SQL {
  return isAmong(caller, modelId, modelsFrom(level))
}

/** Gives the caller's flags and parameters as values of a single statement. */
export function immediateScope(caller: Caller): CallerScope {
  return {
    flag: ({ of }) => of(caller),
    param: ({ sqlType, of }) => sql`${sql.param(of(caller))}::${sql.raw(sqlType)}`,
  }
}

/** Whether the caller may see a row of this type, in a statement that uses `name` for its table. */
export function isVisible(visible: Visibility | undefined, table: PgTable, name: string, caller: CallerScope): SQL {
  return visible?.(rowAs(table, name), caller) ?? sql`true`
}
