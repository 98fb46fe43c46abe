/** What each caller gets from each mutation. From the table in "Deciding", the guard, and the table of errors of api.md. */
import { inDays } from '../../support/look.ts'
import { levelRows } from './levels.ts'
import { type Row, row } from './rows.ts'
import { secretRows } from './secrets.ts'
import type { Things } from './world.ts'

// Who holds a permission nowhere is refused at the door, before anything is looked for.
//                     plain outsid projct orgadm audit limit admin
const IN_ORGANIZATION = {
  own: '               F     F     F      OK     F     F     OK',
  foreign: '           F     F     F      NF     F     F     OK',
  missing: '           F     F     F      NF     F     F     NF',
}
const OF_ROLE = {
  ...IN_ORGANIZATION,
  server: '            F     F     F      F      F     F     OK',
}
const ADMINISTRATOR = {
  own: '               F     F     F      F      F     F     OK',
  foreign: '           F     F     F      F      F     F     OK',
  missing: '           F     F     F      F      F     F     NF',
}
const OF_PROJECT = {
  own: '               F     F     OK     OK     F     OK    OK',
  neighbor: '          F     F     NF     OK     F     NF    OK',
  foreign: '           F     F     NF     NF     F     NF    OK',
  missing: '           F     F     NF     NF     F     NF    NF',
}
// An organization admin sees any active user’s reference: what they may not do to them is FORBIDDEN, not NotFoundError.
const OF_USER = {
  own: '               F     F     F      OK     F     F     OK',
  stronger: '          F     F     F      F      F     F     OK',
  foreign: '           F     F     F      F      F     F     OK',
  missing: '           F     F     F      NF     F     F     NF',
}
const TO_DELETE = {
  ...OF_USER,
  // An administrator can't be deleted before being demoted.
  stronger: '          F     F     F      F      F     F     C',
}
const OF_KEY = {
  // A limited key never touches credentials: it is refused at the door.
  self: '              OK    OK    OK     OK     OK    F     OK',
  own: '               NF    NF    NF     OK     F     F     OK',
  stronger: '          NF    NF    NF     F      F     F     OK',
  foreign: '           NF    NF    NF     NF     NF    F     OK',
  missing: '           NF    NF    NF     NF     NF    F     NF',
}

//                     login add   super  read   write admin
/** Who may give levels may name any active user: it is no secret from them that they are there. */
const NAMED = {
  own: '               NF    NF    F      NF     NF    F',
  stronger: '          NF    NF    F      NF     NF    F',
  foreign: '           NF    NF    F      NF     NF    F',
}

const setTo = ({ role, organization }: Things) => ({ organization, roles: [{ role }] })
const scoped = ({ role, organization }: Things) => ({ role, organization })

