import { and, or, type SQL, sql } from 'drizzle-orm'
import { userControllersRelation, userModelsRelation } from '../../authority/derived.ts'
import { CONTROLLER_LEVEL, MODEL_LEVEL } from '../../authority/levels.ts'
import {
  hasControllerLevel,
  hasModelLevel,
  isThere,
  seesControllersOf,
  seesEveryController,
} from '../../authority/visibility.ts'
import { namedRequirement } from '../../errors.ts'
import { filters, reads } from '../../graphql/builder.ts'
import { ControllerAccess, ModelAccess } from '../../graphql/enums.ts'
import { fitsArgument } from '../../graphql/references.ts'
import { unreadable } from '../../graphql/refusals.ts'
import type { CallerScope } from '../../read/spec.ts'
import { Controller } from '../controller/type.ts'
import { User } from '../user/type.ts'

function seesControllersOfModel(caller: CallerScope, controllerId: unknown): SQL {
  return sql`exists (select from controllers as c where c.id = ${controllerId} and ${seesControllersOf(caller, sql`c.organization_id`)})`
}

/** The condition for a model that the caller may see with its holders: as ADMIN on it, or through its controller. */
export function seesModelWhole(model: { id: unknown; controllerId: unknown }, caller: CallerScope): SQL | undefined {
  if (seesEveryController(caller)) return undefined
  return or(
    hasModelLevel(caller, MODEL_LEVEL.ADMIN, model.id),
    hasControllerLevel(caller, CONTROLLER_LEVEL.SUPERUSER, model.controllerId),
    seesControllersOfModel(caller, model.controllerId),
  )
}

export const Model = reads.type('Model', {
  table: 'models',
  id: 'model',
  description:
    'A workspace on a controller. Users that have a level on the model or are SUPERUSER on its controller can see it, and so can holders of `controllers.manage` or `users.read` in the organization of the controller.',
  authScopes: { signedIn: true },
  visible: (model, caller, time) =>
    and(
      isThere(model, time),
      seesEveryController(caller)
        ? undefined
        : or(
            hasModelLevel(caller, MODEL_LEVEL.READ, model.id),
            hasControllerLevel(caller, CONTROLLER_LEVEL.SUPERUSER, model.controllerId),
            seesControllersOfModel(caller, model.controllerId),
          ),
    ),
  guards: {
    admin: {
      allows: seesModelWhole,
      refusal: () => unreadable(namedRequirement({ level: 'ADMIN', text: 'ADMIN on the model' })),
    },
  },
  fields: (f) => ({
    name: f.column('name', {
      type: 'String',
      description: 'The name of the model. It is unique on its controller and is compared without regard to case.',
    }),
    controller: f.one('controller', Controller, {
      implied: true,
      description: 'The controller that the model permanently belongs to.',
    }),
    createdAt: f.column('createdAt', { type: 'DateTime', description: 'The time when the model was added.' }),
  }),
})

const ModelConnection = reads.connection('Model', {
  table: 'models',
  node: Model,
  orders: { NAME: ['nameKey'], CREATED_AT: ['createdAt'] },
  defaultOrder: 'NAME',
  filters: {
    name: filters.name('nameKey', 'Only items with a matching name.'),
    createdAt: filters.time('createdAt', 'Only models that were added in this period of time.'),
  },
})

reads.queryOne('model', Model, {
  description:
    'Finds a model by its controller and its name, or their ids; null where there is none that the caller may see.',
  authScopes: { signedIn: true },
  args: (arg) => ({
    controller: arg.string({
      required: true,
      description: 'The name of the controller of the model, in any case, or its id.',
    }),
    name: arg.string({ required: true, description: 'The name of the model, in any case, or its id.' }),
  }),
  where: (model, _caller, args) =>
    and(
      fitsArgument('model', { id: model.id, key: model.nameKey }, args, 'name'),
      sql`${model.controllerId} in (select c.id from controllers as c where ${fitsArgument('controller', { id: sql`c.id`, key: sql`c.name_key` }, args, 'controller')} and c.deleted_at is null)`,
    ),
})

reads.queryConnection('models', ModelConnection, {
  description: 'The models that the caller may see.',
  authScopes: { signedIn: true },
})

reads.extend(Controller, (f) => ({
  models: f.connection('models', ModelConnection, {
    description: 'The models of the controller that the caller may see.',
  }),
}))

const UserModelConnection = reads.connection('UserModel', {
  table: 'userModels',
  relation: userModelsRelation,
  node: Model,
  via: 'model',
  impliesNode: seesEveryController,
  orders: { NAME: ['nameKey'] },
  defaultOrder: 'NAME',
  filters: {
    name: filters.name('nameKey', 'Only items with a matching name.'),
    access: {
      type: ModelAccess,
      description: 'Only items on which the user has exactly this level.',
      where: (row, args, path) => sql`${row.level} = ${args.param(path, 'int')}`,
    },
  },
  fields: (f) => ({
    access: f.column('level', {
      type: ModelAccess,
      description: 'The highest level that the user has on this item.',
    }),
  }),
})

const UserControllerConnection = reads.connection('UserController', {
  table: 'userControllers',
  relation: userControllersRelation,
  node: Controller,
  via: 'controller',
  // A level ends with its controller or model.
  impliesNode: seesEveryController,
  orders: { NAME: ['nameKey'] },
  defaultOrder: 'NAME',
  filters: {
    name: filters.name('nameKey', 'Only items with a matching name.'),
    access: {
      type: ControllerAccess,
      description: 'Only items on which the user has exactly this level.',
      where: (row, args, path) => sql`${row.level} = ${args.param(path, 'int')}`,
    },
  },
  fields: (f) => ({
    access: f.column('level', {
      type: ControllerAccess,
      description: 'The highest level that the user has on this item.',
    }),
    models: f.connection('models', UserModelConnection, {
      description: 'The models of the controller on which the same user has a level.',
    }),
  }),
})

reads.extend(User, (f) => ({
  controllers: f.connection('reachableControllers', UserControllerConnection, {
    guard: 'record',
    description:
      'The controllers on which the user has a level, with the highest level and the models that the user can access.',
  }),
}))
