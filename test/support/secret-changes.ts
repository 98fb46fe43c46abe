/** The mutations of passwords, sessions, ssh keys, credentials and the server’s mode, for the table of `changes.ts`. */
import { passwordGuesses } from '../../src/db/tables.ts'
import { guessKey } from '../../src/entities/password/guesses.ts'
import type { TestApp } from './app.ts'
import { change } from './change.ts'
import type { SampleChange } from './changes.ts'
import { SIGN_IN } from './sessions.ts'
import { ed25519Line, fingerprintOf } from './ssh-wire.ts'

/** Of bob, from the beginning. */
export const BOBS_PASSWORD = 'bob walks the dog'
const ROOTS_PASSWORD = 'root digs in the ground'
const BOBS_LINE = ed25519Line('bob@laptop')
const NEW_LINE = ed25519Line('bob@desktop')
const NEW_PASSWORD = 'another long password'

/** Is kept of the credentials `aws` and `own`, and of the sample. */
export const SECRET_KEY = 'kept in no clear text'
const ACCESS_KEY = { accessKey: 'AKIA', secretKey: SECRET_KEY, tenantId: '1', tenantName: 'one', version: '2' }

/**
 * Gives bob a password, an ssh key, the credential `aws` and a session, whose id it returns, and root a password and the
 * credential `own`.
 */
export async function makeSecrets(app: TestApp, bob: { client: TestApp['root'] }): Promise<string> {
  await change(app.root, 'changePassword', { newPassword: ROOTS_PASSWORD })
  await change(app.root, 'setUserPassword', { user: 'bob', password: BOBS_PASSWORD, mustChangePassword: false })
  await app.nobody.ok(SIGN_IN, { username: 'bob', password: BOBS_PASSWORD })
  await lockElsewhere(app, 'bob')
  await change(bob.client, 'addSshKey', { key: BOBS_LINE })
  await change(bob.client, 'addCredential', { name: 'aws', attributes: { accessKey: ACCESS_KEY } })
  await change(app.root, 'addCredential', { name: 'own', attributes: { accessKey: ACCESS_KEY } })
  const { viewer } = await bob.client.ok('{ viewer { user { sessions { nodes { id } } } } }')
  return viewer.user.sessions.nodes[0].id
}

/** Locks a user out, as ten wrong passwords from another address do. */
async function lockElsewhere(app: TestApp, username: string) {
  const expire = new Date(Date.now() + 900_000)
  const key = `user:${guessKey(username, '203.0.113.9')}`
  await app.database.db.insert(passwordGuesses).values({ key, points: 10, expire })
}

const SSH_KEY = 'sshKey { id type fingerprint comment publicKey user { username } }'
const CREDENTIAL = 'credential { id name type attributes { name value isSecret } user { username } }'

/** One entry per mutation that root calls; `USER` selects a user in a payload. */
export function secretChanges(USER: string): SampleChange[] {
  return [
    {
      name: 'endSession',
      input: ({ sessionId }) => ({ session: sessionId }),
      payload: 'changed session { id isActive endedAt user { username } }',
      targetType: 'Session',
      targetId: (_payload, { sessionId }) => sessionId,
    },
    {
      name: 'changePassword',
      input: () => ({
        currentPassword: ROOTS_PASSWORD,
        newPassword: NEW_PASSWORD,
        confirmPassword: NEW_PASSWORD,
        endApiKeys: true,
      }),
      payload: `endedApiKeys ${USER}`,
      targetType: 'User',
      targetId: (_payload, world) => world.rootId,
    },
    {
      name: 'setUserPassword',
      input: () => ({ user: 'bob', password: NEW_PASSWORD, confirmPassword: NEW_PASSWORD, endApiKeys: true }),
      payload: `endedApiKeys ${USER}`,
      targetType: 'User',
      targetId: (_payload, world) => world.bob.id,
    },
    {
      name: 'unlockUser',
      input: () => ({ user: 'bob' }),
      payload: `changed ${USER}`,
      targetType: 'User',
      targetId: (_payload, world) => world.bob.id,
    },
    {
      name: 'addSshKey',
      input: () => ({ user: 'bob', key: NEW_LINE }),
      payload: SSH_KEY,
      targetType: 'User',
      targetId: (_payload, world) => world.bob.id,
    },
    {
      name: 'removeSshKey',
      input: () => ({ user: 'bob', fingerprint: fingerprintOf(BOBS_LINE) }),
      payload: `changed ${USER}`,
      targetType: 'User',
      targetId: (_payload, world) => world.bob.id,
    },
    {
      name: 'addCredential',
      input: () => ({ user: 'root', name: 'ec2', attributes: { accessKey: ACCESS_KEY } }),
      payload: CREDENTIAL,
      targetType: 'Credential',
      targetId: (payload) => payload.credential.id,
    },
    {
      name: 'removeCredential',
      input: () => ({ user: 'bob', name: 'aws' }),
      payload: 'name',
      targetType: 'Credential',
      targetId: (_payload, world) => world.awsId,
    },
    {
      name: 'replaceCredential',
      input: () => ({ user: 'bob', name: 'aws', attributes: { userpass: { username: 'me', password: 'a secret' } } }),
      payload: CREDENTIAL,
      targetType: 'Credential',
      targetId: (_payload, world) => world.awsId,
    },
    {
      name: 'revealCredential',
      input: () => ({ name: 'own' }),
      // Without the values: a dry run has none, and the table compares the two.
      payload: `${CREDENTIAL} attributes { name isSecret }`,
      targetType: 'Credential',
      targetId: (payload) => payload.credential.id,
    },
    {
      name: 'setReadOnly',
      input: () => ({ isReadOnly: true }),
      payload: 'changed isReadOnly',
      targetType: 'Server',
      targetId: () => 'server_00000000-0000-0000-0000-000000000000',
    },
  ]
}
