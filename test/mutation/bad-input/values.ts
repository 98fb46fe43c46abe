/** Bad input as data: mutation × path × values. The rest of the input is that mutation’s sample. */
import { BAD_FINGERPRINTS, BAD_KEYS } from './ssh-keys.ts'

const LONG_NAME = 'a'.repeat(65)
const PAST = '2020-01-01T00:00:00Z'
const OLD_FORMS = ['', ' ', 'a b', 'é', '-a', '.a', 'a/b', 'a\nb', LONG_NAME, null]

/** Values that one place of a mutation’s input can’t have, wrong by their meaning. */
export interface BadInput {
  name: string
  path: string
  values: unknown[]
}

/** Each is answered with InvalidInputError that names the path. */
export const INVALID: BadInput[] = [
  { name: 'createUser', path: 'username', values: OLD_FORMS.slice(0, -1) },
  { name: 'createUser', path: 'username', values: ['@acme', 'bob@', '+bob', 'bob+', 'bob@ac me'] },
  { name: 'createProject', path: 'code', values: ['bob@acme', 'a+b'] },
  { name: 'createUser', path: 'username', values: ['root', 'ROOT', 'api-x', 'API-x'] },
  { name: 'createUser', path: 'displayName', values: ['', '  ', 'a'.repeat(201)] },
  { name: 'updateUser', path: 'username', values: OLD_FORMS },
  { name: 'updateUser', path: 'displayName', values: ['', 'a'.repeat(201)] },
  { name: 'restoreUser', path: 'username', values: [...OLD_FORMS, 'root', 'api-x'] },
  { name: 'createServiceUser', path: 'username', values: ['', 'api-', 'a b', 'é', LONG_NAME] },
  { name: 'disableUser', path: 'expiresAt', values: [PAST] },
  { name: 'disableUser', path: 'reason', values: ['', 'a'.repeat(1001)] },
  { name: 'createApiKey', path: 'label', values: ['', ' ', 'a'.repeat(101)] },
  { name: 'createApiKey', path: 'expiresAt', values: [PAST] },
  { name: 'createOrganization', path: 'name', values: OLD_FORMS.slice(0, -1) },
  { name: 'createOrganization', path: 'title', values: ['', 'a'.repeat(201)] },
  {
    name: 'createOrganization',
    path: 'tokenTtl',
    values: ['PT0S', 'PT59S', 'P31D', 'PT1.5S', 'P1M', 'P1Y', '-PT1H', null],
  },
  { name: 'updateOrganization', path: 'name', values: OLD_FORMS },
  { name: 'updateOrganization', path: 'tokenTtl', values: ['PT59S', 'P31D'] },
  { name: 'createOrganization', path: 'maxKeyTtl', values: ['PT59M', 'P3651D', 'P1M', '-P1D'] },
  { name: 'updateOrganization', path: 'maxKeyTtl', values: ['PT59M', 'P3651D'] },
  { name: 'createProject', path: 'code', values: OLD_FORMS.slice(0, -1) },
  { name: 'updateProject', path: 'code', values: OLD_FORMS },
  { name: 'createRole', path: 'name', values: OLD_FORMS.slice(0, -1) },
  { name: 'updateRole', path: 'name', values: OLD_FORMS },
  { name: 'createController', path: 'name', values: OLD_FORMS.slice(0, -1) },
  { name: 'createController', path: 'type', values: OLD_FORMS.slice(0, -1) },
  { name: 'updateController', path: 'name', values: OLD_FORMS },
  { name: 'updateController', path: 'type', values: OLD_FORMS },
  { name: 'createModel', path: 'name', values: OLD_FORMS.slice(0, -1) },
  { name: 'updateModel', path: 'name', values: OLD_FORMS },
  { name: 'grantControllerAccess', path: 'expiresAt', values: [PAST] },
  { name: 'setControllerAccess', path: 'expiresAt', values: [PAST] },
  { name: 'grantModelAccess', path: 'expiresAt', values: [PAST] },
  { name: 'setModelAccess', path: 'expiresAt', values: [PAST] },
  { name: 'grantRoles', path: 'roles', values: [[]] },
  { name: 'revokeRoles', path: 'roles', values: [[]] },
  { name: 'setRoles', path: 'roles.0.expiresAt', values: [PAST, null] },
  { name: 'rotateApiKey', path: 'overlapUntil', values: [PAST] },
  // Guesses are counted: no more than a few.
  { name: 'changePassword', path: 'currentPassword', values: [null, '', 'not the present one'] },
  { name: 'addSshKey', path: 'key', values: BAD_KEYS },
  { name: 'removeSshKey', path: 'fingerprint', values: BAD_FINGERPRINTS },
  { name: 'addCredential', path: 'name', values: OLD_FORMS.slice(0, -1) },
]

