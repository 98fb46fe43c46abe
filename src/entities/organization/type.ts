import { and, sql } from 'drizzle-orm'
import { historyOf, holdsAt, NOW } from '../../authority/held.ts'
import { holdsEverywhere, isThere, organizationInReach } from '../../authority/visibility.ts'
import { filters, reads } from '../../graphql/builder.ts'
import { fitsArgument } from '../../graphql/references.ts'
import { Permission } from '../permission/type.ts'
import { durationText, keyTtlText } from './duration.ts'

export const Organization = reads.type('Organization', {
  table: 'organizations',
  id: 'organization',
  description:
    'A part of the platform that administers itself. Every user has exactly one home organization. Its members can see it, and so can users that hold a permission in it or on one of its projects.',
  authScopes: { signedIn: true },
  visible: (organization, caller, time) =>
    and(
      isThere(organization, time),
      holdsEverywhere(caller, 'anything') ? undefined : organizationInReach(caller, organization.id),
    ),
  fields: (f) => ({
    name: f.column('name', {
      type: 'String',
      description: 'The name of the organization. It is unique in the server and is compared without regard to case.',
    }),
    title: f.column('title', { type: 'String', description: 'A title for people to read; null where there is none.' }),
    tokenTtl: f.resolved({
      type: 'Duration',
      needs: ['tokenTtlSeconds'],
      description: 'The time that a session of a member lasts.',
      resolve: (row) => durationText(Number(row.tokenTtlSeconds)),
    }),
    maxKeyTtl: f.resolved({
      type: 'Duration',
      nullable: true,
      needs: ['maxKeyTtlSeconds'],
      description: 'The longest life of a new API key of a member; null where keys may live for ever.',
      resolve: (row) => keyTtlText(row.maxKeyTtlSeconds === null ? null : Number(row.maxKeyTtlSeconds)),
    }),
    basePermissions: f.many(Permission, {
      description: 'The permissions that every active member holds in the organization through membership.',
      on: (organization, word) =>
        sql`exists (select from base_permissions as b where b.organization_id = ${organization.id} and b.permission = ${word.name} and ${holdsAt(historyOf('b'), NOW)})`,
      orderBy: ['name'],
    }),
    createdAt: f.column('createdAt', { type: 'DateTime', description: 'The time when the organization was created.' }),
  }),
})

export const OrganizationConnection = reads.connection('Organization', {
  table: 'organizations',
  node: Organization,
  orders: { NAME: ['nameKey'], CREATED_AT: ['createdAt'] },
  defaultOrder: 'NAME',
  filters: {
    name: filters.name('nameKey', 'Only organizations with a matching name.'),
    createdAt: filters.time('createdAt', 'Only organizations that were created in this period of time.'),
  },
})

reads.queryOne('organization', Organization, {
  description: 'Finds an organization by its name or id; null where there is none that the caller may see.',
  authScopes: { signedIn: true },
  args: (arg) => ({
    name: arg.string({ required: true, description: 'The name of the organization, in any case, or its id.' }),
  }),
  where: (organization, _caller, args) =>
    fitsArgument('organization', { id: organization.id, key: organization.nameKey }, args, 'name'),
})

reads.queryConnection('organizations', OrganizationConnection, {
  description: 'The organizations that the caller may see.',
  authScopes: { signedIn: true },
})
