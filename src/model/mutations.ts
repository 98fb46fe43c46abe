import { step } from '../access/operations.ts'
import { controllerLevel } from '../auth/caller.ts'
import { lacksSuperuser } from '../controller/access.ts'
import { findController } from '../controller/type.ts'
import { mutation } from '../mutation.ts'
import { nameIssues } from '../validate.ts'
import { insertModel, removeModel, renameModel } from './operations.ts'
import { findPlace, lacksAdmin, type ModelRefs } from './reference.ts'
import { Model } from './type.ts'

const ADMIN = 3

function modelChange({ controller, model }: ModelRefs, sides: { before?: object; after?: object }) {
  const change = { targetType: 'Model' as const, targetId: model.id, organizationId: controller.organizationId }
  return { ...change, ...sides } as typeof change
}

mutation({
  name: 'createModel',
  description: 'Adds a model to a controller. Whoever adds it is ADMIN on it.',
  input: (t) => ({
    controller: t.string({ required: true, description: 'The name of the controller.' }),
    name: t.string({ required: true, description: 'Unique on the controller, whatever its case.' }),
  }),
  payload: (p) => ({ model: p.loaded(Model, 'The new model.') }),
  check: (input) => nameIssues('name', input.name),
  find: async (finder, input) => ({ controller: await findController(finder, input.controller, 'controller') }),
  may: (by) =>
    by.whoever('holders of ADD_MODEL on the controller', (caller, refs) =>
      controllerLevel(caller, refs.controller) >= 2 ? [] : ['ADD_MODEL on the controller'],
    ),
  // The maker's ADMIN is the one thing conferred that its giver need not hold: there was no model to hold it on.
  confers: 'nothing',
  errors: ['CONFLICT'],
  async run({ tx, caller, input: { name }, refs: { controller } }) {
    const id = await insertModel(tx, { name, controllerId: controller.id })
    if (caller.userId !== null) {
      await step(tx, caller, { userId: caller.userId, modelId: id }, { kind: 'SET', level: ADMIN }, null)
    }
    const after = { name, controller: controller.name }
    return {
      values: { model: id },
      isOwnAccess: true,
      change: { targetType: 'Model', targetId: id, organizationId: controller.organizationId, after },
    }
  },
})

mutation({
  name: 'updateModel',
  description: 'Renames a model.',
  input: (t) => ({
    controller: t.string({ required: true, description: 'The name of its controller.' }),
    model: t.string({ required: true, description: 'Its name.' }),
    name: t.string({ required: true, description: 'The new name.' }),
  }),
  payload: (p) => ({ model: p.loaded(Model, 'The model after the change.') }),
  check: (input) => nameIssues('name', input.name),
  find: (finder, input) => findPlace(finder, input, 'CHANGE'),
  may: (by) => by.whoever('ADMINs on the model', lacksAdmin),
  confers: 'nothing',
  errors: ['CONFLICT'],
  async run({ tx, input, refs }) {
    await renameModel(tx, refs.model.id, input.name)
    const sides = { before: { name: refs.model.name }, after: { name: input.name } }
    return { values: { model: refs.model.id }, change: modelChange(refs, sides) }
  },
})

mutation({
  name: 'deleteModel',
  description: 'Removes a model. Every level on it ends; a new model of its name starts with none.',
  input: (t) => ({
    controller: t.string({ required: true, description: 'The name of its controller.' }),
    model: t.string({ required: true, description: 'Its name.' }),
  }),
  payload: (p) => ({
    name: p.string('The name that is free again.'),
    endedGrants: p.value('Int', 'How many levels ended.'),
  }),
  find: (finder, input) => findPlace(finder, input, 'CHANGE'),
  may: (by) => by.whoever('SUPERUSERs on its controller', (caller, refs) => lacksSuperuser(caller, refs.controller)),
  confers: 'nothing',
  async run({ tx, caller, refs }) {
    const endedGrants = await removeModel(tx, caller, refs.model)
    const { name } = refs.model
    return { values: { name, endedGrants }, change: modelChange(refs, { before: { name, endedGrants } }) }
  },
})
