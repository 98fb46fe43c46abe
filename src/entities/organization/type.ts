import { and, eq, sql } from 'drizzle-orm'
import { holdsAt, NOW } from '../../authority/held.ts'
import { holdsEverywhere, isThere, organizationInReach } from '../../authority/visibility.ts'
import { filters, reads } from '../../graphql/builder.ts'
import { lowerCase } from '../../read/filters.ts'
import { Permission } from '../permission/type.ts'
import { durationText } from './duration.ts'

export const Organization = reads.type('Organization', {
  table: 'organizations',
  id: 'organization',
  description:
    'A part of the platform that administers itself. Every user has exactly one as home. Seen by its members, and by whoever holds something in it or on one of its projects.',
  authScopes: { signedIn: true },
  visible: (organization, caller, time) =>
    and(
      isThere(organization, time),
      holdsEverywhere(caller, 'anything') ? undefined : organizationInReach(caller, organization.id),
    ),
  fields: (f) => ({
    name: f.column('name', { type: 'String', description: 'Unique in the server, whatever its case.' }),
    title: f.column('title', { type: 'String', description: 'For people.' }),
    tokenTtl: f.resolved({
      type: 'Duration',
      needs: ['tokenTtlSeconds'],
      description: 'How long a session of a member lasts.',
      resolve: (row) => durationText(Number(row.tokenTtlSeconds)),
    }),
    basePermissions: f.many(Permission, {
      description: 'What every active member holds in the organization by being one.',
      on: (organization, word) =>
        sql`exists (select from base_permissions as b where b.organization_id = ${organization.id} and b.permission = ${word.name} and ${holdsAt({ since: sql`b.since`, expiresAt: sql`b.expires_at`, endedAt: sql`b.ended_at` }, NOW)})`,
      orderBy: ['name'],
    }),
    createdAt: f.column('createdAt', { type: 'DateTime', description: 'When it was created.' }),
  }),
})

export const OrganizationConnection = reads.connection('Organization', {
  table: 'organizations',
  node: Organization,
  orders: { NAME: ['nameKey'], CREATED_AT: ['createdAt'] },
  defaultOrder: 'NAME',
  filters: {
    name: filters.name('nameKey', 'Only those whose name fits.'),
    createdAt: filters.time('createdAt', 'Only what was created then.'),
  },
})

reads.queryOne('organization', Organization, {
  description: 'An organization by name.',
  authScopes: { signedIn: true },
  args: (arg) => ({ name: arg.string({ required: true, description: 'Its name, in any case.' }) }),
  where: (organization, _caller, args) => eq(organization.nameKey, args.param('name', 'text', lowerCase)),
})

reads.queryConnection('organizations', OrganizationConnection, {
  description: 'The organizations the caller may see.',
  authScopes: { signedIn: true },
})
