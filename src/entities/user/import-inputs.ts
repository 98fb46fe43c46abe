/** The input of an import: users as another system has them, with the hashes of their passwords and keys. */
import type { Issue } from '../../errors.ts'
import { builder } from '../../graphql/builder.ts'
import { expiryIssues, nullIssues, titleIssues } from '../../graphql/input-checks.ts'
import { secretText } from '../../graphql/secret-input.ts'
import { labelIssues } from '../api-key/inputs.ts'
import type { ForeignKey } from '../api-key/operations.ts'
import { hashToken, hintOf, looksLikeToken } from '../api-key/token.ts'
import { readForeignHash } from '../password/foreign.ts'
import { RoleGrantInput, type RoleInput, roleIssues } from '../role/inputs.ts'
import { readPublicKey } from '../ssh-key/public-key.ts'
import { IN_CHARGE, serviceName, serviceNameIssues } from './create-service.ts'
import { usernameIssues } from './mutations.ts'
import { UserKind } from './type.ts'

interface ImportedKey {
  label?: string | null
  secret?: string | null
  sha256?: string | null
  expiresAt?: Date | null
}

export interface ImportedUser {
  username: string
  kind?: 'HUMAN' | 'SERVICE' | null
  displayName?: string | null
  email?: string | null
  organization?: string | null
  isActive?: boolean | null
  isAdmin?: boolean | null
  roles?: readonly RoleInput[] | null
  sshKeys?: readonly string[] | null
  passwordHash?: string | null
  mustChangePassword?: boolean | null
  apiKeys?: readonly ImportedKey[] | null
}

const ImportedKeyInput = builder.inputRef<ImportedKey>('ImportApiKeyInput').implement({
  description: 'An API key of another system: exactly one of `secret` and `sha256`. Only its SHA-256 is stored.',
  fields: (t) => ({
    label: t.string({ description: 'A text that says what the key is for; `imported key` by default.' }),
    secret: secretText(t, {
      required: false,
      description: 'The key itself: 20 to 256 printable ASCII characters. A key of this server’s own form is refused.',
    }),
    sha256: t.string({
      description:
        'The SHA-256 of the key as 64 hexadecimal digits. How hard the key is to guess is then not known here.',
    }),
    expiresAt: t.field({
      type: 'DateTime',
      description: 'The planned end of the key; none by default, or that of the caller’s key.',
    }),
  }),
})

export const ImportedUserInput = builder.inputRef<ImportedUser>('ImportUserInput').implement({
  description:
    'A user of another system. Where there is a user of that name already, only what they lack is added: roles, keys, and a password where they have none. Nothing of theirs is changed or removed.',
  fields: (t) => ({
    username: t.string({
      required: true,
      description: 'The username. `api-` is added before that of a service user where it is missing.',
    }),
    kind: t.field({ type: UserKind, description: 'Whether the user is a person or a program; a person by default.' }),
    displayName: t.string({ description: 'A name for people to read.' }),
    email: t.field({
      type: 'EmailAddress',
      description: 'The address for notifications; required for a new service user.',
    }),
    organization: t.string({
      description: 'The name or id of the permanent home organization; by default the caller’s.',
    }),
    isActive: t.boolean({ description: 'False to create the user disabled; true by default.' }),
    isAdmin: t.boolean({ description: 'True to grant ADMINISTRATOR everywhere.' }),
    roles: t.field({ type: [RoleGrantInput], description: 'The roles to grant to the user.' }),
    sshKeys: t.stringList({ description: 'The public keys of the user, each as the single line of a `.pub` file.' }),
    passwordHash: secretText(t, {
      required: false,
      description:
        'The hash of the password: argon2id, bcrypt, PBKDF2 or scrypt, as Django writes it or in the PHC string format. It is replaced by a hash of this server when the password is used first.',
    }),
    mustChangePassword: t.boolean({
      description:
        'True where the user must change the password before they can do anything else with it; false by default. It has no effect without a password.',
    }),
    apiKeys: t.field({ type: [ImportedKeyInput], description: 'The API keys of the user, which stay valid.' }),
  }),
})

