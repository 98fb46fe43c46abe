import { grantedLevel } from '../../authority/guard.ts'
import { ModelAccess } from '../../graphql/enums.ts'
import { mutation } from '../../mutation/declare.ts'
import type { Finder } from '../../mutation/lookup.ts'
import { target } from '../audit/targets.ts'
import { endOf, levelIssues, levelsAround, revokedLevelIssues, stepChange } from '../level/input.ts'
import { step } from '../level/operations.ts'
import { findUser } from '../user/lookup.ts'
import { User } from '../user/type.ts'
import { admins, findPlace, placeColumns } from './lookup.ts'
import { Model } from './type.ts'

async function findAll(finder: Finder, input: { user: string; controller: string; model: string }) {
  return { user: await findUser(finder, input.user, 'user'), ...(await findPlace(finder, input, 'SHARE')) }
}

const PLACE = {
  user: 'The username or id of the user.',
  controller: 'The name or id of the controller.',
  model: 'The name or id of the model.',
}

mutation({
  name: 'grantModelAccess',
  description:
    'Raises a user to a level on a model. It never lowers a level: a user who already has this level or a higher one for as long keeps it. A level with a planned end is not granted to a user who has a lower level for longer; use `setModelAccess` instead.',
  input: (t) => ({
    user: t.string({ required: true, description: PLACE.user }),
    controller: t.string({ required: true, description: PLACE.controller }),
    model: t.string({ required: true, description: PLACE.model }),
    access: t.field({
      type: ModelAccess,
      required: true,
      description: 'The level that the user has at least after the change.',
    }),
    expiresAt: t.field({ type: 'DateTime', description: 'The planned end of the level; by default it has none.' }),
  }),
  payload: (p) => ({
    user: p.loaded(User, 'The user after the change.'),
    model: p.loaded(Model, 'The model with its holders after the change.'),
    changed: p.boolean('False where the user already had this level or a higher one for as long.'),
  }),
  check: levelIssues,
  find: findAll,
  target: ({ user }) => target('User', user),
  may: (by) => admins(by),
  shownOn: [{ on: Model, as: 'GrantAccess', refs: placeColumns }],
  grants: ({ input, refs }) =>
    grantedLevel({
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
      change: stepChange(stepped, { controller: controller.name, model: model.name }),
    }
  },
})

mutation({
  name: 'revokeModelAccess',
  description:
    'Lowers a user to the level below the given one on a model, or revokes every level that the user was granted on it. It never raises a level, and a level that the user does not have is ignored. Every user may revoke their own level.',
  input: (t) => ({
    user: t.string({ required: true, description: PLACE.user }),
    controller: t.string({ required: true, description: PLACE.controller }),
    model: t.string({ required: true, description: PLACE.model }),
    access: t.field({
      type: ModelAccess,
      description: 'The level to revoke; where it is omitted, every level is revoked.',
    }),
  }),
  payload: (p) => ({
    user: p.loadedIfAny(User, 'The user after the change; null where the caller may not see them any more.'),
    model: p.loadedIfAny(Model, 'The model; null where the caller may no longer see it.'),
    before: p.valueIfAny(ModelAccess, 'The level that was granted before the change; null where there was none.'),
    after: p.valueIfAny(ModelAccess, 'The level that is granted after the change; null where there is none.'),
    changed: p.boolean('False where the user did not have the revoked level.'),
  }),
  check: ({ access }) => revokedLevelIssues(access),
  find: findAll,
  target: ({ user }) => target('User', user),
  may: (by) =>
    by.either(
      by.self((refs) => refs.user.id),
      by.notAgainstAdministrator(admins(by), (refs) => refs.user),
    ),
  grants: 'nothing',
  async run({ tx, caller, input, refs: { user, controller, model } }) {
    const level = input.access ?? null
    const stepped = await step(tx, caller, { userId: user.id, modelId: model.id }, { kind: 'REVOKE', level }, null)
    return {
      values: { user: user.id, model: model.id, ...levelsAround(stepped), changed: stepped.changed },
      isOwnAccess: user.id === caller.userId,
      change: stepChange(stepped, { controller: controller.name, model: model.name }),
    }
  },
})

mutation({
  name: 'setModelAccess',
  description: 'Sets the exact level that a user is granted on a model, whatever level the user was granted before.',
  input: (t) => ({
    user: t.string({ required: true, description: PLACE.user }),
    controller: t.string({ required: true, description: PLACE.controller }),
    model: t.string({ required: true, description: PLACE.model }),
    access: t.field({
      type: ModelAccess,
      required: true,
      description: 'The level that the user has exactly after the change.',
    }),
    expiresAt: t.field({ type: 'DateTime', description: 'The planned end of the level; by default it has none.' }),
  }),
  payload: (p) => ({
    user: p.loaded(User, 'The user after the change.'),
    model: p.loaded(Model, 'The model with its holders after the change.'),
    changed: p.boolean('False where the user already had exactly this level with this planned end.'),
  }),
  check: levelIssues,
  find: findAll,
  target: ({ user }) => target('User', user),
  may: (by) => by.notAgainstAdministrator(admins(by), (refs) => refs.user),
  grants: ({ input, refs }) =>
    grantedLevel({
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
      change: stepChange(stepped, { controller: controller.name, model: model.name }),
    }
  },
})
