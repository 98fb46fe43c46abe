import { and, eq, or, type SQL, sql } from 'drizzle-orm'
import {
  type modelHolders,
  modelHoldersRelation,
  userControllersRelation,
  userModelsRelation,
} from '../../authority/derived.ts'
import { CONTROLLER_LEVEL, MODEL_LEVEL } from '../../authority/levels.ts'
import {
  hasControllerLevel,
  hasModelLevel,
  isCaller,
  isThere,
  seesControllersOf,
  seesEveryController,
} from '../../authority/visibility.ts'
import { filters, reads } from '../../graphql/builder.ts'
import { AccessVia, ControllerAccess, ModelAccess } from '../../graphql/enums.ts'
import type { CallerScope } from '../../read/spec.ts'
import { Controller } from '../controller/type.ts'
import { Role } from '../role/type.ts'
import { User } from '../user/type.ts'

function seesControllersOfModel(caller: CallerScope, controllerId: unknown): SQL {
  return sql`exists (select from controllers as c where c.id = ${controllerId} and ${seesControllersOf(caller, sql`c.organization_id`)})`
}

/** Its ADMINs, and who sees its controller whole. */
function seesModelWhole(model: { id: unknown; controllerId: unknown }, caller: CallerScope): SQL | undefined {
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
  description: 'A workspace on a controller. Seen by whoever has a level on it, and by who sees its controller whole.',
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
    admin: { allows: seesModelWhole, missing: 'ADMIN on the model', needs: { what: 'ADMIN', where: 'on the model' } },
  },
  fields: (f) => ({
    name: f.column('name', { type: 'String', description: 'Unique on its controller, whatever its case.' }),
    controller: f.one('controller', Controller, { implied: true, description: 'Where it lives, for good.' }),
    createdAt: f.column('createdAt', { type: 'DateTime', description: 'When it was added.' }),
  }),
})

const ModelConnection = reads.connection('Model', {
  table: 'models',
  node: Model,
  orders: { NAME: ['nameKey'], CREATED_AT: ['createdAt'] },
  defaultOrder: 'NAME',
  filters: {
    name: filters.name('nameKey', 'Only those whose name fits.'),
    createdAt: filters.time('createdAt', 'Only what was added then.'),
  },
})

reads.queryOne('model', Model, {
  description: 'A model by its controller and name.',
  authScopes: { signedIn: true },
  args: (arg) => ({
    controller: arg.string({ required: true, description: 'The name of its controller, in any case.' }),
    name: arg.string({ required: true, description: 'Its name, in any case.' }),
  }),
  where: (model, _caller, args) =>
    and(
      eq(model.nameKey, sql`lower(${args.param('name', 'text')})`),
      sql`${model.controllerId} in (select c.id from controllers as c where c.name_key = lower(${args.param('controller', 'text')}) and c.deleted_at is null)`,
    ),
})

reads.queryConnection('models', ModelConnection, {
  description: 'The models the caller may see.',
  authScopes: { signedIn: true },
})

/** Who may see how somebody reaches a model: themselves, and who sees the model whole. */
function mayReadHolder(holder: typeof modelHolders, caller: CallerScope): SQL | undefined {
  const whole = seesModelWhole({ id: holder.modelId, controllerId: holder.controllerId }, caller)
  return whole && or(isCaller(caller, holder.userId), whole)
}

const ModelHolderConnection = reads.connection('ModelHolder', {
  table: 'modelHolders',
  relation: modelHoldersRelation,
  hasPast: true,
  node: User,
  via: 'user',
  visible: mayReadHolder,
  orders: { SINCE: ['since'] },
  defaultOrder: 'SINCE',
  fields: (f) => ({
    access: f.column('level', { type: ModelAccess as never, description: 'The level they have by this way.' }),
    via: f.column('via', { type: AccessVia as never, description: 'Through what they have it.' }),
    role: f.one('role', Role, { description: 'The role that gives it, where one does; null where hidden.' }),
    since: f.column('since', { type: 'DateTime', description: 'Since when they have it.' }),
    until: f.column('until', { type: 'DateTime', description: 'Its planned end; null is none.' }),
  }),
})

reads.extend(Controller, (f) => ({
  models: f.connection('models', ModelConnection, { description: 'Its models that the caller may see.' }),
}))

reads.extend(Model, (f) => ({
  holders: f.connection('holders', ModelHolderConnection, {
    description: 'Who can reach it and through what, one item per way, as far as the caller may know.',
  }),
}))

const UserModelConnection = reads.connection('UserModel', {
  table: 'userModels',
  relation: userModelsRelation,
  node: Model,
  via: 'model',
  orders: { NAME: ['nameKey'] },
  defaultOrder: 'NAME',
  filters: {
    name: filters.name('nameKey', 'Only those whose name fits.'),
    access: {
      type: ModelAccess as never,
      description: 'Only those on which they have exactly this level.',
      where: (row, args, path) => sql`${row.level} = ${args.param(path, 'int')}`,
    },
  },
  fields: (f) => ({
    access: f.column('level', { type: ModelAccess as never, description: 'The highest level they have on it.' }),
  }),
})

const UserControllerConnection = reads.connection('UserController', {
  table: 'userControllers',
  relation: userControllersRelation,
  node: Controller,
  via: 'controller',
  orders: { NAME: ['nameKey'] },
  defaultOrder: 'NAME',
  filters: {
    name: filters.name('nameKey', 'Only those whose name fits.'),
    access: {
      type: ControllerAccess as never,
      description: 'Only those on which they have exactly this level.',
      where: (row, args, path) => sql`${row.level} = ${args.param(path, 'int')}`,
    },
  },
  fields: (f) => ({
    access: f.column('level', { type: ControllerAccess as never, description: 'The highest level they have on it.' }),
    models: f.connection('models', UserModelConnection, {
      description: 'The models of the controller that the same user can reach.',
    }),
  }),
})

reads.extend(User, (f) => ({
  controllers: f.connection('reachableControllers', UserControllerConnection, {
    guard: 'record',
    description: 'The controllers they can reach, with their highest level and their models there.',
  }),
}))
