/** What each type of credential consists of, as the clouds name it. */

interface Attribute {
  name: string
  isSecret: boolean
  isRequired: boolean
}

export interface CredentialType {
  /** As the clouds name it, and as it is kept. */
  name: string
  description: string
  attributes: readonly Attribute[]
}

const needed = (name: string): Attribute => ({ name, isSecret: false, isRequired: true })
const optional = (name: string): Attribute => ({ name, isSecret: false, isRequired: false })
const secret = (name: string): Attribute => ({ name, isSecret: true, isRequired: true })

/** By the name that stands in the schema. */
export const CREDENTIAL_TYPES: Readonly<Record<string, CredentialType>> = {
  accessKey: {
    name: 'access-key',
    description: 'An access key and its secret: EC2 and its kin.',
    attributes: [
      needed('access-key'),
      secret('secret-key'),
      optional('tenant-id'),
      optional('tenant-name'),
      optional('version'),
    ],
  },
  userpass: {
    name: 'userpass',
    description: 'A username and a password: OpenStack, vSphere.',
    attributes: [
      needed('username'),
      secret('password'),
      optional('tenant-name'),
      optional('tenant-id'),
      optional('domain-name'),
    ],
  },
  oauth1: {
    name: 'oauth1',
    description: 'An OAuth 1 token: MAAS.',
    attributes: [needed('consumer'), secret('token')],
  },
  oauth2: {
    name: 'oauth2',
    description: 'A service account by its parts: Google.',
    attributes: [needed('client-id'), needed('client-email'), needed('project-id'), secret('private-key')],
  },
  jsonfile: {
    name: 'jsonfile',
    description: 'The content of a JSON file: Google.',
    attributes: [secret('file')],
  },
  clientcertificate: {
    name: 'clientcertificate',
    description: 'A certificate and its key: Kubernetes, LXD.',
    attributes: [needed('certificate'), secret('key')],
  },
  httpsig: {
    name: 'httpsig',
    description: 'Signed requests: Oracle.',
    attributes: [
      needed('user'),
      needed('tenancy'),
      needed('region'),
      secret('key'),
      needed('fingerprint'),
      { ...secret('pass-phrase'), isRequired: false },
    ],
  },
  servicePrincipalSecret: {
    name: 'service-principal-secret',
    description: 'A service principal: Azure.',
    attributes: [needed('application-id'), needed('subscription-id'), secret('application-password')],
  },
  interactive: {
    name: 'interactive',
    description: 'A trust: Azure, set up by hand.',
    attributes: [needed('subscription-id'), secret('trust-password')],
  },
  empty: { name: 'empty', description: 'Nothing: clouds that ask for none.', attributes: [] },
}

/** One attribute with its value; null stands for a secret that is not shown. */
export interface AttributeValue {
  name: string
  value: string | null
  isSecret: boolean
}

/** The type of this name, as it is kept. */
export function credentialType(name: string): CredentialType {
  const type = Object.values(CREDENTIAL_TYPES).find((one) => one.name === name)
  if (!type) throw new Error(`There is no type of credential "${name}".`)
  return type
}

/** `secret-key` → `secretKey` */
export function camelCase(name: string): string {
  return name.replace(/-([a-z])/g, (_dash, letter: string) => letter.toUpperCase())
}
