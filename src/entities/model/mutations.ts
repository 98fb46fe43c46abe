import { nameIssues } from '../../graphql/input-checks.ts'
import { mutation } from '../../mutation/declare.ts'
import type { Finder } from '../../mutation/lookup.ts'
import { changeOf, type Sides } from '../audit/operations.ts'
import { findController } from '../controller/lookup.ts'
import { Controller } from '../controller/type.ts'
import { findCredential } from '../credential/lookup.ts'
import { readCredentialName } from '../credential/operations.ts'
import { step } from '../level/operations.ts'
import { findSelf } from '../user/lookup.ts'
import { admins, findPlace, type ModelRefs, placeColumns } from './lookup.ts'
import { changeModel, insertModel, removeModel } from './operations.ts'
import { Model } from './type.ts'

const ADMIN = 3

function modelChange({ controller, model }: ModelRefs, sides: Sides) {
  return changeOf('Model', { id: model.id, organizationId: controller.organizationId }, sides)
}

/** The caller's own credential of this name. @throws NotFoundError */
async function findOwnCredential(finder: Finder, name: string | null | undefined) {
  if (typeof name !== 'string') return null
  const user = await findSelf(finder, 'credential')
  return findCredential(finder, user.id, name, 'credential', 'SHARE')
}

/** Using a credential is touching it. */
function namesCredential({ credential }: { credential?: string | null }): boolean {
  return typeof credential === 'string'
}

mutation({
  name: 'createModel',
  description: 'Adds a model to a controller. Whoever adds it is ADMIN on it.',
  input: (t) => ({
    controller: t.string({ required: true, description: 'The name of the controller.' }),
    name: t.string({ required: true, description: 'Unique on the controller, whatever its case.' }),
    credential: t.string({
      description: 'A credential of the caller’s own, to reach its cloud with; none by default.',
    }),
  }),
  payload: (p) => ({ model: p.loaded(Model, 'The new model.') }),
  check: (input) => nameIssues('name', input.name),
  find: async (finder, input) => ({
    controller: await findController(finder, input.controller, 'controller'),
    credential: await findOwnCredential(finder, input.credential),
  }),
  may: (by) => by.level('holders of ADD_MODEL on the controller', 2, ({ controller }) => ({ controller, model: null })),
  shownOn: [{ on: Controller, as: 'CreateModel', refs: (controller) => ({ controller }) }],
  // The maker's ADMIN is the one thing conferred that its giver need not hold: there was no model to hold it on.
  confers: 'nothing',
  touchesCredentials: namesCredential,
  errors: ['CONFLICT'],
  async run({ tx, caller, input: { name }, refs: { controller, credential } }) {
    const id = await insertModel(tx, { name, controllerId: controller.id, credentialId: credential?.id ?? null })
    if (caller.userId !== null) {
      await step(tx, caller, { userId: caller.userId, modelId: id }, { kind: 'SET', level: ADMIN }, null)
    }
    const after = { name, controller: controller.name, credential: credential?.name ?? null }
    return {
      values: { model: id },
      isOwnAccess: true,
      change: { targetType: 'Model', targetId: id, organizationId: controller.organizationId, after },
    }
  },
})

mutation({
  name: 'updateModel',
  description: 'Changes a model. What is omitted stays.',
  input: (t) => ({
    controller: t.string({ required: true, description: 'The name of its controller.' }),
    model: t.string({ required: true, description: 'Its name.' }),
    name: t.string({ description: 'The new name.' }),
    credential: t.string({
      description: 'A credential of the caller’s own, to reach its cloud with; null takes it away.',
    }),
  }),
  payload: (p) => ({ model: p.loaded(Model, 'The model after the change.') }),
  check: (input) => nameIssues('name', input.name),
  find: async (finder, input) => ({
    ...(await findPlace(finder, input, 'CHANGE')),
    credential: await findOwnCredential(finder, input.credential),
  }),
  may: (by) => admins(by),
  shownOn: [{ on: Model, as: 'Update', refs: placeColumns }],
  confers: 'nothing',
  touchesCredentials: namesCredential,
  errors: ['CONFLICT'],
  async run({ tx, input, refs }) {
    const { model, credential } = refs
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
  may: (by) => by.level('SUPERUSERs on its controller', 3, ({ controller }) => ({ controller, model: null })),
  shownOn: [{ on: Model, as: 'Delete', refs: placeColumns }],
  confers: 'nothing',
  async run({ tx, caller, refs }) {
    const endedGrants = await removeModel(tx, caller, refs.model)
    const { name } = refs.model
    return { values: { name, endedGrants }, change: modelChange(refs, { before: { name, endedGrants } }) }
  },
})
