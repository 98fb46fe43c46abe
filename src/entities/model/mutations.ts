import { CONTROLLER_LEVEL, MODEL_LEVEL } from '../../authority/levels.ts'
import { nameIssues } from '../../graphql/input-checks.ts'
import { mutation } from '../../mutation/declare.ts'
import { type Finder, type Found, unchanging } from '../../mutation/lookup.ts'
import { target } from '../audit/targets.ts'
import { findController } from '../controller/lookup.ts'
import { Controller } from '../controller/type.ts'
import { findCredential } from '../credential/lookup.ts'
import { type Credential as CredentialRow, readCredentialName, refuseLocked } from '../credential/operations.ts'
import { step } from '../level/operations.ts'
import { findSelf } from '../user/lookup.ts'
import { admins, findPlace, type ModelRefs, placeColumns } from './lookup.ts'
import { changeModel, insertModel, removeModel } from './operations.ts'
import { Model } from './type.ts'

function modelTarget({ controller, model }: ModelRefs) {
  return target('Model', { id: model.id, organizationId: controller.organizationId })
}

/** Finds the credential of the caller with this name; null where no name is given. @throws NotFoundError */
async function findOwnCredential(
  finder: Finder,
  name: string | null | undefined,
): Promise<Found<CredentialRow | null>> {
  if (typeof name !== 'string') return unchanging(null)
  const user = await findSelf(finder, 'credential')
  return findCredential(finder, user.id, name, 'credential', 'SHARE')
}

/** Whether an input names a credential. Using a credential counts as touching credentials. */
function namesCredential({ credential }: { credential?: string | null }): boolean {
  return typeof credential === 'string'
}

mutation({
  name: 'createModel',
  makes: true,
  description: 'Adds a model to a controller. The user who adds it becomes ADMIN on it.',
  input: (t) => ({
    controller: t.string({ required: true, description: 'The name or id of the controller.' }),
    name: t.string({
      required: true,
      description: 'The name of the new model. It is unique on the controller and is compared without regard to case.',
    }),
    credential: t.string({
      description: 'A credential of the caller, with which the model accesses its cloud; none by default.',
    }),
  }),
  payload: (p) => ({ model: p.loaded(Model, 'The model that was added.') }),
  check: (input) => nameIssues('name', input.name),
  find: (finder, input) => ({
    controller: findController(finder, input.controller, 'controller'),
    credential: findOwnCredential(finder, input.credential),
  }),
  target: ({ controller }) => target('Controller', controller),
  may: (by) =>
    by.level('holders of ADD_MODEL on the controller', CONTROLLER_LEVEL.ADD_MODEL, ({ controller }) => ({
      controller,
      model: null,
    })),
  shownOn: [{ on: Controller, as: 'CreateModel', refs: (controller) => ({ controller }) }],
  // The ADMIN level of the user who adds the model is the only grant that the caller need not hold, because the model
  // did not exist before.
  grants: 'nothing',
  touchesCredentials: namesCredential,
  errors: ['CONFLICT'],
  async run({ tx, caller, input: { name }, refs: { controller, credential } }) {
    refuseLocked(credential)
    const id = await insertModel(tx, { name, controllerId: controller.id, credentialId: credential?.id ?? null })
    if (caller.userId !== null) {
      await step(tx, caller, { userId: caller.userId, modelId: id }, { kind: 'SET', level: MODEL_LEVEL.ADMIN }, null)
    }
    const after = { name, controller: controller.name, credential: credential?.name ?? null }
    return {
      values: { model: id },
      isOwnAccess: true,
      change: { target: target('Model', { id, organizationId: controller.organizationId }), after },
    }
  },
})

mutation({
  name: 'updateModel',
  description: 'Changes a model. Fields that are omitted stay as they are.',
  input: (t) => ({
    controller: t.string({ required: true, description: 'The name or id of the controller of the model.' }),
    model: t.string({ required: true, description: 'The name or id of the model.' }),
    name: t.string({ description: 'The new name of the model.' }),
    credential: t.string({
      description: 'A credential of the caller, with which the model accesses its cloud; null removes the credential.',
    }),
  }),
  payload: (p) => ({ model: p.loaded(Model, 'The model after the change.') }),
  check: (input) => nameIssues('name', input.name),
  find: async (finder, input) => ({
    ...(await findPlace(finder, input, 'CHANGE')),
    credential: await findOwnCredential(finder, input.credential),
  }),
  target: modelTarget,
  may: (by) => admins(by),
  shownOn: [{ on: Model, as: 'Update', refs: placeColumns }],
  grants: 'nothing',
  touchesCredentials: namesCredential,
  errors: ['CONFLICT'],
  async run({ tx, input, refs }) {
    const { model, credential } = refs
    refuseLocked(credential)
    const present = await readCredentialName(tx, model.credentialId)
    const credentialId = input.credential === undefined ? undefined : (credential?.id ?? null)
    await changeModel(tx, model.id, { name: input.name ?? undefined, credentialId })
    const sides = {
      before: { name: model.name, credential: present },
      after: {
        name: input.name ?? model.name,
        credential: credentialId === undefined ? present : (credential?.name ?? null),
      },
    }
    return { values: { model: refs.model.id }, change: sides }
  },
})

mutation({
  name: 'deleteModel',
  description:
    'Deletes a model. Every level that was granted on it ends; a new model with the same name does not get these levels.',
  input: (t) => ({
    controller: t.string({ required: true, description: 'The name or id of the controller of the model.' }),
    model: t.string({ required: true, description: 'The name or id of the model.' }),
  }),
  payload: (p) => ({
    deletedId: p.value('ID', 'The id of the deleted model.'),
    name: p.string('The name of the deleted model, which can be used again.'),
    endedGrants: p.value('Int', 'The number of all grants that ended, also of users that the caller does not see.'),
  }),
  find: (finder, input) => findPlace(finder, input, 'CHANGE'),
  target: modelTarget,
  may: (by) =>
    by.level('SUPERUSERs on its controller', CONTROLLER_LEVEL.SUPERUSER, ({ controller }) => ({
      controller,
      model: null,
    })),
  shownOn: [{ on: Model, as: 'Delete', refs: placeColumns }],
  grants: 'nothing',
  async run({ tx, caller, refs }) {
    const endedGrants = await removeModel(tx, caller, refs.model)
    const { name } = refs.model
    return {
      values: { deletedId: `model_${refs.model.id}`, name, endedGrants },
      change: { before: { name, endedGrants } },
    }
  },
})
