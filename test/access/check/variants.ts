/** Mutations besides the samples of `changes.ts`: on other targets, of other people's things, and giving more or less. */
import { CHANGES, type World } from '../../support/changes.ts'
import { inDays } from '../../support/look.ts'
import { ed25519Line, fingerprintOf } from '../../support/ssh-wire.ts'

/** A mutation with its input. */
export interface Call {
  name: string
  what: string
  input(world: World): Record<string, unknown>
}

const call = (name: string, what: string, input: object | ((world: World) => object)): Call => ({
  name,
  what,
  input: (world) => (typeof input === 'function' ? input(world) : input) as Record<string, unknown>,
})

const PASSWORD = 'another long password'
const everywhere = { everywhere: true }
const ofBob = { user: 'bob' }
const gce1 = { controller: 'gce1' }
const web = { ...gce1, model: 'web' }

const VARIANTS: Call[] = [
  call('createUser', 'at home, with nothing', { username: 'erin', withApiKey: false }),
  call('createUser', 'who administers', { username: 'erin', isAdmin: true, organization: 'acme' }),
  call('createUser', 'in a missing organization', { username: 'erin', organization: 'missing' }),
  call('createServiceUser', 'at home', { username: 'upload', email: 'erin@example.test' }),
  call('createServiceUser', 'with a missing role', {
    username: 'upload',
    email: 'erin@example.test',
    roles: [{ role: 'MISSING', ...everywhere }],
  }),
  call('updateUser', 'for people alone', { ...ofBob, displayName: 'Robert' }),
  call('updateUser', 'an administrator', { user: 'root', displayName: 'Root' }),
  call('updateUser', 'who is missing', { user: 'missing', email: null }),
  call('disableUser', 'an administrator', { user: 'root' }),
  call('deleteUser', 'an administrator', { user: 'root' }),
  call('enableUser', 'who is active', ofBob),
  call('restoreUser', 'who is there', (world) => ({ id: world.bob.id })),
  call('createApiKey', 'their own', { label: 'mine' }),
  call('createApiKey', 'of an administrator', { user: 'root', label: 'theirs' }),
  call('createApiKey', 'limited to a missing role', { label: 'mine', limits: [{ role: 'MISSING', ...everywhere }] }),
  call('rotateApiKey', 'that is missing', (world) => ({ apiKey: world.bob.keyId.replace(/.$/, '0') })),
  call('grantRoles', 'on a project', { ...ofBob, roles: [{ role: 'VERSION_MANAGER', project: 'apollo' }] }),
  call('grantRoles', 'in an organization', { ...ofBob, roles: [{ role: 'EDITOR', organization: 'acme' }] }),
  call('grantRoles', 'with everything', { ...ofBob, roles: [{ role: 'ADMINISTRATOR', ...everywhere }] }),
  call('grantRoles', 'on a missing project', { ...ofBob, roles: [{ role: 'EDITOR', project: 'missing' }] }),
  call('grantRoles', 'to an administrator', { user: 'root', roles: [{ role: 'EDITOR', organization: 'default' }] }),
  call('revokeRoles', 'from an administrator', { user: 'root', roles: [{ role: 'EDITOR', organization: 'default' }] }),
  call('createOrganization', 'that gives nothing', { name: 'apex' }),
  call('updateOrganization', 'that gives nothing', { organization: 'default', title: 'Default' }),
  call('createProject', 'at home', { code: 'gemini' }),
  call('updateProject', 'to a taken code', { project: 'apollo', code: 'apollo' }),
  call('createRole', 'of the server', { name: 'WRITER', permissions: ['doc.write'] }),
  call('updateRole', 'that gives nothing', { role: 'EDITOR', title: 'Editor' }),
  call('updateRole', 'that comes with the server', { role: 'AUDITOR', title: 'Auditor' }),
  call('createController', 'at home', { name: 'gce2', type: 'google' }),
  call('createModel', 'on another controller', { controller: 'idle', name: 'db' }),
  call('deleteModel', 'that is missing', { ...gce1, model: 'missing' }),
  call('grantControllerAccess', 'a low level', { ...ofBob, ...gce1, access: 'LOGIN', expiresAt: inDays(1) }),
  call('revokeControllerAccess', 'from an administrator', { user: 'root', ...gce1 }),
  call('setControllerAccess', 'of an administrator', { user: 'root', ...gce1, access: 'LOGIN' }),
  call('grantModelAccess', 'a low level', { ...ofBob, ...web, access: 'READ' }),
  call('changePassword', 'where there is none', { newPassword: PASSWORD }),
  call('setUserPassword', 'of an administrator', { user: 'root', password: PASSWORD }),
  call('setUserPassword', 'of who has nothing', { user: 'empty-handed', password: PASSWORD }),
  call('removeSshKey', 'that is missing', { fingerprint: fingerprintOf(ed25519Line('nobody')) }),
  call('removeCredential', 'of an administrator', { user: 'root', name: 'own' }),
  call('removeCredential', 'of their own', { name: 'aws' }),
  call('replaceCredential', 'of their own', { name: 'aws', attributes: { empty: { confirm: true } } }),
  call('revealCredential', 'of another', { name: 'aws' }),
]

/** Every mutation that has a dry run. */
export const CALLS: Call[] = [...CHANGES.map(({ name, input }) => ({ name, what: 'the sample', input })), ...VARIANTS]
