/** The types of credential and the attributes of each type, with the names that the clouds use. */

interface Attribute {
  name: string
  isSecret: boolean
  isRequired: boolean
}

export interface CredentialType {
  /** The name that the clouds use, which is also the stored name. */
  name: string
  description: string
  attributes: readonly Attribute[]
}

const needed = (name: string): Attribute => ({ name, isSecret: false, isRequired: true })
const optional = (name: string): Attribute => ({ name, isSecret: false, isRequired: false })
const secret = (name: string): Attribute => ({ name, isSecret: true, isRequired: true })

/** The types of credential, by their names in the GraphQL schema. */
export const CREDENTIAL_TYPES: Readonly<Record<string, CredentialType>> = {
  accessKey: {
    name: 'access-key',
    description: 'An access key and its secret key, as used by EC2 and similar clouds.',
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
    description: 'A username and a password, as used by OpenStack and vSphere.',
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
    description: 'An OAuth 1 token, as used by MAAS.',
    attributes: [needed('consumer'), secret('token')],
  },
  oauth2: {
    name: 'oauth2',
    description: 'A service account given by its separate attributes, as used by Google.',
    attributes: [needed('client-id'), needed('client-email'), needed('project-id'), secret('private-key')],
  },
  jsonfile: {
    name: 'jsonfile',
    description: 'The content of a JSON file, as used by Google.',
    attributes: [secret('file')],
  },
  clientcertificate: {
    name: 'clientcertificate',
    description: 'A certificate and its key, as used by Kubernetes and LXD.',
    attributes: [needed('certificate'), secret('key')],
  },
  httpsig: {
    name: 'httpsig',
    description: 'A key that signs requests, as used by Oracle.',
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
    description: 'A service principal and its password, as used by Azure.',
    attributes: [needed('application-id'), needed('subscription-id'), secret('application-password')],
  },
  interactive: {
    name: 'interactive',
    description: 'A trust that was set up manually, as used by Azure.',
    attributes: [needed('subscription-id'), secret('trust-password')],
  },
  empty: {
    name: 'empty',
    description: 'A credential without attributes, for clouds that require none.',
    attributes: [],
  },
}

/** One attribute with its value, which is null for a secret that is not shown. */
export interface AttributeValue {
  name: string
  value: string | null
  isSecret: boolean
}

/** Returns the type with this stored name. */
export function credentialType(name: string): CredentialType {
  const type = Object.values(CREDENTIAL_TYPES).find((one) => one.name === name)
  if (!type) throw new Error(`There is no type of credential "${name}".`)
  return type
}

/** Converts a name to camel case: `secret-key` becomes `secretKey`. */
export function camelCase(name: string): string {
  return name.replace(/-([a-z])/g, (_dash, letter: string) => letter.toUpperCase())
}
