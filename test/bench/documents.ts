/** The documents of the load, as frontends and services send them. */

/** The header of a page: who am I. */
export const VIEWER = '{ viewer { user { username organization { name } } } }'

const ROLES = 'roles { edges { node { name title } scope organization { name } project { code } since expiresAt } }'

/** The page about one user: their roles, and their levels on controllers and models. */
export const SHEET = `query ($username: String!) {
  user(username: $username) {
    username displayName email kind isActive organization { name }
    ${ROLES}
    controllers { edges { access node { name type } models { edges { access node { name } } } } }
  }
}`

/** One page of the list of users. */
export const PAGE = `query ($after: String) {
  users(first: 50, after: $after) {
    pageInfo { hasNextPage endCursor }
    nodes { username displayName isActive organization { name } ${ROLES} }
  }
}`

export const GRANT = `mutation ($input: GrantRolesInput!) {
  grantRoles(input: $input) {
    __typename
    ... on GrantRolesPayload { changed user { username } }
    ... on MutationError { code message }
  }
}`

/** The question of a service, of one thing or of many. */
export const CHECK = 'query ($input: CheckAccessInput!) { checkAccess(input: $input) { isAllowed code } }'

/** The beginning of all that a user may do, and through what. */
export const EFFECTIVE = `query ($username: String!) {
  user(username: $username) {
    effectiveAccess(first: 50) {
      pageInfo { hasNextPage }
      nodes {
        permission scope organization { name } project { code }
        controller { name } level model { name }
        via role { name } since expiresAt
      }
    }
  }
}`

/** What a service asks about a key that was presented to it. */
export const VERIFY = `query ($secret: String!) {
  verifyApiKey(secret: $secret) {
    userId username isReadOnly expiresAt
    permissions { name scope organization project expiresAt }
  }
}`

export const SIGN_IN = `mutation ($input: SignInInput!) {
  signIn(input: $input) {
    __typename
    ... on SignInPayload { token }
    ... on MutationError { message }
  }
}`