/** Too short, too long, and among those that are tried first, in any case. */
const BAD_PASSWORDS = [
  '',
  ' ',
  'a'.repeat(11),
  'ä'.repeat(11),
  '🔑'.repeat(11),
  'a'.repeat(129),
  '🔑'.repeat(129),
].concat(['1qaz2wsx3edc', 'QWERTY123456'])
for (const [name, path] of [
  ['createUser', 'password'],
  ['setUserPassword', 'password'],
  ['changePassword', 'newPassword'],
]) {
  INVALID.push(
    { name: name ?? '', path: path ?? '', values: BAD_PASSWORDS },
    { name: name ?? '', path: 'confirmPassword', values: ['', 'something else', 'ANOTHER LONG PASSWORD'] },
  )
}

const BAD_WORDS = ['', 'version', 'Version.create', 'version.', '.create', 'version..create', 'version.*', '*', '1.a']
const MORE_BAD_WORDS = ['a.b c', 'a.b-c', '@applications', `a.${'b'.repeat(100)}`]
const UNKNOWN_SERVER_WORDS = ['users.fly', 'roles.fly', 'organizations.fly', 'projects.fly', 'project.fly'].concat([
  'controllers.fly',
  'models.fly',
  'keys.fly',
  'audit.fly',
  'access.fly',
  'settings.fly',
  'users.read.all',
])
for (const [name, path] of [
  ['createRole', 'permissions'],
  ['updateRole', 'addPermissions'],
  ['createOrganization', 'basePermissions'],
  ['updateOrganization', 'addBasePermissions'],
]) {
  const values = [...BAD_WORDS, ...MORE_BAD_WORDS, ...UNKNOWN_SERVER_WORDS]
  INVALID.push({ name: name ?? '', path: `${path}.0`, values })
}

const BAD_PLACES = [
  { role: 'AUDITOR' },
  { role: 'AUDITOR', everywhere: false },
  { role: 'AUDITOR', everywhere: null, project: null },
  { role: 'AUDITOR', project: 'apollo', organization: 'acme' },
  { role: 'AUDITOR', project: 'apollo', everywhere: true },
  { role: 'AUDITOR', organization: 'acme', everywhere: true },
  { role: 'ADMINISTRATOR', project: 'apollo' },
  { role: 'ADMINISTRATOR', organization: 'acme' },
  { role: 'ORGANIZATION_ADMIN', everywhere: true },
  { role: 'ORGANIZATION_ADMIN', project: 'apollo' },
  { role: 'ACME_READER', everywhere: true },
  { role: 'ACME_READER', organization: 'default' },
  { role: 'ACME_READER', project: 'apollo' },
]
for (const name of ['grantRoles', 'revokeRoles', 'createUser', 'createServiceUser', 'createApiKey']) {
  INVALID.push({ name, path: name === 'createApiKey' ? 'limits.0' : 'roles.0', values: BAD_PLACES })
}
for (const name of ['grantRoles', 'createUser', 'createServiceUser']) {
  INVALID.push({ name, path: 'roles.0.expiresAt', values: [PAST] })
}

