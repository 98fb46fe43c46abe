import { inOrganization, type Scope } from '../../authority/caller.ts'
import { nameIssues, titleIssues } from '../../graphql/input-checks.ts'
import { mutation } from '../../mutation/declare.ts'
import { target } from '../audit/targets.ts'
import { findHomeOrganization } from '../organization/lookup.ts'
import { Organization } from '../organization/type.ts'
import { findProject } from './lookup.ts'
import { changeProject, insertProject, type Project as ProjectRow, removeProject } from './operations.ts'
import { Project } from './type.ts'

export const ofProject = ({ project }: { project: ProjectRow }): Scope => ({
  organizationId: project.organizationId,
  projectId: project.id,
})

export const ofOrganization = ({ project }: { project: ProjectRow }) => inOrganization(project.organizationId)

mutation({
  name: 'createProject',
  makes: true,
  description: 'Creates a project. At first, users hold on it only what they hold in its organization.',
  input: (t) => ({
    code: t.string({ required: true, description: 'The code, unique in the server regardless of case.' }),
    title: t.string({ description: 'A title for people to read.' }),
    organization: t.string({
      description:
        'The name or id of the organization it belongs to permanently; by default the caller’s home organization.',
    }),
  }),
  payload: (p) => ({ project: p.loaded(Project, 'The project that was created.') }),
  check: (input) => [...nameIssues('code', input.code), ...titleIssues('title', input.title)],
  find: (finder, input) => ({
    organization: findHomeOrganization(finder, input.organization, 'organization'),
  }),
  target: ({ organization }) => target('Organization', organization),
  may: (by) => by.permission('projects.manage', 'in the organization', (refs) => inOrganization(refs.organization.id)),
  shownOn: [{ on: Organization, as: 'CreateProject', refs: (organization) => ({ organization }) }],
  grants: 'nothing',
  errors: ['CONFLICT'],
  async run({ tx, input, refs: { organization } }) {
    const fields = { code: input.code, title: input.title ?? null, organizationId: organization.id }
    const id = await insertProject(tx, fields)
    const after = { code: fields.code, title: fields.title, organization: organization.name }
    return {
      values: { project: id },
      change: { target: target('Project', { id, organizationId: organization.id }), after },
    }
  },
})

mutation({
  name: 'updateProject',
  description: 'Changes a project. Fields that are omitted stay as they are.',
  input: (t) => ({
    project: t.string({ required: true, description: 'The code or id of the project.' }),
    code: t.string({ description: 'The new code of the project.' }),
    title: t.string({ description: 'A title for people to read; null removes it.' }),
  }),
  payload: (p) => ({ project: p.loaded(Project, 'The project after the change.') }),
  check: (input) => [...nameIssues('code', input.code), ...titleIssues('title', input.title)],
  find: (finder, input) => ({ project: findProject(finder, input.project, 'project', 'CHANGE') }),
  target: ({ project }) => target('Project', project),
  may: (by) =>
    by.either(
      by.permission('project.update', 'on the project', ofProject),
      by.permission('projects.manage', 'in its organization', ofOrganization),
    ),
  shownOn: [{ on: Project, as: 'Update', refs: (project) => ({ project }) }],
  grants: 'nothing',
  errors: ['CONFLICT'],
  async run({ tx, input, refs: { project } }) {
    await changeProject(tx, project.id, { code: input.code ?? undefined, title: input.title })
    const { id, code, title } = project
    const after = { code: input.code ?? code, title: input.title === undefined ? title : input.title }
    return {
      values: { project: id },
      change: { before: { code, title }, after },
    }
  },
})

mutation({
  name: 'deleteProject',
  description: 'Deletes a project. Every grant on it ends; a new project with the same code starts without grants.',
  input: (t) => ({ project: t.string({ required: true, description: 'The code or id of the project.' }) }),
  payload: (p) => ({
    deletedId: p.value('ID', 'The id of the deleted project.'),
    name: p.string('The code, which can be used again.'),
    endedGrants: p.value('Int', 'The number of all grants that ended, also of users that the caller does not see.'),
  }),
  find: (finder, input) => ({ project: findProject(finder, input.project, 'project', 'CHANGE') }),
  target: ({ project }) => target('Project', project),
  may: (by) =>
    by.either(
      by.permission('project.delete', 'on the project', ofProject),
      by.permission('projects.manage', 'in its organization', ofOrganization),
    ),
  shownOn: [{ on: Project, as: 'Delete', refs: (project) => ({ project }) }],
  grants: 'nothing',
  async run({ tx, caller, refs: { project } }) {
    const endedGrants = await removeProject(tx, caller, project)
    const { id, code, title } = project
    return {
      values: { deletedId: `project_${id}`, name: code, endedGrants },
      change: { before: { code, title, endedGrants } },
    }
  },
})
