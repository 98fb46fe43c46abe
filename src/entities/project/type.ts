import { and, eq } from 'drizzle-orm'
import { holdsEverywhere, holdsOnProject, isThere } from '../../authority/visibility.ts'
import { filters, reads } from '../../graphql/builder.ts'
import { lowerCase } from '../../read/filters.ts'
import { Organization } from '../organization/type.ts'

export const Project = reads.type('Project', {
  table: 'projects',
  id: 'project',
  description: 'Something roles are held on. Seen by whoever holds anything on it. It stays in its organization.',
  authScopes: { signedIn: true },
  visible: (project, caller, time) =>
    and(
      isThere(project, time),
      holdsEverywhere(caller, 'anything')
        ? undefined
        : holdsOnProject(caller, 'anything', project.id, project.organizationId),
    ),
  fields: (f) => ({
    code: f.column('code', { type: 'String', description: 'Unique in the server, whatever its case.' }),
    title: f.column('title', { type: 'String', description: 'For people.' }),
    organization: f.one('organization', Organization, { implied: true, description: 'Where it belongs, for good.' }),
    createdAt: f.column('createdAt', { type: 'DateTime', description: 'When it was created.' }),
  }),
})

const ProjectConnection = reads.connection('Project', {
  table: 'projects',
  node: Project,
  orders: { CODE: ['codeKey'], CREATED_AT: ['createdAt'] },
  defaultOrder: 'CODE',
  filters: {
    code: filters.name('codeKey', 'Only those whose code fits.'),
    createdAt: filters.time('createdAt', 'Only what was created then.'),
  },
})

reads.queryOne('project', Project, {
  description: 'A project by code.',
  authScopes: { signedIn: true },
  args: (arg) => ({ code: arg.string({ required: true, description: 'Its code, in any case.' }) }),
  where: (project, _caller, args) => eq(project.codeKey, args.param('code', 'text', lowerCase)),
})

reads.queryConnection('projects', ProjectConnection, {
  description: 'The projects the caller may see.',
  authScopes: { signedIn: true },
})

reads.extend(Organization, (f) => ({
  projects: f.connection('projects', ProjectConnection, {
    description: 'The projects of the organization that the caller may see.',
  }),
}))
