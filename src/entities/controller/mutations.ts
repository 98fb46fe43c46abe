import { inOrganization } from '../../authority/caller.ts'
import { nameIssues } from '../../graphql/input-checks.ts'
import { mutation } from '../../mutation/declare.ts'
import { target } from '../audit/targets.ts'
import { findHomeOrganization } from '../organization/lookup.ts'
import { Organization } from '../organization/type.ts'
import { findController } from './lookup.ts'
import { type Controller as ControllerRow, changeController, insertController, removeController } from './operations.ts'
import { Controller } from './type.ts'

const ofController = ({ controller }: { controller: ControllerRow }) => inOrganization(controller.organizationId)

function typeIssues(type: string | null | undefined) {
  if (type === undefined) return []
  return nameIssues('type', type).map(({ path }) => ({
    path,
    message: 'A type has 1 to 64 letters, digits, ".", "_" or "-".',
  }))
}

mutation({
  name: 'createController',
  makes: true,
  description:
    'Registers a controller. At first, only users that manage the controllers of its organization have a level on it.',
  input: (t) => ({
    name: t.string({
      required: true,
      description: 'The name of the new controller. It is unique in the server and is compared without regard to case.',
    }),
    type: t.string({ required: true, description: 'The cloud that the controller runs on, like `google`.' }),
    organization: t.string({
      description:
        'The name or id of the organization that the controller permanently belongs to; by default the caller’s home organization.',
    }),
  }),
  payload: (p) => ({ controller: p.loaded(Controller, 'The controller that was registered.') }),
  check: (input) => [...nameIssues('name', input.name), ...typeIssues(input.type)],
  find: (finder, input) => ({
    organization: findHomeOrganization(finder, input.organization, 'organization'),
  }),
  target: ({ organization }) => target('Organization', organization),
  may: (by) =>
    by.permission('controllers.manage', 'in the organization', (refs) => inOrganization(refs.organization.id)),
  shownOn: [{ on: Organization, as: 'CreateController', refs: (organization) => ({ organization }) }],
  grants: 'nothing',
  errors: ['CONFLICT'],
  async run({ tx, input: { name, type }, refs: { organization } }) {
    const id = await insertController(tx, { name, type, organizationId: organization.id })
    const after = { name, type, organization: organization.name }
    return {
      values: { controller: id },
      change: { target: target('Controller', { id, organizationId: organization.id }), after },
    }
  },
})

mutation({
  name: 'updateController',
  description: 'Changes a controller. Fields that are omitted stay as they are.',
  input: (t) => ({
    controller: t.string({ required: true, description: 'The name or id of the controller.' }),
    name: t.string({ description: 'The new name of the controller.' }),
    type: t.string({ description: 'The cloud that the controller runs on.' }),
  }),
  payload: (p) => ({ controller: p.loaded(Controller, 'The controller after the change.') }),
  check: (input) => [...nameIssues('name', input.name), ...typeIssues(input.type)],
  find: (finder, input) => ({
    controller: findController(finder, input.controller, 'controller', 'CHANGE'),
  }),
  target: ({ controller }) => target('Controller', controller),
  may: (by) => by.permission('controllers.manage', 'in its organization', ofController),
  shownOn: [{ on: Controller, as: 'Update', refs: (controller) => ({ controller }) }],
  grants: 'nothing',
  errors: ['CONFLICT'],
  async run({ tx, input, refs: { controller } }) {
    await changeController(tx, controller.id, { name: input.name ?? undefined, type: input.type ?? undefined })
    const { id, name, type } = controller
    const after = { name: input.name ?? name, type: input.type ?? type }
    return {
      values: { controller: id },
      change: { before: { name, type }, after },
    }
  },
})

mutation({
  name: 'deleteController',
  description:
    'Deletes a controller that has no models. Every level that was granted on it ends, and its name can be used again.',
  input: (t) => ({ controller: t.string({ required: true, description: 'The name or id of the controller.' }) }),
  payload: (p) => ({
    deletedId: p.value('ID', 'The id of the deleted controller.'),
    name: p.string('The name of the deleted controller, which can be used again.'),
    endedGrants: p.value('Int', 'The number of all grants that ended, also of users that the caller does not see.'),
  }),
  find: (finder, input) => ({
    controller: findController(finder, input.controller, 'controller', 'CHANGE'),
  }),
  target: ({ controller }) => target('Controller', controller),
  may: (by) => by.permission('controllers.manage', 'in its organization', ofController),
  shownOn: [{ on: Controller, as: 'Delete', refs: (controller) => ({ controller }) }],
  grants: 'nothing',
  errors: ['CONFLICT'],
  async run({ tx, caller, refs: { controller } }) {
    const endedGrants = await removeController(tx, caller, controller)
    const { id, name, type } = controller
    return {
      values: { deletedId: `controller_${id}`, name, endedGrants },
      change: { before: { name, type, endedGrants } },
    }
  },
})
