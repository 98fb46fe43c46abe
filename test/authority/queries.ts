/** What each caller gets from each query, root field by root field. From "Deciding" and "Hidden is not found" of authority.md. */
import { OUTCOMES, type Row } from './rows.ts'
import type { Things } from './world.ts'

const { ALL, NONE, ADMINISTRATOR_ONLY } = OUTCOMES

//                     plain outsid projct orgadm audit limit admin
const USER = {
  self: ALL,
  own: '               NULL  NULL  NULL   OK     OK    NULL  OK',
  // An organization admin may grant, so they may name any active user: they see the reference.
  foreign: '           NULL  NULL  NULL   OK     NULL  NULL  OK',
  missing: NONE,
}
const KEY = {
  self: ALL,
  own: '               NULL  NULL  NULL   OK     OK    NULL  OK',
  foreign: ADMINISTRATOR_ONLY,
  missing: NONE,
}
const ORGANIZATION = { own: ALL, foreign: ADMINISTRATOR_ONLY, missing: NONE }
const PROJECT = {
  own: '               NULL  NULL  OK     OK     OK    OK    OK',
  neighbor: '          NULL  NULL  NULL   OK     OK    NULL  OK',
  foreign: ADMINISTRATOR_ONLY,
  missing: NONE,
}
const ROLE = { server: ALL, own: ALL, foreign: ADMINISTRATOR_ONLY, missing: NONE }

const NODES: Record<string, { id: keyof Things; expect: Row['expect'] }> = {
  ApiKey: { id: 'keyId', expect: KEY },
  Organization: { id: 'organizationId', expect: ORGANIZATION },
  Project: { id: 'projectId', expect: PROJECT },
  Role: { id: 'roleId', expect: ROLE },
  User: { id: 'userId', expect: USER },
}

const nodeRows: Row[] = Object.entries(NODES).flatMap(([type, { id, expect }]) => [
  {
    field: 'node',
    note: type,
    document: 'query ($id: ID!) { result: node(id: $id) { __typename id } }',
    variables: (target) => ({ id: target[id] }),
    expect,
  },
  {
    field: 'nodes',
    note: type,
    document: 'query ($id: ID!) { result: nodes(ids: [$id]) { __typename id } }',
    variables: (target) => ({ id: target[id] }),
    expect,
  },
])

function one(field: string, argument: string, name: keyof Things, expect: Row['expect']): Row {
  const document = `query ($name: String!) { result: ${field}(${argument}: $name) { __typename id } }`
  return { field, document, variables: (target) => ({ name: target[name] }), expect }
}

function list(field: string, filter: string, name: keyof Things, expect: Row['expect']): Row {
  const document = `query ($name: String!) { result: ${field}(first: 1, filter: { ${filter}: { equals: $name } }) {
    __typename totalCount nodes { __typename } edges { cursor } pageInfo { hasNextPage hasPreviousPage startCursor } } }`
  return { field, document, variables: (target) => ({ name: target[name] }), expect }
}

export const queryRows: Row[] = [
  ...nodeRows,
  one('user', 'username', 'user', USER),
  one('organization', 'name', 'organization', ORGANIZATION),
  one('project', 'code', 'project', PROJECT),
  one('role', 'name', 'role', ROLE),
  // A reference is found by its name, never met in this list.
  list('users', 'username', 'user', { ...USER, foreign: ADMINISTRATOR_ONLY }),
  list('organizations', 'name', 'organization', ORGANIZATION),
  list('projects', 'code', 'project', PROJECT),
  list('roles', 'name', 'role', ROLE),
  list('permissions', 'name', 'permission', ROLE),
  {
    field: 'viewer',
    document: '{ result: viewer { __typename user { __typename id email isAdmin } permissions { name } } }',
    variables: () => ({}),
    expect: { self: ALL },
  },
]

const LIST = '{ totalCount nodes { __typename } pageInfo { hasNextPage } }'
const OBJECT = '{ __typename }'

function nested(field: string, expect: Row['expect']): Row {
  const [type = '', name = ''] = field.split('.')
  const selection = /(apiKeys|holders|projects|roles|users)$/.test(name) ? LIST : OBJECT
  const document = `query ($id: ID!) { result: node(id: $id) { __typename ... on ${type} { ${name} ${selection} } } }`
  const id = NODES[type]?.id ?? 'userId'
  return { field, document, variables: (target) => ({ id: target[id] }), expect }
}

const HIDDEN = '       NULL  NULL  NULL   NULL   NULL  NULL  '

/** Fields of node types that lead to other node types. */
export const nestedRows: Row[] = [
  nested('ApiKey.user', { ...KEY, foreign: `${HIDDEN} OK` }),
  nested('Organization.projects', {
    own: '             0     0     1      2      2     1     2',
    foreign: `${HIDDEN}                                      1`,
    missing: NONE,
  }),
  nested('Organization.roles', {
    own: '             1     1     1      1      1     1     1',
    foreign: `${HIDDEN}                                      1`,
    missing: NONE,
  }),
  nested('Organization.users', {
    own: '             1     1     1      7      7     1     7',
    foreign: `${HIDDEN}                                      2`,
    missing: NONE,
  }),
  nested('Project.holders', {
    own: '             NULL  NULL  1      2      2     0     2',
    neighbor: '        NULL  NULL  NULL   0      0     NULL  0',
    foreign: `${HIDDEN}                                      1`,
    missing: NONE,
  }),
  nested('Project.organization', PROJECT),
  nested('Role.holders', {
    own: '             0     0     0      1      1     0     1',
    foreign: `${HIDDEN}                                      1`,
    missing: NONE,
  }),
  nested('Role.organization', {
    // A role of the server has none.
    server: NONE,
    own: ALL,
    foreign: ADMINISTRATOR_ONLY,
    missing: NONE,
  }),
  nested('User.apiKeys', {
    self: '            1     1     1      3      1     3     1',
    own: '             NULL  NULL  NULL   1      1     NULL  1',
    foreign: '         NULL  NULL  NULL   F      NULL  NULL  1',
    missing: NONE,
  }),
  nested('User.organization', {
    self: ALL,
    own: '             NULL  NULL  NULL   OK     OK    NULL  OK',
    foreign: '         NULL  NULL  NULL   F      NULL  NULL  OK',
    missing: NONE,
  }),
  nested('User.roles', {
    self: '            0     0     1      1      1     1     1',
    own: '             NULL  NULL  NULL   2      2     NULL  2',
    foreign: '         NULL  NULL  NULL   F      NULL  NULL  2',
    missing: NONE,
  }),
]
