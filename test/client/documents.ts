import { graphql } from './graphql.ts'

const USER_FIELDS = graphql('fragment UserFields on User @_unmask { username kind active }')

export const USERS = graphql(
  `query Users($first: Int!, $after: String) {
    users(first: $first, after: $after, orderBy: [{ field: USERNAME }]) {
      totalCount
      pageInfo { hasNextPage endCursor }
      nodes { ...UserFields }
    }
  }`,
  [USER_FIELDS],
)

export const GRANT_ROLES = graphql(
  `mutation GrantRoles($input: GrantRolesInput!) {
    grantRoles(input: $input) {
      __typename
      ... on GrantRolesPayload { changed user { ...UserFields } }
      ... on InvalidInput { issues { path message } }
      ... on MissingAuthority { missing }
      ... on NotFound { path }
      ... on Error { code message }
    }
  }`,
  [USER_FIELDS],
)
