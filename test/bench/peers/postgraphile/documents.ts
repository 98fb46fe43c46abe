/** The documents of the workloads in the names that PostGraphile makes of the tables, with the same content in the answers. */

const ORGANIZATION = 'organizationByOrganizationId { name }'

/** What has ended is left out by the document; nothing of the load begins later, or has come to its planned end. */
const HELD = 'condition: { endedAt: null }'

const USER = `
  username displayName ${ORGANIZATION}
  userSuspensionsByUserId(first: 1, ${HELD}) { nodes { since } }
  roleGrantsByUserId(first: 20, orderBy: SINCE_ASC, ${HELD}) {
    nodes {
      roleByRoleId { name title } ${ORGANIZATION} projectByProjectIdAndOrganizationId { code } since expiresAt
    }
  }`

const CONTROLLER = 'controllerByControllerId { name type }'

/** The user of a name. The index of the names does not make them unique for PostGraphile, because it is a partial one. */
const NAMED = 'allUsers(first: 1, condition: { usernameKey: $username, deletedAt: null })'

export const DOCUMENTS: Record<string, string> = {
  W1: `query ($username: String!) { ${NAMED} { nodes { username ${ORGANIZATION} } } }`,
  // The levels that follow from others are left to the client, who gets what they follow from.
  W2: `query ($username: String!) {
    ${NAMED} {
      nodes {
        ${USER} email kind
        controllerGrantsByUserId(${HELD}) { nodes { level ${CONTROLLER} } }
        modelGrantsByUserId(${HELD}) { nodes { level modelByModelId { name ${CONTROLLER} } } }
        superuserOf: controllerGrantsByUserId(condition: { level: "SUPERUSER", endedAt: null }) {
          nodes { controllerByControllerId { name modelsByControllerId(condition: { deletedAt: null }) { nodes { name } } } }
        }
      }
    }
  }`,
  W3: `query ($after: Cursor) {
    allUsers(first: 50, after: $after, orderBy: USERNAME_KEY_ASC, condition: { deletedAt: null }) {
      pageInfo { hasNextPage endCursor }
      nodes { ${USER} }
    }
  }`,
  W4: `mutation ($input: PeersGrantRoleInput!) { peersGrantRole(input: $input) { result { username } } }`,
  W5: `query ($username: String!, $permissions: [String!]!, $project: String!) {
    peersCheckAccess(username: $username, permissions: $permissions, project: $project)
  }`,
}
