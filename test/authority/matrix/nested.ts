/** What each caller gets from the fields of node types that lead to other node types. */
import {
  CONTROLLER,
  CONTROLLER_BY_LEVEL,
  CREDENTIAL,
  EVENT,
  KEY,
  MODEL,
  MODEL_BY_LEVEL,
  NODES,
  NOTIFICATION,
  PROJECT,
  WEBHOOK,
} from './nodes.ts'
import { LIST, OUTCOMES, type Row } from './rows.ts'
import type { Things } from './world.ts'

const { ALL, NONE, ADMINISTRATOR_ONLY, EMPTY } = OUTCOMES

const OBJECT = '{ __typename }'

/** Fields that are guarded, and lead to no other type. */
const LEAVES = [
  ...['Model.authorizedKeys', 'User.createdAt', 'User.email', 'User.isAdmin', 'User.mustChangePassword'],
  ...['User.lastSeenAt', 'User.signInLockedUntil'],
]
const LISTS =
  /(apiKeys|controllers|credentials|deliveries|effectiveAccess|holders|models|projects|roles|sessions|sshKeys|users)$/

/** Longer than a page is by default. */
const LONG = ['User.effectiveAccess']

function nested(field: string, expect: Row['expect'], levels: Row['levels'] = {}, given?: keyof Things): Row {
  const [type = '', name = ''] = field.split('.')
  const selection = LISTS.test(name) ? LIST : LEAVES.includes(field) ? '' : OBJECT
  const asked = LONG.includes(field) ? `${name}(first: 100)` : name
  const document = `query ($id: ID!) { result: node(id: $id) { __typename ... on ${type} { ${asked} ${selection} } } }`
  const id = given ?? NODES[type]?.id ?? 'userId'
  return { field, document, variables: (target) => ({ id: target[id] }), expect, levels }
}

/** A reference shows nothing of the record. */
const REFERENCE = {
  own: '               NULL  NULL  F      NULL   NULL  F',
  foreign: '           NULL  NULL  F      NULL   NULL  F',
}
/** A field of the record. */
const RECORD = {
  self: ALL,
  own: '               NULL  NULL  NULL   OK     OK    NULL  OK',
  foreign: '           NULL  NULL  NULL   F      NULL  NULL  OK',
  missing: NONE,
}
/** A field for managers, which is null here. */
const MANAGED = {
  self: '              F     F     F      -      F     F     -',
  own: '               NULL  NULL  NULL   -      F     NULL  -',
  foreign: '           NULL  NULL  NULL   F      NULL  NULL  -',
  missing: NONE,
}
/** A field for managers, which has a value here. */
const MANAGED_AND_SET = {
  self: '              F     F     F      OK     F     F     OK',
  own: '               NULL  NULL  NULL   OK     F     NULL  OK',
  foreign: '           NULL  NULL  NULL   F      NULL  NULL  OK',
  missing: NONE,
}
/** One of each kind is everybody’s own, and seen with the record. */
const OWNED = {
  self: '              1     1     1      1      1     1     1',
  own: '               NULL  NULL  NULL   1      1     NULL  1',
  foreign: '           NULL  NULL  NULL   F      NULL  NULL  1',
  missing: NONE,
}
const HIDDEN = '       NULL  NULL  NULL   NULL   NULL  NULL  '

