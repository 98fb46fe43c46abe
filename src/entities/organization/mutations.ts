import { EVERYWHERE } from '../../authority/caller.ts'
import { wordsConfer } from '../../authority/guard.ts'
import { nameIssues, permissionIssues, titleIssues } from '../../graphql/input-checks.ts'
import { mutation } from '../../mutation/declare.ts'
import { durationText, ttlIssues, ttlSeconds } from './duration.ts'
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
  description: 'Creates an organization.',
  input: (t) => ({
    name: t.string({ required: true, description: 'Unique in the server, whatever its case.' }),
    title: t.string({ description: 'For people.' }),
    tokenTtl: t.field({
      type: 'Duration',
      description: 'How long sessions last: 1 minute to 30 days; an hour by default.',
    }),
    basePermissions: t.stringList({ description: 'What every active member is to hold; nothing by default.' }),
  }),
  payload: (p) => ({ organization: p.loaded(Organization, 'The new organization.') }),
  find: async () => ({}),
  may: (by) => by.permissionEverywhere('organizations.manage'),
  // Whoever joins is to hold them, so the caller must hold them wherever that may be.
  confers: ({ input }) => wordsConfer(input.basePermissions ?? [], EVERYWHERE),
  errors: ['CONFLICT'],
  check: (input) => [
    ...nameIssues('name', input.name),
    ...titleIssues('title', input.title),
    ...ttlIssues('tokenTtl', input.tokenTtl),
    ...permissionIssues('basePermissions', input.basePermissions),
  ],
  async run({ tx, caller, input }) {
    const id = await insertOrganization(tx, caller, {
      name: input.name,
      title: input.title ?? null,
      tokenTtlSeconds: input.tokenTtl ? ttlSeconds(input.tokenTtl) : undefined,
      basePermissions: input.basePermissions ?? [],
    })
    const after = {
      name: input.name,
      title: input.title,
      tokenTtl: input.tokenTtl,
      basePermissions: input.basePermissions,
    }
    return {
      values: { organization: id },
      change: { targetType: 'Organization', targetId: id, organizationId: id, after },
    }
  },
})

mutation({
  name: 'updateOrganization',
  description:
    'Changes an organization. What is omitted stays. Adding a base permission confers it on every member, so the caller must hold it there.',
  input: (t) => ({
    organization: t.string({ required: true, description: 'Its name.' }),
    name: t.string({ description: 'The new name.' }),
    title: t.string({ description: 'For people; null clears it.' }),
    tokenTtl: t.field({ type: 'Duration', description: 'How long sessions last: 1 minute to 30 days.' }),
    addBasePermissions: t.stringList({ description: 'What every active member is to hold from now on.' }),
    removeBasePermissions: t.stringList({ description: 'What members no longer hold by being members.' }),
  }),
  payload: (p) => ({ organization: p.loaded(Organization, 'The organization after the change.') }),
  find: async (finder, input) => ({
    organization: await findOrganization(finder, input.organization, 'organization', 'CHANGE'),
  }),
  may: (by) =>
    by.permission('organizations.manage', 'in the organization', (refs) => ({
      organizationId: refs.organization.id,
      projectId: null,
    })),
  shownOn: [{ on: Organization, as: 'Update', refs: (organization) => ({ organization }) }],
  confers: ({ input, refs }) =>
    wordsConfer(input.addBasePermissions ?? [], { ...EVERYWHERE, organizationId: refs.organization.id }),
  errors: ['CONFLICT'],
  check: (input) => [
    ...nameIssues('name', input.name),
    ...titleIssues('title', input.title),
    ...ttlIssues('tokenTtl', input.tokenTtl),
    ...permissionIssues('addBasePermissions', input.addBasePermissions),
  ],
  async run({ tx, caller, input, refs: { organization } }) {
    const words = await readBasePermissions(tx, organization.id)
    await changeOrganization(tx, organization.id, {
      name: input.name ?? undefined,
      title: input.title,
      tokenTtlSeconds: input.tokenTtl ? ttlSeconds(input.tokenTtl) : undefined,
    })
    await endBasePermissions(tx, caller, organization.id, input.removeBasePermissions ?? [])
    await addBasePermissions(tx, caller, organization.id, input.addBasePermissions ?? [])
    const { name, title, tokenTtlSeconds } = organization
    return {
      values: { organization: organization.id },
      change: {
        targetType: 'Organization',
        targetId: organization.id,
        organizationId: organization.id,
        before: { name, title, tokenTtl: durationText(tokenTtlSeconds), basePermissions: words },
        after: {
          name: input.name ?? name,
          title: input.title === undefined ? title : input.title,
          tokenTtl: input.tokenTtl ?? durationText(tokenTtlSeconds),
          basePermissions: await readBasePermissions(tx, organization.id),
        },
      },
    }
  },
})

mutation({
  name: 'deleteOrganization',
  description:
    'Deletes an organization in which no user, project or role lives any more. Grants in it end; its name is free again.',
  input: (t) => ({ organization: t.string({ required: true, description: 'Its name.' }) }),
  payload: (p) => ({ name: p.string('The name that is free again.') }),
  find: async (finder, input) => ({
    organization: await findOrganization(finder, input.organization, 'organization', 'CHANGE'),
  }),
  may: (by) =>
    by.permission('organizations.manage', 'in the organization', (refs) => ({
      organizationId: refs.organization.id,
      projectId: null,
    })),
  shownOn: [{ on: Organization, as: 'Delete', refs: (organization) => ({ organization }) }],
  confers: 'nothing',
  errors: ['CONFLICT'],
  async run({ tx, caller, refs: { organization } }) {
    await removeOrganization(tx, caller, organization)
    const { id, name } = organization
    return {
      values: { name },
      change: { targetType: 'Organization', targetId: id, organizationId: id, before: { name } },
    }
  },
})
