/** What each caller sees of each kind of thing, wherever they meet it. From "Deciding" and "Hidden is not found" of authority.md. */
import { OUTCOMES, type Outcomes } from './rows.ts'
import type { Things } from './world.ts'

const { ALL, NONE, ADMINISTRATOR_ONLY } = OUTCOMES

//                     plain outsid projct orgadm audit limit admin
export const USER = {
  self: ALL,
  own: '               NULL  NULL  NULL   OK     OK    NULL  OK',
  // An organization admin may grant, so they may name any active user: they see the reference.
  foreign: '           NULL  NULL  NULL   OK     NULL  NULL  OK',
  missing: NONE,
}
export const KEY = {
  self: ALL,
  own: '               NULL  NULL  NULL   OK     OK    NULL  OK',
  foreign: ADMINISTRATOR_ONLY,
  missing: NONE,
}
/** Its owner’s and administrators’, nobody else’s. */
export const CREDENTIAL = { self: ALL, own: ADMINISTRATOR_ONLY, foreign: ADMINISTRATOR_ONLY, missing: NONE }
export const EVENT = {
  own: '               NULL  NULL  NULL   OK     OK    NULL  OK',
  foreign: ADMINISTRATOR_ONLY,
  missing: NONE,
}
export const NOTIFICATION = { own: ADMINISTRATOR_ONLY, foreign: ADMINISTRATOR_ONLY, missing: NONE }
export const ORGANIZATION = { own: ALL, foreign: ADMINISTRATOR_ONLY, missing: NONE }
export const PROJECT = {
  own: '               NULL  NULL  OK     OK     OK    OK    OK',
  neighbor: '          NULL  NULL  NULL   OK     OK    NULL  OK',
  foreign: ADMINISTRATOR_ONLY,
  missing: NONE,
}
export const ROLE = { server: ALL, own: ALL, foreign: ADMINISTRATOR_ONLY, missing: NONE }
export const CONTROLLER = {
  own: '               NULL  NULL  NULL   OK     OK    NULL  OK',
  neighbor: '          NULL  NULL  NULL   OK     OK    NULL  OK',
  foreign: ADMINISTRATOR_ONLY,
  missing: NONE,
}
export const MODEL = { ...CONTROLLER, sibling: CONTROLLER.own }

//                     login add   super  read   write admin
/** SUPERUSERs and ADMINs may grant, so they may name any active user: they see the reference. */
export const USER_BY_LEVEL = {
  own: '               NULL  NULL  OK     NULL   NULL  OK',
  foreign: '           NULL  NULL  OK     NULL   NULL  OK',
}
/** Any access to a model implies LOGIN on its controller. */
export const CONTROLLER_BY_LEVEL = {
  own: '               OK    OK    OK     OK     OK    OK',
}
export const MODEL_BY_LEVEL = {
  own: '               NULL  NULL  OK     OK     OK    OK',
  sibling: '           NULL  NULL  OK     NULL   NULL  NULL',
}

export const WEBHOOK = {
  own: '               NULL  NULL  NULL   OK     NULL  NULL  OK',
  foreign: ADMINISTRATOR_ONLY,
  missing: NONE,
}

export const NODES: Record<string, Outcomes & { id: keyof Things }> = {
  ApiKey: { id: 'keyId', expect: KEY },
  AuditEvent: { id: 'eventId', expect: EVENT },
  Controller: { id: 'controllerId', expect: CONTROLLER, levels: CONTROLLER_BY_LEVEL },
  Credential: { id: 'credentialId', expect: CREDENTIAL },
  Model: { id: 'modelId', expect: MODEL, levels: MODEL_BY_LEVEL },
  Notification: { id: 'notificationId', expect: NOTIFICATION },
  Organization: { id: 'organizationId', expect: ORGANIZATION },
  Project: { id: 'projectId', expect: PROJECT },
  Role: { id: 'roleId', expect: ROLE },
  // What belongs to a user is seen with their record.
  Session: { id: 'sessionId', expect: KEY },
  SshKey: { id: 'sshKeyId', expect: KEY },
  User: { id: 'userId', expect: USER, levels: USER_BY_LEVEL },
  Webhook: { id: 'webhookId', expect: WEBHOOK },
  WebhookDelivery: { id: 'deliveryId', expect: WEBHOOK },
}