/** Fields of node types that lead to other node types, and those that are guarded. */
export const nestedRows: Row[] = [
  nested(
    'ApiKey.replacement',
    {
      own: '           NULL  NULL  NULL   OK     OK    NULL  OK',
      foreign: `${HIDDEN}                                     OK`,
      missing: NONE,
    },
    {},
    'oldKeyId',
  ),
  nested('ApiKey.user', { ...KEY, foreign: `${HIDDEN} OK` }),
  // It was root: whoever sees the event may grant, or meets root as ADMIN on models.
  nested('AuditEvent.actor', EVENT),
  nested('AuditEvent.organization', EVENT),
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
  nested('Credential.user', CREDENTIAL),
  nested('Model.controller', MODEL, MODEL_BY_LEVEL),
  nested('Model.authorizedKeys', MODEL, {
    own: '           NULL  NULL  OK     F      F     OK',
    sibling: '       NULL  NULL  OK     NULL   NULL  NULL',
  }),
  nested(
    'Model.credential',
    {
      // Root’s, for administrators to see; the others have none.
      own: '           NULL  NULL  NULL   -      -     NULL  OK',
      sibling: '       NULL  NULL  NULL   -      -     NULL  -',
      neighbor: '      NULL  NULL  NULL   -      -     NULL  -',
      foreign: ADMINISTRATOR_ONLY,
      missing: NONE,
    },
    {
      own: '           NULL  NULL  -      -      -     -',
      sibling: '       NULL  NULL  -      NULL   NULL  NULL',
    },
  ),
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
  nested('Notification.user', NOTIFICATION),
  nested('Webhook.organization', WEBHOOK),
  // It is root: whoever sees the webhook may grant.
  nested('Webhook.owner', WEBHOOK),
  nested('Webhook.deliveries', {
    own: '           NULL  NULL  NULL   1      NULL  NULL  1',
    foreign: `${HIDDEN}                                    1`,
    missing: NONE,
  }),
  // It is a test, of no change.
  nested('WebhookDelivery.event', {
    own: '           NULL  NULL  NULL   -      NULL  NULL  -',
    foreign: `${HIDDEN}                                    -`,
    missing: NONE,
  }),
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
    own: '             6     6     6      6      6     6     6',
    foreign: `${HIDDEN}                                      6`,
    missing: NONE,
  }),
  nested('Organization.users', {
    own: '             1     1     1      14     14    1     14',
    foreign: `${HIDDEN}                                      2`,
    missing: NONE,
  }),
  nested('Project.holders', {
    // On the project itself, in its organization, and everywhere.
    own: '             NULL  NULL  1      7      7     1     8',
    neighbor: '        NULL  NULL  NULL   5      5     NULL  6',
    foreign: `${HIDDEN}                                      5`,
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
    server: EMPTY,
    own: ALL,
    foreign: ADMINISTRATOR_ONLY,
    missing: NONE,
  }),
  nested('Session.user', { ...KEY, foreign: `${HIDDEN} OK` }),
  nested('SshKey.user', { ...KEY, foreign: `${HIDDEN} OK` }),
  nested(
    'User.apiKeys',
    {
      self: '            1     1     1      3      1     3     1',
      // The first, one that was rotated, and its successor.
      own: '             NULL  NULL  NULL   3      3     NULL  3',
      foreign: '         NULL  NULL  NULL   F      NULL  NULL  3',
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
  nested('User.createdAt', RECORD, REFERENCE),
  nested(
    'User.credentials',
    {
      self: '            1     1     1      1      1     1     1',
      // Of another user’s, the record does not tell.
      own: '             NULL  NULL  NULL   0      0     NULL  1',
      foreign: '         NULL  NULL  NULL   F      NULL  NULL  1',
      missing: NONE,
    },
    REFERENCE,
  ),
  nested(
    'User.effectiveAccess',
    {
      // The organization admin: 11 words of the server and 4 of applications, for that of the other organization is
      // unknown to them; 2 controllers with 3 models. The administrator: 12 and 5 words, 3 controllers with 4 models.
      // The limited key sees no controllers and models.
      self: '            0     0     5      20     3     15    24',
      // Three words on the project and one in the organization; ADD_MODEL, WRITE, and LOGIN through that.
      own: '             NULL  NULL  NULL   7      7     NULL  7',
      foreign: '         NULL  NULL  NULL   F      NULL  NULL  7',
      missing: NONE,
    },
    {
      ...REFERENCE,
      self: '            1     1     3      2      2     2',
    },
  ),
  nested('User.email', RECORD, REFERENCE),
  nested('User.isAdmin', RECORD, REFERENCE),
  nested('User.lastSeenAt', RECORD, REFERENCE),
  nested('User.organization', RECORD, REFERENCE),
  nested('User.mustChangePassword', MANAGED_AND_SET, REFERENCE),
  nested('User.signInLockedUntil', MANAGED, REFERENCE),
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
  nested('User.sessions', OWNED, REFERENCE),
  nested('User.sshKeys', OWNED, REFERENCE),
]
