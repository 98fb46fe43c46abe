import { and, eq, or, type SQL, sql } from 'drizzle-orm'
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
import type { CallerScope } from '../../read/spec.ts'
import { Organization } from '../organization/type.ts'
import { Role } from '../role/type.ts'
import { User } from '../user/type.ts'

export const Controller = reads.type('Controller', {
  table: 'controllers',
  id: 'controller',
  description:
    'A running cloud orchestrator. Seen by whoever has a level on it or on one of its models, and by holders of `controllers.manage` or `users.read` in its organization.',
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
    name: f.column('name', { type: 'String', description: 'Unique in the server, whatever its case.' }),
    type: f.column('type', { type: 'String', description: 'The cloud it runs on, like `google`.' }),
    organization: f.one('organization', Organization, {
      nullable: true,
      description: 'Whose it is, for good; null where the caller may not see that.',
    }),
    createdAt: f.column('createdAt', { type: 'DateTime', description: 'When it was registered.' }),
  }),
})

const ControllerConnection = reads.connection('Controller', {
  table: 'controllers',
  node: Controller,
  orders: { NAME: ['nameKey'], CREATED_AT: ['createdAt'] },
  defaultOrder: 'NAME',
  filters: {
    name: filters.name('nameKey', 'Only those whose name fits.'),
    createdAt: filters.time('createdAt', 'Only what was registered then.'),
  },
})

reads.queryOne('controller', Controller, {
  description: 'A controller by name.',
  authScopes: { signedIn: true },
  args: (arg) => ({ name: arg.string({ required: true, description: 'Its name, in any case.' }) }),
  where: (controller, _caller, args) => eq(controller.nameKey, sql`lower(${args.param('name', 'text')})`),
})

reads.queryConnection('controllers', ControllerConnection, {
  description: 'The controllers the caller may see.',
  authScopes: { signedIn: true },
})

reads.extend(Organization, (f) => ({
  controllers: f.connection('controllers', ControllerConnection, {
    description: 'The organization’s controllers that the caller may see.',
  }),
}))

/** Who may see how somebody reaches a controller: themselves, its SUPERUSERs, and who manages or reads there. */
function mayReadHolder(holder: typeof controllerHolders, caller: CallerScope): SQL | undefined {
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
  visible: mayReadHolder,
  orders: { SINCE: ['since'] },
  defaultOrder: 'SINCE',
  fields: (f) => ({
    access: f.column('level', { type: ControllerAccess as never, description: 'The level they have by this way.' }),
    via: f.column('via', { type: AccessVia as never, description: 'Through what they have it.' }),
    role: f.one('role', Role, { description: 'The role that gives it, where one does; null where hidden.' }),
    since: f.column('since', { type: 'DateTime', description: 'Since when they have it.' }),
    until: f.column('until', { type: 'DateTime', description: 'Its planned end; null is none.' }),
  }),
})

reads.extend(Controller, (f) => ({
  holders: f.connection('holders', ControllerHolderConnection, {
    description: 'Who can reach it and through what, one item per way, as far as the caller may know.',
  }),
}))
