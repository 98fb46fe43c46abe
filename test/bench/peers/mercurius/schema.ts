/** The part of the server's schema that the documents of the workloads use. */
export const SCHEMA = `
  type Query {
    viewer(username: String!): Viewer
    user(username: String!): User
    users(first: Int!, after: String): UserConnection!
    checkAccess(input: CheckAccessInput!): [AccessAnswer!]!
  }
  type Mutation {
    grantRoles(input: GrantRolesInput!): GrantRolesResult!
  }
  type Viewer { user: User! }
  type User {
    username: String!
    displayName: String
    email: String
    kind: String!
    isActive: Boolean!
    organization: Organization
    roles: RoleConnection!
    controllers: ControllerConnection!
  }
  type UserConnection { pageInfo: PageInfo! nodes: [User!]! }
  type PageInfo { hasNextPage: Boolean! endCursor: String }
  type Organization { name: String! }
  type Project { code: String! }
  type Role { name: String! title: String }
  type RoleConnection { edges: [RoleEdge!]! }
  type RoleEdge { node: Role! scope: String! organization: Organization project: Project since: String! expiresAt: String }
  type Controller { name: String! type: String! }
  type ControllerConnection { edges: [ControllerEdge!]! }
  type ControllerEdge { access: String! node: Controller! models: ModelConnection! }
  type Model { name: String! }
  type ModelConnection { edges: [ModelEdge!]! }
  type ModelEdge { access: String! node: Model! }

  input CheckAccessInput { user: String! questions: [QuestionInput!]! }
  input QuestionInput { permission: PermissionQuestionInput! }
  input PermissionQuestionInput { permission: String! project: String! }
  type AccessAnswer { isAllowed: Boolean! code: String! }

  input GrantRolesInput { user: String! roles: [RoleInput!]! }
  input RoleInput { role: String! project: String! }
  union GrantRolesResult = GrantRolesPayload | NotFoundError
  type GrantRolesPayload { changed: Boolean! user: User! }
  interface MutationError { code: String! message: String! }
  type NotFoundError implements MutationError { code: String! message: String! }
`
