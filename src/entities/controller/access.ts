import { levelConfers } from '../../authority/guard.ts'
import type { rulesFor } from '../../authority/rule.ts'
import { ControllerAccess } from '../../graphql/enums.ts'
import { mutation } from '../../mutation/declare.ts'
import type { Finder } from '../../mutation/lookup.ts'
import { endOf, levelIssues, stepChange } from '../level/input.ts'
import { step } from '../level/operations.ts'
import { findUser } from '../user/lookup.ts'
import { User } from '../user/type.ts'
import { findController } from './lookup.ts'
import { Controller } from './type.ts'

async function findBoth(finder: Finder, input: { user: string; controller: string }) {
  return {
    user: await findUser(finder, input.user, 'user'),
    controller: await findController(finder, input.controller, 'controller'),
  }
}

type Both = Awaited<ReturnType<typeof findBoth>>

/** By grant, or as a manager of controllers. */
function superusers(by: ReturnType<typeof rulesFor<Both>>) {
  return by.level('SUPERUSERs on the controller', 3, ({ controller }) => ({ controller, model: null }))
}

const PLACE = {
  user: 'Their username.',
  controller: 'The name of the controller.',
}

mutation({
  name: 'grantControllerAccess',
  description:
    'Raises a user to a level on a controller. It never lowers: who has as much for as long keeps it. A level with an end is not granted over a lower one that lasts longer: set it.',
  input: (t) => ({
    user: t.string({ required: true, description: PLACE.user }),
    controller: t.string({ required: true, description: PLACE.controller }),
    access: t.field({ type: ControllerAccess, required: true, description: 'The level to have at least.' }),
    expiresAt: t.field({ type: 'DateTime', description: 'A planned end; none by default.' }),
  }),
  payload: (p) => ({
    user: p.loaded(User, 'The user after the change.'),
    controller: p.loaded(Controller, 'The controller, with its holders after the change.'),
    changed: p.boolean('False where they had as much for as long already.'),
  }),
  check: levelIssues,
  find: findBoth,
  may: (by) => superusers(by),
  shownOn: [{ on: Controller, as: 'GrantAccess', refs: (controller) => ({ controller }) }],
  confers: ({ input, refs }) =>
    levelConfers({ controllerId: refs.controller.id, modelId: null, level: input.access, expiresAt: endOf(input) }),
  errors: ['CONFLICT'],
  async run({ tx, caller, input, refs: { user, controller } }) {
    const place = { userId: user.id, controllerId: controller.id }
    const expiresAt = endOf(input)
    const stepped = await step(tx, caller, place, { kind: 'GRANT', level: input.access }, expiresAt)
    return {
      values: { user: user.id, controller: controller.id, changed: stepped.changed },
      isOwnAccess: user.id === caller.userId,
      change: stepChange(user, stepped, { controller: controller.name }),
    }
  },
})

mutation({
  name: 'revokeControllerAccess',
  description:
    'Lowers a user to one below a level on a controller, or takes away all they were granted there. It never raises; what is not held is passed over. Anyone may give up their own.',
  input: (t) => ({
    user: t.string({ required: true, description: PLACE.user }),
    controller: t.string({ required: true, description: PLACE.controller }),
    access: t.field({ type: ControllerAccess, description: 'The level to take away; omitted, all.' }),
  }),
  payload: (p) => ({
    user: p.loaded(User, 'The user after the change.'),
    controller: p.loaded(Controller, 'The controller; null where the caller may no longer see it.'),
    changed: p.boolean('False where they did not have it.'),
  }),
  find: findBoth,
  may: (by) =>
    by.either(
      by.self((refs) => refs.user.id),
      by.notAgainstAdministrator(superusers(by), (refs) => refs.user),
    ),
  confers: 'nothing',
  async run({ tx, caller, input, refs: { user, controller } }) {
    const level = input.access ?? null
    const place = { userId: user.id, controllerId: controller.id }
    const stepped = await step(tx, caller, place, { kind: 'REVOKE', level }, null)
    return {
      values: { user: user.id, controller: controller.id, changed: stepped.changed },
      isOwnAccess: user.id === caller.userId,
      change: stepChange(user, stepped, { controller: controller.name }),
    }
  },
})

mutation({
  name: 'setControllerAccess',
  description: 'Gives a user exactly a level on a controller, whatever they were granted there before.',
  input: (t) => ({
    user: t.string({ required: true, description: PLACE.user }),
    controller: t.string({ required: true, description: PLACE.controller }),
    access: t.field({ type: ControllerAccess, required: true, description: 'The level to have exactly.' }),
    expiresAt: t.field({ type: 'DateTime', description: 'A planned end; none by default.' }),
  }),
  payload: (p) => ({
    user: p.loaded(User, 'The user after the change.'),
    controller: p.loaded(Controller, 'The controller, with its holders after the change.'),
    changed: p.boolean('False where they had exactly that.'),
  }),
  check: levelIssues,
  find: findBoth,
  may: (by) => by.notAgainstAdministrator(superusers(by), (refs) => refs.user),
  confers: ({ input, refs }) =>
    levelConfers({ controllerId: refs.controller.id, modelId: null, level: input.access, expiresAt: endOf(input) }),
  async run({ tx, caller, input, refs: { user, controller } }) {
    const place = { userId: user.id, controllerId: controller.id }
    const expiresAt = endOf(input)
    const stepped = await step(tx, caller, place, { kind: 'SET', level: input.access }, expiresAt)
    return {
      values: { user: user.id, controller: controller.id, changed: stepped.changed },
      isOwnAccess: user.id === caller.userId,
      change: stepChange(user, stepped, { controller: controller.name }),
    }
  },
})
