import { grantedLevel } from '../../authority/guard.ts'
import { CONTROLLER_LEVEL } from '../../authority/levels.ts'
import type { rulesFor } from '../../authority/rule.ts'
import { ControllerAccess } from '../../graphql/enums.ts'
import { mutation } from '../../mutation/declare.ts'
import type { Finder } from '../../mutation/lookup.ts'
import { target } from '../audit/targets.ts'
import { endOf, levelIssues, levelsAround, revokedLevelIssues, stepChange } from '../level/input.ts'
import { step } from '../level/operations.ts'
import { findUser, type UserReference } from '../user/lookup.ts'
import { User } from '../user/type.ts'
import { findController } from './lookup.ts'
import type { Controller as ControllerRow } from './operations.ts'
import { Controller } from './type.ts'

async function findBoth(finder: Finder, input: { user: string; controller: string }) {
  return {
    user: await findUser(finder, input.user, 'user'),
    controller: await findController(finder, input.controller, 'controller'),
  }
}

interface Refs {
  user: UserReference
  controller: ControllerRow
}

/** The rule for users that are SUPERUSER on the controller, by a grant or because they manage controllers. */
function superusers(by: ReturnType<typeof rulesFor<Refs>>) {
  return by.level('SUPERUSERs on the controller', CONTROLLER_LEVEL.SUPERUSER, ({ controller }) => ({
    controller,
    model: null,
  }))
}

const PLACE = {
  user: 'The username or id of the user.',
  controller: 'The name or id of the controller.',
}

mutation({
  name: 'grantControllerAccess',
  description:
    'Raises a user to a level on a controller. It never lowers a level: a user who already has this level or a higher one for as long keeps it. A level with a planned end is not granted to a user who has a lower level for longer; use `setControllerAccess` instead.',
  input: (t) => ({
    user: t.string({ required: true, description: PLACE.user }),
    controller: t.string({ required: true, description: PLACE.controller }),
    access: t.field({
      type: ControllerAccess,
      required: true,
      description: 'The level that the user has at least after the change.',
    }),
    expiresAt: t.field({ type: 'DateTime', description: 'The planned end of the level; by default it has none.' }),
  }),
  payload: (p) => ({
    user: p.loaded(User, 'The user after the change.'),
    controller: p.loaded(Controller, 'The controller with its holders after the change.'),
    changed: p.boolean('False where the user already had this level or a higher one for as long.'),
  }),
  check: levelIssues,
  find: findBoth,
  target: ({ user }) => target('User', user),
  may: (by) => superusers(by),
  shownOn: [{ on: Controller, as: 'GrantAccess', refs: (controller) => ({ controller }) }],
  grants: ({ input, refs }) =>
    grantedLevel({ controllerId: refs.controller.id, modelId: null, level: input.access, expiresAt: endOf(input) }),
  errors: ['CONFLICT'],
  async run({ tx, caller, input, refs: { user, controller } }) {
    const place = { userId: user.id, controllerId: controller.id }
    const expiresAt = endOf(input)
    const stepped = await step(tx, caller, place, { kind: 'GRANT', level: input.access }, expiresAt)
    return {
      values: { user: user.id, controller: controller.id, changed: stepped.changed },
      isOwnAccess: user.id === caller.userId,
      change: stepChange(stepped, { controller: controller.name }),
    }
  },
})

mutation({
  name: 'revokeControllerAccess',
  description:
    'Lowers a user to the level below the given one on a controller, or revokes every level that the user was granted on it. It never raises a level, and a level that the user does not have is ignored. Every user may revoke their own level.',
  input: (t) => ({
    user: t.string({ required: true, description: PLACE.user }),
    controller: t.string({ required: true, description: PLACE.controller }),
    access: t.field({
      type: ControllerAccess,
      description: 'The level to revoke; where it is omitted, every level is revoked.',
    }),
  }),
  payload: (p) => ({
    user: p.loadedIfAny(User, 'The user after the change; null where the caller may not see them any more.'),
    controller: p.loadedIfAny(Controller, 'The controller; null where the caller may no longer see it.'),
    before: p.valueIfAny(ControllerAccess, 'The level that was granted before the change; null where there was none.'),
    after: p.valueIfAny(ControllerAccess, 'The level that is granted after the change; null where there is none.'),
    changed: p.boolean('False where the user did not have the revoked level.'),
  }),
  check: ({ access }) => revokedLevelIssues(access),
  find: findBoth,
  target: ({ user }) => target('User', user),
  may: (by) =>
    by.either(
      by.self((refs) => refs.user.id),
      by.notAgainstAdministrator(superusers(by), (refs) => refs.user),
    ),
  grants: 'nothing',
  async run({ tx, caller, input, refs: { user, controller } }) {
    const level = input.access ?? null
    const place = { userId: user.id, controllerId: controller.id }
    const stepped = await step(tx, caller, place, { kind: 'REVOKE', level }, null)
    return {
      values: { user: user.id, controller: controller.id, ...levelsAround(stepped), changed: stepped.changed },
      isOwnAccess: user.id === caller.userId,
      change: stepChange(stepped, { controller: controller.name }),
    }
  },
})

mutation({
  name: 'setControllerAccess',
  description:
    'Sets the exact level that a user is granted on a controller, whatever level the user was granted before.',
  input: (t) => ({
    user: t.string({ required: true, description: PLACE.user }),
    controller: t.string({ required: true, description: PLACE.controller }),
    access: t.field({
      type: ControllerAccess,
      required: true,
      description: 'The level that the user has exactly after the change.',
    }),
    expiresAt: t.field({ type: 'DateTime', description: 'The planned end of the level; by default it has none.' }),
  }),
  payload: (p) => ({
    user: p.loaded(User, 'The user after the change.'),
    controller: p.loaded(Controller, 'The controller with its holders after the change.'),
    changed: p.boolean('False where the user already had exactly this level with this planned end.'),
  }),
  check: levelIssues,
  find: findBoth,
  target: ({ user }) => target('User', user),
  may: (by) => by.notAgainstAdministrator(superusers(by), (refs) => refs.user),
  grants: ({ input, refs }) =>
    grantedLevel({ controllerId: refs.controller.id, modelId: null, level: input.access, expiresAt: endOf(input) }),
  async run({ tx, caller, input, refs: { user, controller } }) {
    const place = { userId: user.id, controllerId: controller.id }
    const expiresAt = endOf(input)
    const stepped = await step(tx, caller, place, { kind: 'SET', level: input.access }, expiresAt)
    return {
      values: { user: user.id, controller: controller.id, changed: stepped.changed },
      isOwnAccess: user.id === caller.userId,
      change: stepChange(stepped, { controller: controller.name }),
    }
  },
})
