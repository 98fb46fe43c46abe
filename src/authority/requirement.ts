/**
 * What a rule demands of who asks, one thing at a time. It is decided from the caller's authority, or asked for each
 * row of a list in SQL: the ids of a demand are then columns.
 */
import { type SQL, sql } from 'drizzle-orm'
import type { Need, Place } from '../errors.ts'
import type { CallerScope } from '../read/spec.ts'
import { type Caller, controllerLevel, EVERYWHERE, holds, isAdministrator, modelLevel, type Scope } from './caller.ts'
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

export type Demand =
  | { kind: 'permission'; word: ServerPermission; scope: Scope }
  | { kind: 'level'; level: number; on: LevelPlace }
  | { kind: 'administrator' }
  /** Nothing is done to an administrator except by administrators; in SQL it is a condition. */
  | { kind: 'peer'; isAdministrator: boolean | SQL }
  /** The user themselves, but not with a key whose limits say what else it may do. */
  | { kind: 'self'; userId: string }
  /** A key without an end, unless that does not matter; in SQL it is a condition. */
  | { kind: 'lastingKey'; unless: boolean | SQL }
  | { kind: 'user' }

function placeOf(scope: Scope, level: LevelPlace | null = null): Place {
  const { organizationId, projectId } = scope
  return { organizationId, projectId, controllerId: level?.controller.id ?? null, modelId: level?.model?.id ?? null }
}

/** What the caller lacks for it; null where they have it. */
export function needFor(caller: Caller, demand: Demand): Need | null {
  switch (demand.kind) {
    case 'permission':
      if (holds(caller, demand.word, demand.scope)) return null
      return { what: demand.word, where: placeOf(demand.scope) }
    case 'level':
      if (levelOn(caller, demand.on) >= demand.level) return null
      return { what: levelName(demand.on.model !== null, demand.level), where: placeOf(EVERYWHERE, demand.on) }
    case 'administrator':
      return isAdministrator(caller) ? null : ADMINISTRATION
    case 'peer':
      return demand.isAdministrator === false || isAdministrator(caller) ? null : ADMINISTRATION
    case 'self':
      return selfNeed(caller, demand.userId)
    case 'lastingKey':
      return demand.unless === true || !caller.apiKey?.expiresAt ? null : { what: 'a key without an end', where: null }
    case 'user':
      return caller.userId === null ? { what: 'being a user', where: null } : null
  }
}

const ADMINISTRATION: Need = { what: 'ADMINISTRATOR', where: placeOf(EVERYWHERE) }

function levelOn(caller: Caller, { controller, model }: LevelPlace): number {
  return model === null ? controllerLevel(caller, controller) : modelLevel(caller, model, controller)
}

function selfNeed(caller: Caller, userId: string): Need | null {
  if (caller.userId === null || caller.userId !== userId) return { what: 'being that user', where: null }
  return caller.apiKey?.limited ? { what: 'a key without limits', where: null } : null
}

/** Does the caller of a plan have it? The demand's ids are columns of the row at hand. */
export function meetsSql(caller: CallerScope, demand: Demand): SQL {
  switch (demand.kind) {
    case 'permission':
      return holdsSql(caller, demand.word, demand.scope)
    case 'level':
      return levelSql(caller, demand)
    case 'administrator':
      return truth(isAdministratorFlag(caller))
    case 'peer':
      return isAdministratorFlag(caller) ? truth(true) : sql`not ${demand.isAdministrator}`
    case 'self':
      return caller.flag(HAS_LIMITED_KEY) ? truth(false) : isCaller(caller, demand.userId)
    case 'lastingKey':
      return caller.flag(HAS_EXPIRING_KEY) ? sql`${demand.unless}` : truth(true)
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
  const manages = holdsSql(caller, 'controllers.manage', { organizationId: controller.organizationId, projectId: null })
  if (model === null) return sql`(${manages} or ${hasControllerLevel(caller, level, controller.id)})`
  const aroundIt = hasControllerLevel(caller, CONTROLLER_LEVEL.SUPERUSER, controller.id)
  return sql`(${manages} or ${aroundIt} or ${hasModelLevel(caller, level, model.id)})`
}

function truth(value: boolean): SQL {
  return sql`${value}`.inlineParams()
}
