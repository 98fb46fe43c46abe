/** What each caller gets from each query, root field by root field. */
import { checkRows } from './checks.ts'
import {
  CONTROLLER,
  CONTROLLER_BY_LEVEL,
  MODEL,
  MODEL_BY_LEVEL,
  NODES,
  ORGANIZATION,
  PROJECT,
  ROLE,
  USER,
  USER_BY_LEVEL,
} from './nodes.ts'
import { LIST, OUTCOMES, type Row } from './rows.ts'
import type { Things } from './world.ts'

const { ALL, NONE, ADMINISTRATOR_ONLY } = OUTCOMES

const nodeRows: Row[] = Object.entries(NODES).flatMap(([type, { id, ...outcomes }]) => [
  {
    field: 'node',
    note: type,
    document: 'query ($id: ID!) { result: node(id: $id) { __typename id } }',
    variables: (target) => ({ id: target[id] }),
    ...outcomes,
  },
  {
    field: 'nodes',
    note: type,
    document: 'query ($id: ID!) { result: nodes(ids: [$id]) { __typename id } }',
    variables: (target) => ({ id: target[id] }),
    ...outcomes,
  },
])

function one(
  field: string,
  argument: string,
  name: keyof Things,
  expect: Row['expect'],
  levels: Row['levels'] = {},
): Row {
  const document = `query ($name: String!) { result: ${field}(${argument}: $name) { __typename id } }`
  return { field, document, variables: (target) => ({ name: target[name] }), expect, levels }
}

function list(
  field: string,
  filter: string,
  name: keyof Things,
  expect: Row['expect'],
  levels: Row['levels'] = {},
): Row {
  const document = `query ($name: String!) { result: ${field}(first: 1, filter: { ${filter}: { equals: $name } }) ${LIST} }`
  return { field, document, variables: (target) => ({ name: target[name] }), expect, levels }
}

/** A model by its name and a controller's. */
function model(
  controllerOf: (target: Things, own: Things) => Things,
  note: string | undefined,
  expect: Row['expect'],
  levels: Row['levels'] = {},
): Row {
  const document = `query ($controller: String!, $name: String!) {
    result: model(controller: $controller, name: $name) { __typename id } }`
  const variables: Row['variables'] = (target, own) => ({
    controller: controllerOf(target, own).controller,
    name: target.model,
  })
  return { field: 'model', ...(note ? { note } : {}), document, variables, expect, levels }
}

export const queryRows: Row[] = [
  ...nodeRows,
  one('controller', 'name', 'controller', CONTROLLER, CONTROLLER_BY_LEVEL),
  model((target) => target, undefined, MODEL, MODEL_BY_LEVEL),
  // That it is somewhere else is nobody's to know.
  model((_, own) => own, 'of another controller', { neighbor: NONE, foreign: NONE, missing: NONE }),
  list('controllers', 'name', 'controller', CONTROLLER, CONTROLLER_BY_LEVEL),
  list('models', 'name', 'model', MODEL, MODEL_BY_LEVEL),
  one('user', 'username', 'user', USER, USER_BY_LEVEL),
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
    field: 'deletedUsers',
    document: `query ($name: String!) { result: deletedUsers(first: 1, filter: { username: { equals: $name } }) ${LIST} }`,
    variables: ({ organization }) => ({ name: `off-${organization}` }),
    expect: {
      own: '           NULL  NULL  NULL  OK     NULL   NULL  OK',
      foreign: ADMINISTRATOR_ONLY,
      missing: NONE,
    },
  },
  {
    field: 'apiKeys',
    document: `{ result: apiKeys(first: 1) ${LIST} }`,
    variables: () => ({}),
    expect: { self: ALL },
  },
  {
    field: 'viewer',
    document: `{ result: viewer { __typename user { __typename id email isAdmin } apiKey { id } session { id }
      sessions { totalCount nodes { id isCurrent } } expiresAt permissions { name } } }`,
    variables: () => ({}),
    expect: { self: ALL },
  },
  {
    field: 'auditEvents',
    document: `query ($id: ID!) { result: auditEvents(first: 1, filter: { target: $id, action: "createUser" }) ${LIST} }`,
    variables: ({ userId }) => ({ id: userId }),
    expect: {
      own: '           F     F     F      OK     OK    F     OK',
      foreign: '       F     F     F      NULL   NULL  F     OK',
      missing: '       F     F     F      NULL   NULL  F     NULL',
    },
  },
  {
    field: 'changes',
    document: `{ result: changes(first: 1) ${LIST} }`,
    variables: () => ({}),
    expect: { self: 'F F F OK OK F OK' },
  },
  {
    field: 'accessChanges',
    document: `query ($user: String!) {
      result: accessChanges(from: "2020-01-01T00:00:00Z", user: $user, first: 1) ${LIST} }`,
    variables: ({ user }) => ({ user }),
    expect: {
      own: '           NULL  NULL  NULL   OK     OK    NULL  OK',
      foreign: ADMINISTRATOR_ONLY,
      missing: NONE,
    },
  },
  {
    field: 'webhooks',
    document: `query ($organization: String!) { result: webhooks(first: 1, filter: { organization: $organization }) ${LIST} }`,
    variables: ({ organization }) => ({ organization }),
    expect: {
      own: '           F     F     F      OK     F     F     OK',
      foreign: '       F     F     F      NULL   F     F     OK',
      missing: '       F     F     F      NULL   F     F     NULL',
    },
  },
  {
    field: 'notifications',
    document: `{ result: notifications(first: 1) ${LIST} }`,
    variables: () => ({}),
    expect: { self: ADMINISTRATOR_ONLY },
  },
  ...checkRows,
]
