import type { Scope } from '../../authority/caller.ts'
import { nameIssues } from '../../graphql/input-checks.ts'
import { mutation } from '../../mutation/declare.ts'
import { findHomeOrganization } from '../organization/lookup.ts'
import { Organization } from '../organization/type.ts'
import { findController } from './lookup.ts'
import { type Controller as ControllerRow, changeController, insertController, removeController } from './operations.ts'
import { Controller } from './type.ts'

const ofController = ({ controller }: { controller: ControllerRow }): Scope => ({
  organizationId: controller.organizationId,
  projectId: null,
})

function typeIssues(type: string | null | undefined) {
  if (type === undefined) return []
  return nameIssues('type', type).map(({ path }) => ({
    path,
    message: 'A type has 1 to 64 letters, digits, ".", "_" or "-".',
  }))
}

mutation({
  name: 'createController',
  description: 'Registers a controller. Nobody has a level on it but who manages the controllers of its organization.',
  input: (t) => ({
    name: t.string({ required: true, description: 'Unique in the server, whatever its case.' }),
    type: t.string({ required: true, description: 'The cloud it runs on, like `google`.' }),
    organization: t.string({ description: 'Whose it is, for good; by default the caller’s home.' }),
  }),
  payload: (p) => ({ controller: p.loaded(Controller, 'The new controller.') }),
  check: (input) => [...nameIssues('name', input.name), ...typeIssues(input.type)],
  find: async (finder, input) => ({
    organization: await findHomeOrganization(finder, input.organization, 'organization'),
  }),
  may: (by) =>
    by.permission('controllers.manage', 'in the organization', (refs) => ({
      organizationId: refs.organization.id,
      projectId: null,
    })),
  shownOn: [{ on: Organization, as: 'CreateController', refs: (organization) => ({ organization }) }],
  confers: 'nothing',
  errors: ['CONFLICT'],
  async run({ tx, input: { name, type }, refs: { organization } }) {
    const id = await insertController(tx, { name, type, organizationId: organization.id })
    const after = { name, type, organization: organization.name }
    return {
      values: { controller: id },
      change: { targetType: 'Controller', targetId: id, organizationId: organization.id, after },
    }
  },
})

mutation({
  name: 'updateController',
  description: 'Changes a controller. What is omitted stays.',
  input: (t) => ({
    controller: t.string({ required: true, description: 'Its name.' }),
    name: t.string({ description: 'The new name.' }),
    type: t.string({ description: 'The cloud it runs on.' }),
  }),
  payload: (p) => ({ controller: p.loaded(Controller, 'The controller after the change.') }),
  check: (input) => [...nameIssues('name', input.name), ...typeIssues(input.type)],
  find: async (finder, input) => ({
    controller: await findController(finder, input.controller, 'controller', 'CHANGE'),
  }),
  may: (by) => by.permission('controllers.manage', 'in its organization', ofController),
  shownOn: [{ on: Controller, as: 'Update', refs: (controller) => ({ controller }) }],
  confers: 'nothing',
  errors: ['CONFLICT'],
  async run({ tx, input, refs: { controller } }) {
    await changeController(tx, controller.id, { name: input.name ?? undefined, type: input.type ?? undefined })
    const { id, organizationId, name, type } = controller
    const after = { name: input.name ?? name, type: input.type ?? type }
    return {
      values: { controller: id },
      change: { targetType: 'Controller', targetId: id, organizationId, before: { name, type }, after },
    }
  },
})

mutation({
  name: 'deleteController',
  description: 'Removes a controller on which no model lives any more. Every level on it ends; its name is free again.',
  input: (t) => ({ controller: t.string({ required: true, description: 'Its name.' }) }),
  payload: (p) => ({
    name: p.string('The name that is free again.'),
    endedGrants: p.value('Int', 'How many levels ended.'),
  }),
  find: async (finder, input) => ({
    controller: await findController(finder, input.controller, 'controller', 'CHANGE'),
  }),
  may: (by) => by.permission('controllers.manage', 'in its organization', ofController),
  shownOn: [{ on: Controller, as: 'Delete', refs: (controller) => ({ controller }) }],
  confers: 'nothing',
  errors: ['CONFLICT'],
  async run({ tx, caller, refs: { controller } }) {
    const endedGrants = await removeController(tx, caller, controller)
    const { id, organizationId, name, type } = controller
    return {
      values: { name, endedGrants },
      change: { targetType: 'Controller', targetId: id, organizationId, before: { name, type, endedGrants } },
    }
  },
})