/** Names of things that are not there, and ids that are none. */
const MALFORMED_IDS = [
  '',
  'x',
  'user_',
  'user_1',
  '00000000-0000-7000-8000-000000000000',
  'role_00000000-0000-7000-8000-000000000000',
]
for (const [name, path] of [
  ['restoreUser', 'id'],
  ['rotateApiKey', 'apiKey'],
  ['revokeApiKey', 'apiKey'],
  ['updateApiKey', 'apiKey'],
  ['endSession', 'session'],
  ['updateWebhook', 'webhook'],
  ['deleteWebhook', 'webhook'],
  ['rotateWebhookSecret', 'webhook'],
  ['testWebhook', 'webhook'],
  ['replayWebhook', 'webhook'],
]) {
  INVALID.push({ name: name ?? '', path: path ?? '', values: MALFORMED_IDS })
}

const BAD_URLS = [
  '',
  'x',
  'ftp://example.com',
  'http://example.com',
  'https://',
  'https://a b.test',
  '//example.com',
].concat([
  'https://user:password@example.com',
  'https://example.com/#part',
  'https://localhost/hook',
  'https://127.0.0.1/hook',
  'https://2130706433/hook',
  'https://[::1]/hook',
  'https://169.254.169.254/latest',
  'https://10.0.0.1/hook',
])

const listOf = (length: number, item: (index: number) => unknown) =>
  Array.from({ length }, (_none, index) => item(index))
for (const name of ['createWebhook', 'updateWebhook']) {
  INVALID.push(
    { name, path: 'url', values: BAD_URLS },
    { name, path: 'types', values: [[], listOf(101, () => 'user.created')] },
    { name, path: 'types.0', values: [['user.creatd'], ['*']] },
  )
}
INVALID.push({ name: 'replayWebhook', path: 'after', values: ['x', 'WyJBVCBkZXNjIiwiMSJd', 'bnVsbA'] })
INVALID.push({ name: 'setRoles', path: 'roles', values: [listOf(101, () => ({ role: 'AUDITOR' }))] })
for (const name of ['grantRoles', 'revokeRoles', 'createUser', 'createServiceUser']) {
  INVALID.push({ name, path: 'roles', values: [listOf(101, () => ({ role: 'AUDITOR', everywhere: true }))] })
}
INVALID.push(
  { name: 'updateApiKey', path: 'limits', values: [null, listOf(101, () => ({ role: 'AUDITOR', everywhere: true }))] },
  { name: 'createApiKey', path: 'limits', values: [listOf(101, () => ({ role: 'AUDITOR', everywhere: true }))] },
  { name: 'createRole', path: 'permissions', values: [listOf(101, (index) => `doc.a${index}`)] },
  { name: 'updateRole', path: 'addPermissions', values: [listOf(101, (index) => `doc.a${index}`)] },
  { name: 'updateRole', path: 'removePermissions', values: [listOf(101, (index) => `doc.a${index}`)] },
  { name: 'createOrganization', path: 'basePermissions', values: [listOf(101, (index) => `doc.a${index}`)] },
  { name: 'updateOrganization', path: 'removeBasePermissions', values: [listOf(101, (index) => `doc.a${index}`)] },
)

const NO_LEVELS = ['', 'login', 'ADD-MODEL', 'OWNER', 1, true, ['LOGIN'], { access: 'LOGIN' }]
/** Levels that their place does not have: those of the other ladder, and none at all. */
export const WRONG_LEVELS: BadInput[] = ['grant', 'revoke', 'set'].flatMap((verb) => [
  { name: `${verb}ControllerAccess`, path: 'access', values: [...NO_LEVELS, 'READ', 'WRITE', 'ADMIN'] },
  { name: `${verb}ModelAccess`, path: 'access', values: [...NO_LEVELS, 'LOGIN', 'ADD_MODEL', 'SUPERUSER'] },
])
for (const { name, values } of WRONG_LEVELS) if (!name.startsWith('revoke')) values.push(null)
