import { and, or, type SQL, sql } from 'drizzle-orm'
import { type controllerHolders, controllerHoldersRelation } from '../../authority/derived.ts'
import { CONTROLLER_LEVEL } from '../../authority/levels.ts'
import {
  hasControllerLevel,
  isCaller,
  isThere,
  seesControllersOf,
  seesEveryController,
} from '../../authority/visibility.ts'
import { filters, reads } from '../../graphql/builder.ts'
import { AccessVia, ControllerAccess } from '../../graphql/enums.ts'
import { fitsArgument } from '../../graphql/references.ts'
import type { CallerScope } from '../../read/spec.ts'
import { Organization } from '../organization/type.ts'
import { Role } from '../role/type.ts'
import { User } from '../user/type.ts'

export const Controller = reads.type('Controller', {
  table: 'controllers',
  id: 'controller',
  description:
    'A running cloud orchestrator. Users that have a level on it or on one of its models can see it, and so can holders of `controllers.manage` or `users.read` in its organization.',
  authScopes: { signedIn: true },
  visible: (controller, caller, time) =>
    and(
      isThere(controller, time),
      seesEveryController(caller)
        ? undefined
        : or(
            hasControllerLevel(caller, CONTROLLER_LEVEL.LOGIN, controller.id),
            seesControllersOf(caller, controller.organizationId),
          ),
    ),
  fields: (f) => ({
    name: f.column('name', {
      type: 'String',
      description: 'The name of the controller. It is unique in the server and is compared without regard to case.',
    }),
    type: f.column('type', { type: 'String', description: 'The cloud that the controller runs on, like `google`.' }),
    organization: f.one('organization', Organization, {
      nullable: true,
      description:
        'The organization that the controller permanently belongs to; null where it is hidden from the caller.',
    }),
    createdAt: f.column('createdAt', { type: 'DateTime', description: 'The time when the controller was registered.' }),
  }),
})

const ControllerConnection = reads.connection('Controller', {
  table: 'controllers',
  node: Controller,
  orders: { NAME: ['nameKey'], CREATED_AT: ['createdAt'] },
  defaultOrder: 'NAME',
  filters: {
    name: filters.name('nameKey', 'Only controllers with a matching name.'),
    createdAt: filters.time('createdAt', 'Only controllers that were registered in this period of time.'),
  },
})

reads.queryOne('controller', Controller, {
  description: 'Finds a controller by its name or id; null where there is none that the caller may see.',
  authScopes: { signedIn: true },
  args: (arg) => ({
    name: arg.string({ required: true, description: 'The name of the controller, in any case, or its id.' }),
  }),
  where: (controller, _caller, args) =>
    fitsArgument('controller', { id: controller.id, key: controller.nameKey }, args, 'name'),
})

reads.queryConnection('controllers', ControllerConnection, {
  description: 'The controllers that the caller may see.',
  authScopes: { signedIn: true },
})

reads.extend(Organization, (f) => ({
  controllers: f.connection('controllers', ControllerConnection, {
    description: 'The organization’s controllers that the caller may see.',
  }),
}))

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

const ControllerHolderConnection = reads.connection('ControllerHolder', {
  table: 'controllerHolders',
  relation: controllerHoldersRelation,
  hasPast: true,
  node: User,
  via: 'user',
  visible: mayReadControllerHolder,
  orders: { SINCE: ['since'] },
  defaultOrder: 'SINCE',
  fields: (f) => ({
    access: f.column('level', {
      type: ControllerAccess,
      description: 'The level that the user has in this way.',
    }),
    via: f.column('via', { type: AccessVia, description: 'The way in which the user has the level.' }),
    role: f.one('role', Role, {
      description: 'The role that grants the level; null where no role does, or the role is hidden from the caller.',
    }),
    since: f.column('since', { type: 'DateTime', description: 'The time since which the user has the level.' }),
    expiresAt: f.column('until', {
      type: 'DateTime',
      description: 'The planned end of the level; null where there is none.',
    }),
  }),
})

reads.extend(Controller, (f) => ({
  holders: f.connection('holders', ControllerHolderConnection, {
    description:
      'The users that have a level on the controller, with one item for each way in which they have it. Only items that the caller may see are included.',
  }),
}))
