/**
 * The single requirements of a rule on the caller. A requirement is decided from the caller's authority, or in SQL for
 * each row of a list: its ids are then columns.
 */
import { type SQL, sql } from 'drizzle-orm'
import type { MissingRequirement, Place } from '../errors.ts'
import type { CallerScope } from '../read/spec.ts'
import {
  type Caller,
  controllerLevel,
  EVERYWHERE,
  holds,
  inOrganization,
  isAdministrator,
  modelLevel,
  type Scope,
} from './caller.ts'
import { HAS_EXPIRING_KEY, HAS_LIMITED_KEY, IS_OPERATOR } from './caller-values.ts'
import { CONTROLLER_LEVEL, levelName } from './levels.ts'
import type { ServerPermission } from './permissions.ts'
import {
  hasControllerLevel,
  hasModelLevel,
  holdsEverywhere,
  holdsInOrganization,
  holdsOnProject,
  isAdministratorFlag,
  isCaller,
} from './visibility.ts'

/** A controller, or a model with its controller. */
export interface LevelPlace {
  controller: { id: string; organizationId: string }
  model: { id: string } | null
}

export type Requirement =
  | { kind: 'permission'; word: ServerPermission; scope: Scope }
  | { kind: 'level'; level: number; on: LevelPlace }
  | { kind: 'administrator' }
  /** Only administrators may change an administrator; in SQL `isAdministrator` is a condition. */
  | { kind: 'peer'; isAdministrator: boolean | SQL }
  /** The caller is the user themselves, without a limited key: its limits define what it may do. */
  | { kind: 'self'; userId: string }
  /** The caller has no key with an end, unless `unless` holds; in SQL `unless` is a condition. */
  | { kind: 'lastingKey'; unless: boolean | SQL }
  | { kind: 'user' }

function placeOf(scope: Scope, level: LevelPlace | null = null): Place {
  const { organizationId, projectId } = scope
  return { organizationId, projectId, controllerId: level?.controller.id ?? null, modelId: level?.model?.id ?? null }
}

/** Returns the missing requirement; null where the caller meets it. */
export function missingFor(caller: Caller, requirement: Requirement): MissingRequirement | null {
  switch (requirement.kind) {
    case 'permission':
      if (holds(caller, requirement.word, requirement.scope)) return null
      return { what: requirement.word, where: placeOf(requirement.scope) }
    case 'level':
      if (levelOn(caller, requirement.on) >= requirement.level) return null
      return {
        what: levelName(requirement.on.model !== null, requirement.level),
        where: placeOf(EVERYWHERE, requirement.on),
      }
    case 'administrator':
      return isAdministrator(caller) ? null : ADMINISTRATION
    case 'peer':
      return requirement.isAdministrator === false || isAdministrator(caller) ? null : ADMINISTRATION
    case 'self':
      return missingForSelf(caller, requirement.userId)
    case 'lastingKey':
      return requirement.unless === true || !caller.apiKey?.expiresAt
        ? null
        : { what: 'a key without an end', where: null }
    case 'user':
      return caller.userId === null ? { what: 'being a user', where: null } : null
  }
}

const ADMINISTRATION: MissingRequirement = { what: 'ADMINISTRATOR', where: placeOf(EVERYWHERE) }

function levelOn(caller: Caller, { controller, model }: LevelPlace): number {
  return model === null ? controllerLevel(caller, controller) : modelLevel(caller, model, controller)
}

function missingForSelf(caller: Caller, userId: string): MissingRequirement | null {
  if (caller.userId === null || caller.userId !== userId) return { what: 'being that user', where: null }
  return caller.apiKey?.limited ? { what: 'a key without limits', where: null } : null
}

/** Whether the caller of a plan meets the requirement, whose ids are columns of the current row. */
export function meetsSql(caller: CallerScope, requirement: Requirement): SQL {
  switch (requirement.kind) {
    case 'permission':
      return holdsSql(caller, requirement.word, requirement.scope)
    case 'level':
      return levelSql(caller, requirement)
    case 'administrator':
      return truth(isAdministratorFlag(caller))
    case 'peer':
      return isAdministratorFlag(caller) ? truth(true) : sql`not ${requirement.isAdministrator}`
    case 'self':
      return caller.flag(HAS_LIMITED_KEY) ? truth(false) : isCaller(caller, requirement.userId)
    case 'lastingKey':
      return caller.flag(HAS_EXPIRING_KEY) ? sql`${requirement.unless}` : truth(true)
    case 'user':
      return truth(!caller.flag(IS_OPERATOR))
  }
}

function holdsSql(caller: CallerScope, word: ServerPermission, { organizationId, projectId }: Scope): SQL {
  if (holdsEverywhere(caller, word)) return truth(true)
  if (organizationId === null) return truth(false)
  if (projectId !== null) return holdsOnProject(caller, word, projectId, organizationId)
  return holdsInOrganization(caller, word, organizationId)
}

function levelSql(caller: CallerScope, { level, on: { controller, model } }: { level: number; on: LevelPlace }): SQL {
  const manages = holdsSql(caller, 'controllers.manage', inOrganization(controller.organizationId))
  if (model === null) return sql`(${manages} or ${hasControllerLevel(caller, level, controller.id)})`
  const aroundIt = hasControllerLevel(caller, CONTROLLER_LEVEL.SUPERUSER, controller.id)
  return sql`(${manages} or ${aroundIt} or ${hasModelLevel(caller, level, model.id)})`
}

function truth(value: boolean): SQL {
  return sql`${value}`.inlineParams()
}
