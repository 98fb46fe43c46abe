import { defineRelations } from 'drizzle-orm'
import * as tables from './tables.ts'

/** The map of the data: which rows belong to which. */
export const relations = defineRelations(tables, (r) => ({
  organizations: {
    users: r.many.users({ from: r.organizations.id, to: r.users.organizationId }),
    projects: r.many.projects({ from: r.organizations.id, to: r.projects.organizationId }),
    roles: r.many.roles({ from: r.organizations.id, to: r.roles.organizationId }),
  },
  users: {
    organization: r.one.organizations({ from: r.users.organizationId, to: r.organizations.id, optional: false }),
    apiKeys: r.many.apiKeys({ from: r.users.id, to: r.apiKeys.userId }),
    roleGrants: r.many.roleGrants({ from: r.users.id, to: r.roleGrants.userId, alias: 'holder' }),
  },
  apiKeys: {
    user: r.one.users({ from: r.apiKeys.userId, to: r.users.id, optional: false }),
  },
  apiKeyLimits: {
    role: r.one.roles({ from: r.apiKeyLimits.roleId, to: r.roles.id, optional: false }),
    organization: r.one.organizations({ from: r.apiKeyLimits.organizationId, to: r.organizations.id }),
    project: r.one.projects({ from: r.apiKeyLimits.projectId, to: r.projects.id }),
  },
  projects: {
    organization: r.one.organizations({ from: r.projects.organizationId, to: r.organizations.id, optional: false }),
    roleGrants: r.many.roleGrants({ from: r.projects.id, to: r.roleGrants.projectId }),
  },
  roles: {
    organization: r.one.organizations({ from: r.roles.organizationId, to: r.organizations.id }),
    roleGrants: r.many.roleGrants({ from: r.roles.id, to: r.roleGrants.roleId }),
  },
  roleGrants: {
    user: r.one.users({ from: r.roleGrants.userId, to: r.users.id, optional: false, alias: 'holder' }),
    role: r.one.roles({ from: r.roleGrants.roleId, to: r.roles.id, optional: false }),
    organization: r.one.organizations({ from: r.roleGrants.organizationId, to: r.organizations.id }),
    project: r.one.projects({ from: r.roleGrants.projectId, to: r.projects.id }),
    granter: r.one.users({ from: r.roleGrants.grantedBy, to: r.users.id, alias: 'granter' }),
  },
}))
