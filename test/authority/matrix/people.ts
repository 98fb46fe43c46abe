/** The people of the matrix: each signs in with a password, and has a key, a session, an ssh key and a credential. */
import type { Client, TestApp } from '../../support/app.ts'
import { change } from '../../support/change.ts'
import { PASSWORD, signIn } from '../../support/sessions.ts'
import { ed25519Line } from '../../support/ssh-wire.ts'

export interface Person {
  id: string
  key: string
  keyId: string
  client: Client
  /** Of the one session. */
  token: string
  sessionId: string
  sshKeyId: string
  fingerprint: string
  credential: string
  credentialId: string
}

/** The credential that every caller has; others have one named like their organization. */
export const OWN_CREDENTIAL = 'cre-self'

export const USERPASS = { userpass: { username: 'me', password: 'a secret' } }

export async function createPerson(
  app: TestApp,
  username: string,
  input: object = {},
  credential = OWN_CREDENTIAL,
): Promise<Person> {
  const credentials = { password: PASSWORD, mustChangePassword: false, withApiKey: true }
  const whole = { username, email: `${username}@example.test`, ...credentials, ...input }
  const { secret, user, apiKey } = await change(app.root, 'createUser', whole, 'secret user { id } apiKey { id }')
  const client = app.as(secret)
  const { token, client: signedIn } = await signIn(app, username)
  const { viewer } = await signedIn.ok('{ viewer { session { id } } }')
  const { sshKey } = await change(client, 'addSshKey', { key: ed25519Line() }, 'sshKey { id fingerprint }')
  const kept = await change(client, 'addCredential', { name: credential, attributes: USERPASS }, 'credential { id }')
  return {
    ...{ id: user.id, key: secret, keyId: apiKey.id, client, token, sessionId: viewer.session.id },
    ...{ sshKeyId: sshKey.id, fingerprint: sshKey.fingerprint, credential, credentialId: kept.credential.id },
  }
}
