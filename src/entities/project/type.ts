import { and } from 'drizzle-orm'
import { holdsEverywhere, holdsOnProject, isThere } from '../../authority/visibility.ts'
import { filters, reads } from '../../graphql/builder.ts'
import { fitsArgument } from '../../graphql/references.ts'
import { Organization } from '../organization/type.ts'

export const Project = reads.type('Project', {
  table: 'projects',
  id: 'project',
  description:
    'A project on which roles are held. It is visible to callers that hold anything on it. It belongs to its organization permanently.',
  authScopes: { signedIn: true },
  visible: (project, caller, time) =>
    and(
      isThere(project, time),
      holdsEverywhere(caller, 'anything')
        ? undefined
        : holdsOnProject(caller, 'anything', project.id, project.organizationId),
    ),
  fields: (f) => ({
    code: f.column('code', { type: 'String', description: 'The code, unique in the server regardless of case.' }),
    title: f.column('title', { type: 'String', description: 'A title for people to read.' }),
    organization: f.one('organization', Organization, {
      implied: true,
      description: 'The organization it belongs to permanently.',
    }),
    createdAt: f.column('createdAt', { type: 'DateTime', description: 'The time when the project was created.' }),
  }),
})

const ProjectConnection = reads.connection('Project', {
  table: 'projects',
  node: Project,
  orders: { CODE: ['codeKey'], CREATED_AT: ['createdAt'] },
  defaultOrder: 'CODE',
  filters: {
    code: filters.name('codeKey', 'Keeps only projects whose code matches.'),
    createdAt: filters.time('createdAt', 'Keeps only projects created in the given period.'),
  },
})

reads.queryOne('project', Project, {
  description: 'Returns a project by its code or id.',
  authScopes: { signedIn: true },
  args: (arg) => ({
    code: arg.string({ required: true, description: 'The code of the project, in upper or lower case, or its id.' }),
  }),
  where: (project, _caller, args) => fitsArgument('project', { id: project.id, key: project.codeKey }, args, 'code'),
})

reads.queryConnection('projects', ProjectConnection, {
  description: 'The projects that the caller may see.',
  authScopes: { signedIn: true },
})

reads.extend(Organization, (f) => ({
  projects: f.connection('projects', ProjectConnection, {
    description: 'The projects of the organization that the caller may see.',
  }),
}))
