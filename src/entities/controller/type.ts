import { and, or } from 'drizzle-orm'
import { CONTROLLER_LEVEL } from '../../authority/levels.ts'
import { hasControllerLevel, isThere, seesControllersOf, seesEveryController } from '../../authority/visibility.ts'
import { filters, reads } from '../../graphql/builder.ts'
import { fitsArgument } from '../../graphql/references.ts'
import { Organization } from '../organization/type.ts'

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
