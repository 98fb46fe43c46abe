/** The levels on controllers and models that are held: what decides them, as `held` decides permissions. */
import { type SQL, sql } from 'drizzle-orm'
import { apiKeys, controllerGrants, controllers, modelGrants, models, users } from '../db/tables.ts'
import {
  type EndOf,
  endOf,
  gaps,
  type Holder,
  heldFacts,
  historyOf,
  holdersOf,
  holdsAt,
  isActiveUserAt,
  isInForce,
  limitsOf,
  MANAGING,
  managesControllers,
  NOW,
  stateAt,
} from './held.ts'
import { CONTROLLER_LEVELS, MODEL_LEVELS } from './levels.ts'

/** Whether an object had been created at a time, and had not been deleted. */
function existsAt(name: SQL, at: SQL): SQL {
  return sql`(${name}.created_at <= ${at} and (${name}.deleted_at is null or ${at} < ${name}.deleted_at))`
}

/** The position of a level in its list, counted from 1. */
function rank(level: SQL, levels: readonly string[]): SQL {
  return sql`array_position(array[${sql.join([...levels], sql`, `)}]::text[], ${level})`.inlineParams()
}

/**
 * The levels that are held on controllers (model_id is null) and models by a grant, and those that `controllers.manage`
 * grants: SUPERUSER on every controller of its scope.
 */
function grantedLevels(at: SQL, end: EndOf, managers: SQL = heldFacts(end)): SQL {
  return sql`(
      select g.user_id, g.controller_id, null::uuid as model_id, ${rank(sql`g.level`, CONTROLLER_LEVELS)} as level,
        'GRANT' as via, g.id as grant_id, null::uuid as role_id, g.since, ${end('g')} as until
      from ${controllerGrants} as g
      union all
      select g.user_id, m.controller_id, g.model_id, ${rank(sql`g.level`, MODEL_LEVELS)},
        'GRANT', g.id, null, g.since, ${end('g')}
      from ${modelGrants} as g join ${models} as m on m.id = g.model_id
      union all
      select h.user_id, c.id, null, 3, h.via, h.grant_id, h.role_id, greatest(h.since, c.created_at), h.until
      from ${managers} as h join ${controllers} as c
        on ${managesControllers(sql`h.what`, sql`h`, sql`c.organization_id`)}
      where ${existsAt(sql`c`, at)}
  )`
}

/** The relation levelFacts(user_id, controller_id, model_id, level, via, grant_id, role_id, since, until, state), with what does not hold. */
function levelFacts(at: SQL, end: EndOf): SQL {
  return sql`(
    select f.user_id, f.controller_id, f.model_id, f.level, f.via, f.grant_id, f.role_id, f.since, f.until,
      ${stateAt(at)} as state
    from ${grantedLevels(at, end)} as f join ${users} as u on u.id = f.user_id
    where f.until is null or f.until > f.since
  )`
}

/** The rows of levelFacts that are ACTIVE, of one user, who is looked at once. */
function levelFactsOf(userId: SQL | string, at: SQL): SQL {
  return sql`(select f.* from ${grantedLevels(at, endOf)} as f where f.user_id = ${userId} and ${isInForce(at)} and ${isActiveUserAt(userId, at)})`
}

/**
 * The relation heldLevels has the columns of levelFacts, and adds the levels that follow from them. SUPERUSER on a
 * controller includes ADMIN on all its models (via CONTROLLER); any level on a model includes LOGIN on its controller (via
 * MODEL). These levels are derived when they are read, and are never stored.
 */
export function heldLevels(at: SQL = NOW, end: EndOf = endOf): SQL {
  const facts = levelFacts(at, end)
  return sql`(${withDerived(facts, at, sql`f.state`)})`
}

/** The rows of heldLevels that are ACTIVE, of one user. */
export function heldLevelsOf(userId: SQL, at: SQL): SQL {
  return sql`(with own as materialized ${levelFactsOf(userId, at)} ${withDerived(sql`own`, at, sql`'ACTIVE'`)})`
}

/**
 * The levels that are held on one controller: of those on its models it has the LOGIN that follows. Of the roles, first those
 * that grant the word are found, and only then who holds them.
 */
export function levelsOnController(controllerId: SQL, at: SQL): SQL {
  return sql`(with ${levelFactsOn(controllerId, at)}
    select ${FACT_COLUMNS} from on_it as f where f.model_id is null
    union all
    select ${LOGIN} from on_it as f where f.model_id is not null)`
}

