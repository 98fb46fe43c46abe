/** The type of the change that each audited action makes. A client sees it in `changes` and in the body of a webhook. */
export const CHANGE_TYPES: Readonly<Record<string, string>> = {
  addCredential: 'credential.added',
  addSshKey: 'ssh_key.added',
  bootstrap: 'server.prepared',
  changePassword: 'password.changed',
  createApiKey: 'api_key.created',
  createController: 'controller.created',
  createModel: 'model.created',
  createOrganization: 'organization.created',
  createProject: 'project.created',
  createRole: 'role.created',
  createServiceUser: 'user.created',
  createUser: 'user.created',
  createWebhook: 'webhook.created',
  deleteController: 'controller.deleted',
  deleteModel: 'model.deleted',
  deleteOrganization: 'organization.deleted',
  deleteProject: 'project.deleted',
  deleteRole: 'role.deleted',
  deleteUser: 'user.deleted',
  deleteWebhook: 'webhook.deleted',
  disableUser: 'user.disabled',
  disableWebhook: 'webhook.disabled',
  enableUser: 'user.enabled',
  endSession: 'session.ended',
  grantControllerAccess: 'controller_access.granted',
  grantModelAccess: 'model_access.granted',
  grantRoles: 'roles.granted',
  importUsers: 'user.imported',
  removeCredential: 'credential.removed',
  removeSshKey: 'ssh_key.removed',
  replaceCredential: 'credential.replaced',
  replayWebhook: 'webhook.replayed',
  restoreUser: 'user.restored',
  revealCredential: 'credential.revealed',
  revokeApiKey: 'api_key.revoked',
  revokeControllerAccess: 'controller_access.revoked',
  revokeModelAccess: 'model_access.revoked',
  revokeRoles: 'roles.revoked',
  rotateApiKey: 'api_key.rotated',
  rotateEncryptionKey: 'encryption_key.rotated',
  rotateSigningKey: 'signing_key.rotated',
  rotateWebhookSecret: 'webhook_secret.rotated',
  setControllerAccess: 'controller_access.set',
  setModelAccess: 'model_access.set',
  setReadOnly: 'read_only_mode.set',
  setRoles: 'roles.set',
  setUserPassword: 'password.set',
  signIn: 'session.started',
  signOut: 'session.ended',
  signOutEverywhere: 'sessions.ended',
  testWebhook: 'webhook.tested',
  unlockUser: 'user.unlocked',
  updateApiKey: 'api_key.updated',
  updateController: 'controller.updated',
  updateModel: 'model.updated',
  updateOrganization: 'organization.updated',
  updateProject: 'project.updated',
  updateRole: 'role.updated',
  updateUser: 'user.updated',
  updateViewer: 'user.updated',
  updateWebhook: 'webhook.updated',
  withdrawSigningKey: 'signing_key.withdrawn',
}

const KNOWN: ReadonlySet<string> = new Set(Object.values(CHANGE_TYPES))

/** The sentence that lists the types, for the descriptions of the schema. */
export const TYPES_TEXT = `The types are ${[...KNOWN]
  .sort()
  .map((type) => `\`${type}\``)
  .join(', ')}.`

/** Returns the first text that is no type of a change; undefined where all are. */
export function unknownType(types: readonly string[]): string | undefined {
  return types.find((type) => !KNOWN.has(type))
}