export const mutationRows: Row[] = [
  row('createUser', undefined, ({ organization }) => ({ username: 'new', organization }), IN_ORGANIZATION),
  row(
    'createUser',
    'with a password',
    ({ organization }) => ({ username: 'new', organization, password: 'another long password' }),
    IN_ORGANIZATION,
  ),
  row(
    'createServiceUser',
    undefined,
    ({ organization }) => ({ username: 'new', email: 'new@example.test', organization }),
    IN_ORGANIZATION,
  ),
  row(
    'importUsers',
    undefined,
    ({ organization }) => ({
      items: [{ username: 'new', organization, roles: [{ role: 'VERSION_MANAGER', organization }] }],
    }),
    IN_ORGANIZATION,
  ),
  row(
    'importUsers',
    'who exist already',
    ({ user }) => ({ items: [{ username: user, apiKeys: [{ sha256: '0'.repeat(64) }] }] }),
    // A user who is not there is created.
    { ...OF_USER, missing: '     F     F     F      OK     F     F     OK' },
  ),
  row('updateViewer', undefined, () => ({ displayName: 'new' }), {
    self: '   OK    OK    OK     OK     OK    OK    OK',
  }),
  row('updateUser', undefined, ({ user }) => ({ user, email: 'new@example.test' }), OF_USER),
  row('disableUser', undefined, ({ user }) => ({ user }), OF_USER),
  row('enableUser', undefined, ({ user }) => ({ user }), OF_USER),
  row('unlockUser', undefined, ({ user }) => ({ user }), OF_USER),
  row('deleteUser', undefined, ({ user }) => ({ user }), TO_DELETE),
  row('deleteUser', 'with their credentials', ({ user }) => ({ user, detachCredentials: true }), TO_DELETE),
  row('restoreUser', undefined, ({ deletedUserId }) => ({ id: deletedUserId }), IN_ORGANIZATION),
  row(
    'createApiKey',
    undefined,
    ({ user }) => ({ user, label: 'new' }),
    {
      ...OF_KEY,
      foreign: '       NF    NF    NF     F      NF    F     OK',
    },
    NAMED,
  ),
  row('rotateApiKey', undefined, ({ keyId }) => ({ apiKey: keyId }), OF_KEY),
  row('rotateApiKey', 'with an overlap', ({ keyId }) => ({ apiKey: keyId, overlapUntil: inDays(1) }), OF_KEY),
  row('updateApiKey', undefined, ({ keyId }) => ({ apiKey: keyId, label: 'new' }), OF_KEY),
  row('updateApiKey', 'with limits', ({ keyId }) => ({ apiKey: keyId, limits: [] }), OF_KEY),
  row('revokeApiKey', undefined, ({ keyId }) => ({ apiKey: keyId }), OF_KEY),
  row('createOrganization', undefined, () => ({ name: 'new' }), {
    own: '             F     F     F      F      F     F     OK',
  }),
  row('updateOrganization', undefined, ({ organization }) => ({ organization, title: 'new' }), ADMINISTRATOR),
  row('deleteOrganization', undefined, ({ organization }) => ({ organization }), {
    // Both are lived in.
    own: '             F     F     F      F      F     F     C',
    foreign: '         F     F     F      F      F     F     C',
    missing: '         F     F     F      F      F     F     NF',
  }),
  row('createProject', undefined, ({ organization }) => ({ code: 'new', organization }), IN_ORGANIZATION),
  row('updateProject', undefined, ({ project }) => ({ project, title: 'new' }), OF_PROJECT),
  row('deleteProject', undefined, ({ project }) => ({ project }), OF_PROJECT),
  row(
    'createRole',
    undefined,
    ({ organization }) => ({ name: 'new', permissions: ['new.word'], organization }),
    IN_ORGANIZATION,
  ),
  row('createRole', 'of the server', () => ({ name: 'new', permissions: ['new.word'] }), { server: OF_ROLE.server }),
  row('updateRole', undefined, ({ role }) => ({ role, title: 'new' }), OF_ROLE),
  row('deleteRole', undefined, ({ role }) => ({ role }), OF_ROLE),
  row('grantRoles', 'to a user', ({ user }, own) => ({ user, roles: [scoped(own)] }), {
    own: '             F     F     F      OK     F     F     OK',
    // Grants may reach the users of other organizations.
    foreign: '         F     F     F      OK     F     F     OK',
    missing: '         F     F     F      NF     F     F     NF',
  }),
  row(
    'grantRoles',
    'on a project',
    ({ project }, own) => ({ user: own.user, roles: [{ role: 'AUDITOR', project }] }),
    IN_ORGANIZATION,
  ),
  row(
    'grantRoles',
    'in an organization',
    ({ organization }, own) => ({ user: own.user, roles: [{ role: 'AUDITOR', organization }] }),
    IN_ORGANIZATION,
  ),
  row('grantRoles', 'everywhere', (_, own) => ({ user: own.user, roles: [{ role: 'AUDITOR', everywhere: true }] }), {
    server: '          F     F     F      F      F     F     OK',
  }),
  row('setRoles', 'of a user', ({ user }, own) => ({ user, ...setTo(own) }), {
    self: '            F     F     F      OK     F     F     OK',
    own: '             F     F     F      OK     F     F     OK',
    stronger: '        F     F     F      F      F     F     OK',
    foreign: '         F     F     F      OK     F     F     OK',
    missing: '         F     F     F      NF     F     F     NF',
  }),
  row('setRoles', 'on a project', ({ project }, own) => ({ user: own.user, project, roles: [] }), IN_ORGANIZATION),
  row('setRoles', 'everywhere', (_, own) => ({ user: own.user, everywhere: true, roles: [] }), {
    server: '          F     F     F      F      F     F     OK',
  }),
  row(
    'revokeRoles',
    'from a user',
    ({ user }, own) => ({ user, roles: [scoped(own)] }),
    {
      // Giving up is for the user, not for a key that is limited to less.
      self: '            OK    OK    OK     OK     OK    F     OK',
      own: '             NF    NF    NF     OK     F     NF    OK',
      stronger: '        NF    NF    NF     F      F     NF    OK',
      foreign: '         NF    NF    NF     OK     NF    NF    OK',
      missing: '         NF    NF    NF     NF     NF    NF    NF',
    },
    NAMED,
  ),
  row(
    'revokeRoles',
    'of a scope',
    ({ organization }, own) => ({ user: own.user, roles: [{ role: 'AUDITOR', organization }] }),
    {
      own: '           NF    NF    NF     OK     F     NF    OK',
      foreign: '       NF    NF    NF     NF     NF    NF    OK',
      missing: '       NF    NF    NF     NF     NF    NF    NF',
    },
    { own: NAMED.own },
  ),
  row(
    'createWebhook',
    undefined,
    ({ organization }) => ({ url: 'https://new.example.test/', organization }),
    IN_ORGANIZATION,
  ),
  row('createWebhook', 'everywhere', () => ({ url: 'https://new.example.test/', everywhere: true }), {
    server: '          F     F     F      F      F     F     OK',
  }),
  row('updateWebhook', undefined, ({ webhookId }) => ({ webhook: webhookId, isPaused: true }), IN_ORGANIZATION),
  row('rotateWebhookSecret', undefined, ({ webhookId }) => ({ webhook: webhookId }), IN_ORGANIZATION),
  row('testWebhook', undefined, ({ webhookId }) => ({ webhook: webhookId }), {
    // One is being sent already.
    own: '             F     F     F      C      F     F     C',
    foreign: '         F     F     F      NF     F     F     C',
    missing: '         F     F     F      NF     F     F     NF',
  }),
  row('replayWebhook', undefined, ({ webhookId }) => ({ webhook: webhookId, after: '' }), IN_ORGANIZATION),
  row('deleteWebhook', undefined, ({ webhookId }) => ({ webhook: webhookId }), IN_ORGANIZATION),
  ...levelRows,
  ...secretRows,
]
