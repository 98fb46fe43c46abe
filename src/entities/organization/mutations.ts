import { EVERYWHERE, inOrganization } from '../../authority/caller.ts'
import { grantedPermissions } from '../../authority/guard.ts'
import { crossedIssues, nameIssues, permissionIssues, titleIssues } from '../../graphql/input-checks.ts'
import { mutation } from '../../mutation/declare.ts'
import { target } from '../audit/targets.ts'
import { durationText, keyTtlIssues, keyTtlSeconds, keyTtlText, ttlIssues, ttlSeconds } from './duration.ts'
import { findOrganization } from './lookup.ts'
import {
  addBasePermissions,
  changeOrganization,
  endBasePermissions,
  insertOrganization,
  readBasePermissions,
  removeOrganization,
} from './operations.ts'
import { Organization } from './type.ts'

mutation({
  name: 'createOrganization',
  makes: true,
  description: 'Creates a new organization.',
  input: (t) => ({
    name: t.string({
      required: true,
      description:
        'The name of the new organization. It is unique in the server and is compared without regard to case.',
    }),
    title: t.string({ description: 'A title for people to read.' }),
    tokenTtl: t.field({
      type: 'Duration',
      description: 'The time that sessions of members last, from 1 minute to 30 days; one hour by default.',
    }),
    maxKeyTtl: t.field({
      type: 'Duration',
      description: 'The longest life of a new API key of a member, from 1 hour to 3650 days; none by default.',
    }),
    basePermissions: t.stringList({ description: 'The permissions that every active member holds; none by default.' }),
  }),
  payload: (p) => ({ organization: p.loaded(Organization, 'The organization that was created.') }),
  find: () => ({}),
  target: () => null,
  may: (by) => by.permissionEverywhere('organizations.manage'),
  // Every user who joins holds these permissions, so the caller must hold them everywhere.
  grants: ({ input }) => grantedPermissions(input.basePermissions ?? [], EVERYWHERE),
  errors: ['CONFLICT'],
  check: (input) => [
    ...nameIssues('name', input.name),
    ...titleIssues('title', input.title),
    ...ttlIssues('tokenTtl', input.tokenTtl),
    ...keyTtlIssues('maxKeyTtl', input.maxKeyTtl),
    ...permissionIssues('basePermissions', input.basePermissions),
  ],
  async run({ tx, caller, input }) {
    const id = await insertOrganization(tx, caller, {
      name: input.name,
      title: input.title ?? null,
      tokenTtlSeconds: input.tokenTtl ? ttlSeconds(input.tokenTtl) : undefined,
      maxKeyTtlSeconds: keyTtlSeconds(input.maxKeyTtl),
      basePermissions: input.basePermissions ?? [],
    })
    const after = {
      name: input.name,
      title: input.title,
      tokenTtl: input.tokenTtl,
      maxKeyTtl: input.maxKeyTtl,
      basePermissions: input.basePermissions,
    }
    return {
      values: { organization: id },
      change: { target: target('Organization', { id }), after },
    }
  },
})