/** The levels that are held on one model of a controller. */
export function levelsOnModel(modelId: SQL, controllerId: SQL, at: SQL): SQL {
  return sql`(with ${levelFactsOn(controllerId, at, sql`(f.model_id is null and f.level = 3 or f.model_id = ${modelId})`)}
    select ${FACT_COLUMNS} from on_it as f where f.model_id is not null
    union all
    ${adminOnModels(sql`on_it`, at)} and m.id = ${modelId})`
}

function levelFactsOn(controllerId: SQL, at: SQL, which: SQL = sql`true`): SQL {
  return sql`on_it as materialized (
    select ${FACT_COLUMNS} from ${grantedLevels(at, endOf, holdersOf(MANAGING, endOf))} as f
    where f.controller_id = ${controllerId} and ${which} and ${isInForce(at)} and ${isActiveUserAt(sql`f.user_id`, at)}
  )`
}

/**
 * The relation (model_id, level) of an active user on the models of one controller, on which the user has a known level: what
 * was granted on them, and ADMIN on all of them for a SUPERUSER.
 */
export function modelLevelsOf(own: { userId: SQL; controllerId: SQL; controllerLevel: SQL }, at: SQL): SQL {
  return sql`(
    select g.model_id, ${rank(sql`g.level`, MODEL_LEVELS)} as level
    from ${modelGrants} as g join ${models} as m on m.id = g.model_id and m.controller_id = ${own.controllerId}
    where g.user_id = ${own.userId} and ${holdsAt(historyOf('g'), at)}
    union all
    select m.id, 3 from ${models} as m
    where ${own.controllerLevel} = 3 and m.controller_id = ${own.controllerId} and ${existsAt(sql`m`, at)}
  )`
}

const FACT_COLUMNS = sql`f.user_id, f.controller_id, f.model_id, f.level, f.via, f.grant_id, f.role_id, f.since, f.until`

/** The columns of LOGIN on the controller of a model, for those with a level on the model. */
const LOGIN = sql`f.user_id, f.controller_id, null::uuid, 1, 'MODEL', f.grant_id, f.role_id, f.since, f.until`

/** The facts, and the levels that follow from them. */
function withDerived(facts: SQL, at: SQL, state: SQL): SQL {
  return sql`
    select ${FACT_COLUMNS}, ${state} as state from ${facts} as f
    union all
    ${adminOnModels(facts, at, sql`, ${state}`)}
    union all
    select ${LOGIN}, ${state} from ${facts} as f where f.model_id is not null`
}

/** ADMIN on all models of a controller, for its SUPERUSERs. */
function adminOnModels(facts: SQL, at: SQL, state = sql``): SQL {
  return sql`
    select f.user_id, f.controller_id, m.id, 3, 'CONTROLLER', f.grant_id, f.role_id, greatest(f.since, m.created_at), f.until${state}
    from ${facts} as f join ${models} as m on m.controller_id = f.controller_id and ${existsAt(sql`m`, at)}
    where f.model_id is null and f.level = 3`
}

/**
 * The relation levelsOf(controller_id, model_id, level, via, until): the levels that a holder has on controllers and models
 * at a time, without those that follow from them. A limited key has a level only where one of its limits allows it to
 * manage the controller.
 */
export function levelsOf({ userId, apiKeyId }: Holder, at: SQL = NOW): SQL {
  const own = sql`select f.controller_id, f.model_id, f.level, f.via, f.until from ${levelFactsOf(userId, at)} as f`
  if (apiKeyId === null) return sql`(${own})`
  return sql`(${own} where (
    not coalesce((select k.limited from ${apiKeys} as k where k.id = ${apiKeyId}), false)
    or exists (
      select from ${limitsOf(apiKeyId, at)} as l join ${controllers} as c on c.id = f.controller_id
      where ${managesControllers(sql`l.permission`, sql`l`, sql`c.organization_id`)}
    )
  ))`
}

/**
 * The rows of wanted(controller_id, model_id, level, until) that levels do not cover: a level covers itself and the lower
 * levels on the same resource, and SUPERUSER on a controller covers its models.
 */
export function uncoveredLevels(wanted: SQL, levels: SQL): SQL {
  const fits = sql`h.controller_id = w.controller_id
    and ((h.model_id is not distinct from w.model_id and h.level >= w.level) or (h.model_id is null and h.level = 3))`
  return gaps(sql`w.controller_id, w.model_id, w.level`, wanted, levels, fits)
}
