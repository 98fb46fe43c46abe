import { defineRelations } from 'drizzle-orm'
import {
  accessChanges,
  controllerHolders,
  effectiveAccess,
  modelHolders,
  projectHolders,
  roleHolders,
  userControllers,
  userModels,
} from '../authority/derived.ts'
import * as stored from './tables.ts'

const tables = {
  ...stored,
  accessChanges,
  controllerHolders,
  effectiveAccess,
  modelHolders,
  projectHolders,
  roleHolders,
  userControllers,
  userModels,
}

/** The relations between the tables. */
export const relations = defineRelations(tables, (r) => ({
  organizations: {
    users: r.many.users({ from: r.organizations.id, to: r.users.organizationId }),
    projects: r.many.projects({ from: r.organizations.id, to: r.projects.organizationId }),
    roles: r.many.roles({ from: r.organizations.id, to: r.roles.organizationId }),
    controllers: r.many.controllers({ from: r.organizations.id, to: r.controllers.organizationId }),
  },
  users: {
    organization: r.one.organizations({ from: r.users.organizationId, to: r.organizations.id, optional: false }),
    credentials: r.many.credentials({ from: r.users.id, to: r.credentials.userId }),
    sshKeys: r.many.sshKeys({ from: r.users.id, to: r.sshKeys.userId }),
    sessions: r.many.sessions({ from: r.users.id, to: r.sessions.userId }),
    apiKeys: r.many.apiKeys({ from: r.users.id, to: r.apiKeys.userId }),
    roleGrants: r.many.roleGrants({ from: r.users.id, to: r.roleGrants.userId, alias: 'holder' }),
    effectiveAccess: r.many.effectiveAccess({ from: r.users.id, to: r.effectiveAccess.userId }),
    reachableControllers: r.many.userControllers({ from: r.users.id, to: r.userControllers.userId }),
  },
  controllers: {
    organization: r.one.organizations({ from: r.controllers.organizationId, to: r.organizations.id, optional: false }),
    models: r.many.models({ from: r.controllers.id, to: r.models.controllerId }),
    holders: r.many.controllerHolders({ from: r.controllers.id, to: r.controllerHolders.controllerId }),
  },
  models: {
    controller: r.one.controllers({ from: r.models.controllerId, to: r.controllers.id, optional: false }),
    credential: r.one.credentials({ from: r.models.credentialId, to: r.credentials.id }),
    // The controller is part of the relation, so that the levels on other controllers are not searched.
    holders: r.many.modelHolders({
      from: [r.models.id, r.models.controllerId],
      to: [r.modelHolders.modelId, r.modelHolders.controllerId],
    }),
  },
  controllerHolders: {
    user: r.one.users({ from: r.controllerHolders.userId, to: r.users.id, optional: false }),
    controller: r.one.controllers({ from: r.controllerHolders.controllerId, to: r.controllers.id, optional: false }),
    model: r.one.models({ from: r.controllerHolders.modelId, to: r.models.id }),
    role: r.one.roles({ from: r.controllerHolders.roleId, to: r.roles.id }),
  },
  modelHolders: {
    user: r.one.users({ from: r.modelHolders.userId, to: r.users.id, optional: false }),
    controller: r.one.controllers({ from: r.modelHolders.controllerId, to: r.controllers.id, optional: false }),
    model: r.one.models({ from: r.modelHolders.modelId, to: r.models.id }),
    role: r.one.roles({ from: r.modelHolders.roleId, to: r.roles.id }),
  },
  userControllers: {
    controller: r.one.controllers({ from: r.userControllers.controllerId, to: r.controllers.id, optional: false }),
    models: r.many.userModels({
      from: [r.userControllers.userId, r.userControllers.controllerId, r.userControllers.level],
      to: [r.userModels.userId, r.userModels.controllerId, r.userModels.controllerLevel],
    }),
  },
  accessChanges: {
    user: r.one.users({ from: r.accessChanges.userId, to: r.users.id }),
  },
  effectiveAccess: {
    organization: r.one.organizations({ from: r.effectiveAccess.organizationId, to: r.organizations.id }),
    project: r.one.projects({ from: r.effectiveAccess.projectId, to: r.projects.id }),
    controller: r.one.controllers({ from: r.effectiveAccess.controllerId, to: r.controllers.id }),
    model: r.one.models({ from: r.effectiveAccess.modelId, to: r.models.id }),
    role: r.one.roles({ from: r.effectiveAccess.roleId, to: r.roles.id }),
  },
  userModels: {
    model: r.one.models({ from: r.userModels.modelId, to: r.models.id, optional: false }),
  },
  apiKeys: {
    user: r.one.users({ from: r.apiKeys.userId, to: r.users.id, optional: false }),
    replacement: r.one.apiKeys({ from: r.apiKeys.replacedBy, to: r.apiKeys.id }),
  },
  credentials: {
    user: r.one.users({ from: r.credentials.userId, to: r.users.id, optional: false }),
  },
  sshKeys: {
    user: r.one.users({ from: r.sshKeys.userId, to: r.users.id, optional: false }),
  },
  sessions: {
    user: r.one.users({ from: r.sessions.userId, to: r.users.id, optional: false }),
  },
  notifications: {
    user: r.one.users({ from: r.notifications.userId, to: r.users.id }),
  },
  auditEvents: {
    actor: r.one.users({ from: r.auditEvents.actorId, to: r.users.id }),
    organization: r.one.organizations({ from: r.auditEvents.organizationId, to: r.organizations.id }),
  },
  changes: {
    auditEvent: r.one.auditEvents({ from: r.changes.auditEventId, to: r.auditEvents.id, optional: false }),
  },
  webhooks: {
    organization: r.one.organizations({ from: r.webhooks.organizationId, to: r.organizations.id }),
    owner: r.one.users({ from: r.webhooks.ownerId, to: r.users.id }),
    deliveries: r.many.webhookDeliveries({ from: r.webhooks.id, to: r.webhookDeliveries.webhookId }),
  },
  webhookDeliveries: {
    event: r.one.auditEvents({ from: r.webhookDeliveries.auditEventId, to: r.auditEvents.id }),
  },
  apiKeyLimits: {
    role: r.one.roles({ from: r.apiKeyLimits.roleId, to: r.roles.id, optional: false }),
    organization: r.one.organizations({ from: r.apiKeyLimits.organizationId, to: r.organizations.id }),
    project: r.one.projects({ from: r.apiKeyLimits.projectId, to: r.projects.id }),
  },
  projects: {
    organization: r.one.organizations({ from: r.projects.organizationId, to: r.organizations.id, optional: false }),
    holders: r.many.projectHolders({ from: r.projects.id, to: r.projectHolders.onProjectId }),
  },
  roles: {
    organization: r.one.organizations({ from: r.roles.organizationId, to: r.organizations.id }),
    holders: r.many.roleHolders({ from: r.roles.id, to: r.roleHolders.roleId, alias: 'held role' }),
  },
  roleHolders: {
    user: r.one.users({ from: r.roleHolders.userId, to: r.users.id, optional: false, alias: 'role holder' }),
    role: r.one.roles({ from: r.roleHolders.roleId, to: r.roles.id, optional: false, alias: 'held role' }),
    organization: r.one.organizations({ from: r.roleHolders.organizationId, to: r.organizations.id }),
    project: r.one.projects({ from: r.roleHolders.projectId, to: r.projects.id }),
    granter: r.one.users({ from: r.roleHolders.grantedBy, to: r.users.id, alias: 'role granter' }),
  },
  projectHolders: {
    user: r.one.users({ from: r.projectHolders.userId, to: r.users.id, optional: false, alias: 'project holder' }),
    role: r.one.roles({ from: r.projectHolders.roleId, to: r.roles.id }),
    organization: r.one.organizations({ from: r.projectHolders.organizationId, to: r.organizations.id }),
    project: r.one.projects({ from: r.projectHolders.projectId, to: r.projects.id }),
    granter: r.one.users({ from: r.projectHolders.grantedBy, to: r.users.id, alias: 'project granter' }),
  },
  roleGrants: {
    user: r.one.users({ from: r.roleGrants.userId, to: r.users.id, optional: false, alias: 'holder' }),
    role: r.one.roles({ from: r.roleGrants.roleId, to: r.roles.id, optional: false }),
    organization: r.one.organizations({ from: r.roleGrants.organizationId, to: r.organizations.id }),
    project: r.one.projects({ from: r.roleGrants.projectId, to: r.projects.id }),
    granter: r.one.users({ from: r.roleGrants.grantedBy, to: r.users.id, alias: 'granter' }),
  },
}))
