/** What each caller gets from the fields of node types that lead to other node types. */
import { CONTROLLER, CONTROLLER_BY_LEVEL, KEY, MODEL, MODEL_BY_LEVEL, NODES, PROJECT } from './nodes.ts'
import { OUTCOMES, type Row } from './rows.ts'

const { ALL, NONE, ADMINISTRATOR_ONLY } = OUTCOMES

const LIST = '{ totalCount nodes { __typename } pageInfo { hasNextPage } }'
const OBJECT = '{ __typename }'

function nested(field: string, expect: Row['expect'], levels: Row['levels'] = {}): Row {
  const [type = '', name = ''] = field.split('.')
  const selection = /(apiKeys|controllers|holders|models|projects|roles|users)$/.test(name) ? LIST : OBJECT
  const document = `query ($id: ID!) { result: node(id: $id) { __typename ... on ${type} { ${name} ${selection} } } }`
  const id = NODES[type]?.id ?? 'userId'
  return { field, document, variables: (target) => ({ id: target[id] }), expect, levels }
}

/** A reference shows nothing of the record. */
const REFERENCE = {
  own: '               NULL  NULL  F      NULL   NULL  F',
  foreign: '           NULL  NULL  F      NULL   NULL  F',
}
const HIDDEN = '       NULL  NULL  NULL   NULL   NULL  NULL  '

/** Fields of node types that lead to other node types. */
export const nestedRows: Row[] = [
  nested('ApiKey.user', { ...KEY, foreign: `${HIDDEN} OK` }),
  nested('Controller.organization', CONTROLLER, CONTROLLER_BY_LEVEL),
  nested(
    'Controller.models',
    {
      own: '           NULL  NULL  NULL   2      2     NULL  2',
      neighbor: '      NULL  NULL  NULL   1      1     NULL  1',
      foreign: `${HIDDEN}                                    1`,
      missing: NONE,
    },
    {
      own: '           0     0     2      1      1     1',
    },
  ),
  nested(
    'Controller.holders',
    {
      // Four by grant, four who manage controllers there, four through a model, root through two.
      own: '           NULL  NULL  NULL   14     14    NULL  14',
      neighbor: '      NULL  NULL  NULL   5      5     NULL  5',
      foreign: `${HIDDEN}                                    6`,
      missing: NONE,
    },
    {
      own: '           1     1     14     1      1     1',
    },
  ),
  nested('Model.controller', MODEL, MODEL_BY_LEVEL),
  nested(
    'Model.holders',
    {
      // Five by grant, root among them who added it, and the five SUPERUSERs on the controller.
      own: '           NULL  NULL  NULL   10     10    NULL  10',
      sibling: '       NULL  NULL  NULL   6      6     NULL  6',
      neighbor: '      NULL  NULL  NULL   5      5     NULL  5',
      foreign: `${HIDDEN}                                    5`,
      missing: NONE,
    },
    {
      own: '           NULL  NULL  10     1      1     10',
      sibling: '       NULL  NULL  6      NULL   NULL  NULL',
    },
  ),
  nested(
    'Organization.controllers',
    {
      own: '           0     0     0      2      2     0     2',
      foreign: `${HIDDEN}                                    1`,
      missing: NONE,
    },
    {
      own: '           1     1     1      1      1     1',
    },
  ),
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
    own: '             1     1     1      13     13    1     13',
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
  nested(
    'User.apiKeys',
    {
      self: '            1     1     1      3      1     3     1',
      own: '             NULL  NULL  NULL   1      1     NULL  1',
      foreign: '         NULL  NULL  NULL   F      NULL  NULL  1',
      missing: NONE,
    },
    REFERENCE,
  ),
  nested(
    'User.controllers',
    {
      self: '            0     0     0      2      0     0     3',
      own: '             NULL  NULL  NULL   1      1     NULL  1',
      foreign: '         NULL  NULL  NULL   F      NULL  NULL  1',
      missing: NONE,
    },
    {
      ...REFERENCE,
      self: '            1     1     1      1      1     1',
    },
  ),
  nested(
    'User.organization',
    {
      self: ALL,
      own: '             NULL  NULL  NULL   OK     OK    NULL  OK',
      foreign: '         NULL  NULL  NULL   F      NULL  NULL  OK',
      missing: NONE,
    },
    REFERENCE,
  ),
  nested(
    'User.roles',
    {
      self: '            0     0     1      1      1     1     1',
      own: '             NULL  NULL  NULL   2      2     NULL  2',
      foreign: '         NULL  NULL  NULL   F      NULL  NULL  2',
      missing: NONE,
    },
    REFERENCE,
  ),
]