mutation({
  name: 'updateOrganization',
  description:
    'Changes an organization. Fields that are omitted stay as they are. Adding a base permission grants it to every member, so the caller must hold it in the organization.',
  input: (t) => ({
    organization: t.string({ required: true, description: 'The name or id of the organization.' }),
    name: t.string({ description: 'The new name of the organization.' }),
    title: t.string({ description: 'A title for people to read; null removes it.' }),
    tokenTtl: t.field({
      type: 'Duration',
      description: 'The time that sessions of members last, from 1 minute to 30 days.',
    }),
    maxKeyTtl: t.field({
      type: 'Duration',
      description:
        'The longest life of a new API key of a member, from 1 hour to 3650 days; null removes it. Keys that there are keep their end.',
    }),
    addBasePermissions: t.stringList({ description: 'The permissions that every active member holds from now on.' }),
    removeBasePermissions: t.stringList({
      description: 'The permissions that members no longer hold through their membership.',
    }),
  }),
  payload: (p) => ({ organization: p.loaded(Organization, 'The organization after the change.') }),
  find: (finder, input) => ({
    organization: findOrganization(finder, input.organization, 'organization', 'CHANGE'),
  }),
  target: ({ organization }) => target('Organization', organization),
  may: (by) =>
    by.permission('organizations.manage', 'in the organization', (refs) => inOrganization(refs.organization.id)),
  shownOn: [{ on: Organization, as: 'Update', refs: (organization) => ({ organization }) }],
  grants: ({ input, refs }) =>
    grantedPermissions(input.addBasePermissions ?? [], { ...EVERYWHERE, organizationId: refs.organization.id }),
  errors: ['CONFLICT'],
  check: (input) => [
    ...nameIssues('name', input.name),
    ...titleIssues('title', input.title),
    ...ttlIssues('tokenTtl', input.tokenTtl),
    ...keyTtlIssues('maxKeyTtl', input.maxKeyTtl),
    ...permissionIssues('addBasePermissions', input.addBasePermissions),
    ...crossedIssues('addBasePermissions', input.addBasePermissions, input.removeBasePermissions),
  ],
  async run({ tx, caller, input, refs: { organization } }) {
    const words = await readBasePermissions(tx, organization.id)
    await changeOrganization(tx, organization.id, {
      name: input.name ?? undefined,
      title: input.title,
      tokenTtlSeconds: input.tokenTtl ? ttlSeconds(input.tokenTtl) : undefined,
      maxKeyTtlSeconds: keyTtlSeconds(input.maxKeyTtl),
    })
    await endBasePermissions(tx, caller, organization.id, input.removeBasePermissions ?? [])
    await addBasePermissions(tx, caller, organization.id, input.addBasePermissions ?? [])
    const { name, title, tokenTtlSeconds } = organization
    const maxKeyTtl = keyTtlText(organization.maxKeyTtlSeconds)
    return {
      values: { organization: organization.id },
      change: {
        before: { name, title, tokenTtl: durationText(tokenTtlSeconds), maxKeyTtl, basePermissions: words },
        after: {
          name: input.name ?? name,
          title: input.title === undefined ? title : input.title,
          tokenTtl: input.tokenTtl ?? durationText(tokenTtlSeconds),
          maxKeyTtl: input.maxKeyTtl === undefined ? maxKeyTtl : input.maxKeyTtl,
          basePermissions: await readBasePermissions(tx, organization.id),
        },
      },
    }
  },
})

mutation({
  name: 'deleteOrganization',
  description:
    'Deletes an organization that has no users, projects, roles or controllers. Grants in it end, and its name can be used again.',
  input: (t) => ({ organization: t.string({ required: true, description: 'The name or id of the organization.' }) }),
  payload: (p) => ({
    deletedId: p.value('ID', 'The id of the deleted organization.'),
    name: p.string('The name of the deleted organization, which can be used again.'),
    endedGrants: p.value('Int', 'The number of all grants that ended, also of users that the caller does not see.'),
  }),
  find: (finder, input) => ({
    organization: findOrganization(finder, input.organization, 'organization', 'CHANGE'),
  }),
  target: ({ organization }) => target('Organization', organization),
  may: (by) =>
    by.permission('organizations.manage', 'in the organization', (refs) => inOrganization(refs.organization.id)),
  shownOn: [{ on: Organization, as: 'Delete', refs: (organization) => ({ organization }) }],
  grants: 'nothing',
  errors: ['CONFLICT'],
  async run({ tx, caller, refs: { organization } }) {
    const endedGrants = await removeOrganization(tx, caller, organization)
    const { id, name } = organization
    return {
      values: { deletedId: `organization_${id}`, name, endedGrants },
      change: { before: { name } },
    }
  },
})