/** The username under which an item is imported. */
export function nameOf({ username, kind }: ImportedUser): string {
  return kind === 'SERVICE' ? serviceName(username) : username
}

/** The problems of one item that can be found without a lookup. */
export function itemIssues(at: string, item: ImportedUser): Issue[] {
  const { username, kind, displayName, email, roles, sshKeys, apiKeys, isActive, mustChangePassword } = item
  const isService = kind === 'SERVICE'
  return [
    ...(isService ? serviceNameIssues(`${at}.username`, username) : usernameIssues(`${at}.username`, username)),
    ...(isService && email === null ? [{ path: `${at}.email`, message: IN_CHARGE }] : []),
    ...titleIssues(`${at}.displayName`, displayName),
    ...roleIssues(`${at}.roles`, roles),
    ...(sshKeys ?? []).flatMap((line, index) => sshKeyIssues(`${at}.sshKeys.${index}`, line)),
    ...passwordHashIssues(`${at}.passwordHash`, item),
    ...(apiKeys ?? []).flatMap((key, index) => apiKeyIssues(`${at}.apiKeys.${index}`, key)),
    ...nullIssues(`${at}.`, { isActive, mustChangePassword }),
  ]
}

function sshKeyIssues(path: string, line: string): Issue[] {
  const read = readPublicKey(line)
  return typeof read === 'string' ? [{ path, message: read }] : []
}

function passwordHashIssues(path: string, { passwordHash, kind }: ImportedUser): Issue[] {
  if (typeof passwordHash !== 'string') return []
  if (kind === 'SERVICE') return [{ path, message: 'A service user has API keys and no password.' }]
  const read = readForeignHash(passwordHash)
  return typeof read === 'string' ? [{ path, message: read }] : []
}

const SECRET = /^[\x21-\x7e]{20,256}$/
const LEAST_CHARACTERS = 8

function apiKeyIssues(path: string, { label, secret, sha256, expiresAt }: ImportedKey): Issue[] {
  const given = [secret, sha256].filter((text) => typeof text === 'string')
  return [
    ...labelIssues(`${path}.label`, label),
    ...(given.length !== 1 ? [{ path: `${path}.secret`, message: 'Give either this or "sha256".' }] : []),
    ...(typeof secret === 'string' ? secretIssues(`${path}.secret`, secret) : []),
    ...(typeof sha256 === 'string' && !/^[0-9a-f]{64}$/i.test(sha256)
      ? [{ path: `${path}.sha256`, message: 'A SHA-256 is 64 hexadecimal digits.' }]
      : []),
    ...expiryIssues(`${path}.expiresAt`, expiresAt),
    ...nullIssues(`${path}.`, { expiresAt }),
  ]
}

function secretIssues(path: string, secret: string): Issue[] {
  if (looksLikeToken(secret))
    return [{ path, message: 'Keys of a Chatelaine server cannot be imported: make new ones.' }]
  if (!SECRET.test(secret))
    return [{ path, message: 'A key has 20 to 256 printable ASCII characters, without spaces.' }]
  if (new Set(secret).size < LEAST_CHARACTERS)
    return [{ path, message: `A key has at least ${LEAST_CHARACTERS} different characters.` }]
  return []
}

/** The key of an item in the form in which it is kept. @param latest the end that is taken where none is given */
export function foreignKeyOf({ label, secret, sha256, expiresAt }: ImportedKey, latest: string | null): ForeignKey {
  return {
    label: label ?? 'imported key',
    hash: typeof secret === 'string' ? hashToken(secret) : Buffer.from(sha256 ?? '', 'hex'),
    hint: typeof secret === 'string' ? hintOf(secret) : '····',
    expiresAt: expiresAt?.toISOString() ?? latest,
  }
}
