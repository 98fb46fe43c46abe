import { levelConfers } from '../../authority/guard.ts'
import { ModelAccess } from '../../graphql/enums.ts'
import { mutation } from '../../mutation/declare.ts'
import type { Finder } from '../../mutation/lookup.ts'
import { endOf, levelIssues, stepChange } from '../level/input.ts'
import { step } from '../level/operations.ts'
import { findUser } from '../user/lookup.ts'
import { User } from '../user/type.ts'
import { admins, findPlace, placeColumns } from './lookup.ts'
import { Model } from './type.ts'

async function findAll(finder: Finder, input: { user: string; controller: string; model: string }) {
  return { user: await findUser(finder, input.user, 'user'), ...(await findPlace(finder, input, 'SHARE')) }
}

const PLACE = {
  user: 'Their username.',
  controller: 'The name of the controller.',
  model: 'The name of the model.',
}

mutation({
  name: 'grantModelAccess',
  description:
    'Raises a user to a level on a model. It never lowers: who has as much for as long keeps it. A level with an end is not granted over a lower one that lasts longer: set it.',
  input: (t) => ({
    user: t.string({ required: true, description: PLACE.user }),
    controller: t.string({ required: true, description: PLACE.controller }),
    model: t.string({ required: true, description: PLACE.model }),
    access: t.field({ type: ModelAccess, required: true, description: 'The level to have at least.' }),
    expiresAt: t.field({ type: 'DateTime', description: 'A planned end; none by default.' }),
  }),
  payload: (p) => ({
    user: p.loaded(User, 'The user after the change.'),
    model: p.loaded(Model, 'The model, with its holders after the change.'),
    changed: p.boolean('False where they had as much for as long already.'),
  }),
  check: levelIssues,
  find: findAll,
  may: (by) => admins(by),
  shownOn: [{ on: Model, as: 'GrantAccess', refs: placeColumns }],
  confers: ({ input, refs }) =>
    levelConfers({
      controllerId: refs.controller.id,
      modelId: refs.model.id,
      level: input.access,
      expiresAt: endOf(input),
    }),
  errors: ['CONFLICT'],
  async run({ tx, caller, input, refs: { user, controller, model } }) {
    const place = { userId: user.id, modelId: model.id }
    const expiresAt = endOf(input)
    const stepped = await step(tx, caller, place, { kind: 'GRANT', level: input.access }, expiresAt)
    return {
      values: { user: user.id, model: model.id, changed: stepped.changed },
      isOwnAccess: user.id === caller.userId,
      change: stepChange(user, stepped, { controller: controller.name, model: model.name }),
    }
  },
})

mutation({
  name: 'revokeModelAccess',
  description:
    'Lowers a user to one below a level on a model, or takes away all they were granted there. It never raises; what is not held is passed over. Anyone may give up their own.',
  input: (t) => ({
    user: t.string({ required: true, description: PLACE.user }),
    controller: t.string({ required: true, description: PLACE.controller }),
    model: t.string({ required: true, description: PLACE.model }),
    access: t.field({ type: ModelAccess, description: 'The level to take away; omitted, all.' }),
  }),
  payload: (p) => ({
    user: p.loaded(User, 'The user after the change.'),
    model: p.loaded(Model, 'The model; null where the caller may no longer see it.'),
    changed: p.boolean('False where they did not have it.'),
  }),
  find: findAll,
  may: (by) =>
    by.either(
      by.self((refs) => refs.user.id),
      by.notAgainstAdministrator(admins(by), (refs) => refs.user),
    ),
  confers: 'nothing',
  async run({ tx, caller, input, refs: { user, controller, model } }) {
    const level = input.access ?? null
    const stepped = await step(tx, caller, { userId: user.id, modelId: model.id }, { kind: 'REVOKE', level }, null)
    return {
      values: { user: user.id, model: model.id, changed: stepped.changed },
      isOwnAccess: user.id === caller.userId,
      change: stepChange(user, stepped, { controller: controller.name, model: model.name }),
    }
  },
})

mutation({
  name: 'setModelAccess',
  description: 'Gives a user exactly a level on a model, whatever they were granted there before.',
  input: (t) => ({
    user: t.string({ required: true, description: PLACE.user }),
    controller: t.string({ required: true, description: PLACE.controller }),
    model: t.string({ required: true, description: PLACE.model }),
    access: t.field({ type: ModelAccess, required: true, description: 'The level to have exactly.' }),
    expiresAt: t.field({ type: 'DateTime', description: 'A planned end; none by default.' }),
  }),
  payload: (p) => ({
    user: p.loaded(User, 'The user after the change.'),
    model: p.loaded(Model, 'The model, with its holders after the change.'),
    changed: p.boolean('False where they had exactly that.'),
  }),
  check: levelIssues,
  find: findAll,
  may: (by) => by.notAgainstAdministrator(admins(by), (refs) => refs.user),
  confers: ({ input, refs }) =>
    levelConfers({
      controllerId: refs.controller.id,
      modelId: refs.model.id,
      level: input.access,
      expiresAt: endOf(input),
    }),
  async run({ tx, caller, input, refs: { user, controller, model } }) {
    const place = { userId: user.id, modelId: model.id }
    const expiresAt = endOf(input)
    const stepped = await step(tx, caller, place, { kind: 'SET', level: input.access }, expiresAt)
    return {
      values: { user: user.id, model: model.id, changed: stepped.changed },
      isOwnAccess: user.id === caller.userId,
      change: stepChange(user, stepped, { controller: controller.name, model: model.name }),
    }
  },
})
