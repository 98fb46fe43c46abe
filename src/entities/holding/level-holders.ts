/** The users that have a level on a controller or a model. */
import { or, type SQL, sql } from 'drizzle-orm'
import {
  type controllerHolders,
  controllerHoldersRelation,
  type modelHolders,
  modelHoldersRelation,
} from '../../authority/derived.ts'
import { CONTROLLER_LEVEL } from '../../authority/levels.ts'
import {
  hasControllerLevel,
  holdsInOrganization,
  isCaller,
  isHolder,
  seesControllersOf,
  seesEveryController,
} from '../../authority/visibility.ts'
import { reads } from '../../graphql/builder.ts'
import type { CallerScope } from '../../read/spec.ts'
import { Controller } from '../controller/type.ts'
import { Model, seesModelWhole } from '../model/type.ts'
import { User } from '../user/type.ts'
import { derivedFrom, Holding, heldFor, nothingHeld } from './holding.ts'

/**
 * The condition for a holder that the caller may see: the caller's own items, and all items of a controller on which
 * the caller is SUPERUSER, or whose organization's controllers the caller may see.
 */
function mayReadControllerHolder(holder: typeof controllerHolders, caller: CallerScope): SQL | undefined {
  if (seesEveryController(caller)) return undefined
  const there = sql`exists (select from controllers as c where c.id = ${holder.controllerId} and ${seesControllersOf(caller, sql`c.organization_id`)})`
  return or(
    isCaller(caller, holder.userId),
    hasControllerLevel(caller, CONTROLLER_LEVEL.SUPERUSER, holder.controllerId),
    there,
  )
}

/**
 * Who has a grant in an organization, or is a member of it, is met by callers that read its users: asked once for a list, and
 * not once for each holder.
 */
function isMetByGrant(holder: { via: unknown; controllerId: unknown }, caller: CallerScope): SQL | boolean {
  if (!isHolder(caller, 'users.read')) return false
  const readable = holdsInOrganization(caller, 'users.read', sql`c.organization_id`)
  return sql`(${holder.via} in ('GRANT', 'MODEL', 'MEMBERSHIP')
    and exists (select from controllers as c where c.id = ${holder.controllerId} and ${readable}))`
}

const ControllerHolderConnection = reads.connection('ControllerHolder', {
  table: 'controllerHolders',
  relation: controllerHoldersRelation,
  hasPast: true,
  node: User,
  via: 'user',
  visible: mayReadControllerHolder,
  impliesNode: (caller, holder) => isMetByGrant(holder, caller),
  orders: { SINCE: ['since'] },
  defaultOrder: 'SINCE',
  interfaces: [Holding],
  fields: (f) => ({ ...nothingHeld(f), ...derivedFrom(f), ...heldFor(f) }),
})

reads.extend(Controller, (f) => ({
  holders: f.connection('holders', ControllerHolderConnection, {
    description:
      'The users that have a level on the controller, with one item for each way in which they have it. Only items that the caller may see are included.',
  }),
}))

/**
 * The condition for a holder that the caller may see: the caller's own items, and all items of a model seen in full.
 */
function mayReadModelHolder(holder: typeof modelHolders, caller: CallerScope): SQL | undefined {
  const whole = seesModelWhole({ id: holder.modelId, controllerId: holder.controllerId }, caller)
  return whole && or(isCaller(caller, holder.userId), whole)
}

const ModelHolderConnection = reads.connection('ModelHolder', {
  table: 'modelHolders',
  relation: modelHoldersRelation,
  hasPast: true,
  node: User,
  via: 'user',
  visible: mayReadModelHolder,
  impliesNode: (caller, holder) => isMetByGrant(holder, caller),
  orders: { SINCE: ['since'] },
  defaultOrder: 'SINCE',
  interfaces: [Holding],
  fields: (f) => ({ ...nothingHeld(f), ...derivedFrom(f), ...heldFor(f) }),
})

reads.extend(Model, (f) => ({
  holders: f.connection('holders', ModelHolderConnection, {
    description:
      'The users that have a level on the model, with one item for each way in which they have it. Only items that the caller may see are included.',
  }),
}))
