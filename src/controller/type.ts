import { and, eq, or, type SQL, sql } from 'drizzle-orm'
import { AccessVia, ControllerAccess } from '../access/types.ts'
import { type controllerHolders, controllerHoldersRelation } from '../access/views.ts'
import { type Finder, findRow } from '../auth/references.ts'
import { isAmong, isCaller, isThere, seesControllersOf, seesEveryController } from '../auth/visibility.ts'
import { filters, reads } from '../builder.ts'
import { controllers } from '../db/tables.ts'
import { Organization } from '../organization/schema.ts'
import type { CallerScope } from '../read/spec.ts'
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
        : or(isAmong(caller, 'controllers', controller.id), seesControllersOf(caller, controller.organizationId)),
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
  return or(isCaller(caller, holder.userId), isAmong(caller, 'controllers at 3', holder.controllerId), there)
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

/** The visible controller of this name. @throws NotFoundError */
export function findController(finder: Finder, name: string, path: string, lock: 'CHANGE' | 'SHARE' = 'SHARE') {
  const fits = eq(controllers.nameKey, name.toLowerCase())
  return findRow(finder, controllers, Controller.visible, fits, { path, what: `The controller "${name}"`, lock })
}
