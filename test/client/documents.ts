import { graphql } from './graphql.ts'

const USER_FIELDS = graphql('fragment UserFields on User @_unmask { username kind isActive }')

export const USERS = graphql(
  `query Users($first: Int!, $after: String) {
    users(first: $first, after: $after, orderBy: { field: USERNAME }) {
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
      ... on InvalidInputError { issues { path message } }
      ... on MissingAuthorityError { missing { allOf { text } } }
      ... on NotFoundError { path }
      ... on MutationError { code message }
    }
  }`,
  [USER_FIELDS],
)
