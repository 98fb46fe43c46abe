/** The seed ladder: each rung makes one thing through the API and gives what a test needs of it. */
import type { Client, TestApp } from './app.ts'

const ERROR = '... on MutationError { code message } ... on InvalidInputError { issues { path message } }'

export interface SeededUser {
  id: string
  key: string
  keyId: string
  client: Client
}

export interface RoleInput {
  role: string
  project?: string
  organization?: string
  everywhere?: boolean
  expiresAt?: string
}

/** A person with a first key. */
export async function createUser(
  app: TestApp,
  username: string,
  input: { organization?: string; roles?: RoleInput[]; isAdmin?: boolean; email?: string; displayName?: string } = {},
): Promise<SeededUser> {
  const { createUser: made } = await app.root.ok(
    `mutation ($input: CreateUserInput!) { createUser(input: $input) { __typename
      ... on CreateUserPayload { secret user { id } apiKey { id } } ${ERROR} } }`,
    { input: { username, email: `${username}@example.test`, ...input } },
  )
  if (made.__typename !== 'CreateUserPayload') throw new Error(JSON.stringify(made))
  return { id: made.user.id, key: made.secret, keyId: made.apiKey.id, client: app.as(made.secret) }
}

export async function createOrganization(app: TestApp, name: string, basePermissions: string[] = []): Promise<string> {
  const { createOrganization: made } = await app.root.ok(
    `mutation ($input: CreateOrganizationInput!) { createOrganization(input: $input) { __typename
      ... on CreateOrganizationPayload { organization { id } } ${ERROR} } }`,
    { input: { name, basePermissions } },
  )
  if (made.__typename !== 'CreateOrganizationPayload') throw new Error(JSON.stringify(made))
  return made.organization.id
}

export async function createProject(app: TestApp, code: string, organization = 'default'): Promise<string> {
  const { createProject: made } = await app.root.ok(
    `mutation ($input: CreateProjectInput!) { createProject(input: $input) { __typename
      ... on CreateProjectPayload { project { id } } ${ERROR} } }`,
    { input: { code, organization } },
  )
  if (made.__typename !== 'CreateProjectPayload') throw new Error(JSON.stringify(made))
  return made.project.id
}

export async function createRole(
  app: TestApp,
  name: string,
  permissions: string[],
  organization?: string,
): Promise<string> {
  const { createRole: made } = await app.root.ok(
    `mutation ($input: CreateRoleInput!) { createRole(input: $input) { __typename
      ... on CreateRolePayload { role { id } } ${ERROR} } }`,
    { input: { name, permissions, organization } },
  )
  if (made.__typename !== 'CreateRolePayload') throw new Error(JSON.stringify(made))
  return made.role.id
}

/** A key of the client's own user. */
export async function createApiKey(
  client: Client,
  input: { user?: string; expiresAt?: string; isReadOnly?: boolean; limits?: RoleInput[]; label?: string } = {},
): Promise<{ id: string; key: string }> {
  const { createApiKey: made } = await client.ok(
    `mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { __typename
      ... on CreateApiKeyPayload { secret apiKey { id } } ${ERROR} } }`,
    { input: { label: 'a key', ...input } },
  )
  if (made.__typename !== 'CreateApiKeyPayload') throw new Error(JSON.stringify(made))
  return { id: made.apiKey.id, key: made.secret }
}

export async function grantRoles(app: TestApp, user: string, roles: RoleInput[]) {
  const { grantRoles: made } = await app.root.ok(
    `mutation ($input: GrantRolesInput!) { grantRoles(input: $input) { __typename
      ... on GrantRolesPayload { changed } ${ERROR} } }`,
    { input: { user, roles } },
  )
  if (made.__typename !== 'GrantRolesPayload') throw new Error(JSON.stringify(made))
}
