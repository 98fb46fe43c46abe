/** Cloud credentials: the table of the mission, samples of each type, and what tests do with them. */
import { randomBytes } from 'node:crypto'
import type { Client } from './app.ts'
import { change } from './change.ts'

interface Attribute {
  name: string
  isSecret: boolean
  isRequired: boolean
}

interface CredentialType {
  /** The member of the input. */
  member: string
  /** As the schema writes it. */
  type: string
  attributes: Attribute[]
}

/** `a` is needed, `*a` is a secret, `(a)` may be missing. */
function typeOf(member: string, type: string, words: string): CredentialType {
  const attributes = words.split(' ').filter(Boolean)
  return {
    member,
    type,
    attributes: attributes.map((word) => ({
      name: word.replaceAll(/[()*]/g, ''),
      isSecret: word.includes('*'),
      isRequired: !word.startsWith('('),
    })),
  }
}

/** In the order of the mission's table. */
export const TYPES: CredentialType[] = [
  typeOf('accessKey', 'ACCESS_KEY', 'access-key *secret-key (tenant-id) (tenant-name) (version)'),
  typeOf('userpass', 'USERPASS', 'username *password (tenant-name) (tenant-id) (domain-name)'),
  typeOf('oauth1', 'OAUTH1', 'consumer *token'),
  typeOf('oauth2', 'OAUTH2', 'client-id client-email project-id *private-key'),
  typeOf('jsonfile', 'JSONFILE', '*file'),
  typeOf('clientcertificate', 'CLIENTCERTIFICATE', 'certificate *key'),
  typeOf('httpsig', 'HTTPSIG', 'user tenancy region *key fingerprint (*pass-phrase)'),
  typeOf('servicePrincipalSecret', 'SERVICE_PRINCIPAL_SECRET', 'application-id subscription-id *application-password'),
  typeOf('interactive', 'INTERACTIVE', 'subscription-id *trust-password'),
  typeOf('empty', 'EMPTY', ''),
]

export interface Value {
  name: string
  value: string | null
  isSecret: boolean
}

/** A value of its own for each attribute. */
export function valuesOf(attributes: Attribute[]): Value[] {
  return attributes.map(({ name, isSecret }) => ({
    name,
    value: `${name}-${randomBytes(12).toString('hex')}`,
    isSecret,
  }))
}

/** What goes into `attributes` for these values. */
export function inputOf(member: string, values: Pick<Value, 'name' | 'value'>[]): Record<string, object> {
  if (member === 'empty') return { empty: { confirm: true } }
  return { [member]: Object.fromEntries(values.map(({ name, value }) => [memberOf(name), value])) }
}

/** `secret-key` → `secretKey` */
export function memberOf(name: string): string {
  return name.replaceAll(/-(.)/g, (_dash, letter: string) => letter.toUpperCase())
}

/** The values as everybody but their owner's `revealCredential` has them. */
export function withoutSecrets(values: Value[]): Value[] {
  return values.map((value) => (value.isSecret ? { ...value, value: null } : value))
}

/** A credential of the client's own that keeps this secret. */
export async function addCredential(client: Client, name: string, secret = 'a secret'): Promise<string> {
  const attributes = { userpass: { username: 'me', password: secret } }
  const { credential } = await change(client, 'addCredential', { name, attributes }, 'credential { id }')
  return credential.id
}

/** A credential of the client's own with its secrets. */
export async function reveal(client: Client, name: string): Promise<Value[]> {
  const payload = 'attributes { name value isSecret }'
  const { attributes } = await change(client, 'revealCredential', { name }, payload)
  return attributes
}

/** A user's credentials as a client sees them, by name. */
export async function credentialsOf(client: Client, username: string) {
  const { user } = await client.ok(
    `query ($username: String!) { user(username: $username) { credentials { totalCount nodes {
      id name type attributes { name value isSecret } user { username } } } } }`,
    { username },
  )
  if (user.credentials.totalCount !== user.credentials.nodes.length) throw new Error(JSON.stringify(user))
  return user.credentials.nodes
}

/** A text in all the ways in which it could have been written down. */
export function spellingsOf(text: string): string[] {
  const bytes = Buffer.from(text)
  // Somewhere inside base64 the text begins at the first, second or third of three bytes.
  const shifted = [0, 1, 2].flatMap((shift) => {
    const base64 = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64')
    const inner = base64.slice(4, Math.floor((shift + bytes.length) / 3) * 4)
    return [inner, inner.replaceAll('+', '-').replaceAll('/', '_')]
  })
  return [text, encodeURIComponent(text), bytes.toString('hex'), bytes.toString('hex').toUpperCase(), ...shifted]
}
