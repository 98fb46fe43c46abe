/** What each caller is told about the access of others. From row 26 of the mission and "Deciding" of authority.md. */
import { CONTROLLER, CONTROLLER_BY_LEVEL, MODEL, MODEL_BY_LEVEL, ORGANIZATION, PROJECT } from './nodes.ts'
import { OUTCOMES, type Outcomes, type Row } from './rows.ts'
import type { Things } from './world.ts'

const { ALL, NONE } = OUTCOMES

//                     plain outsid projct orgadm audit limit admin
/** By `access.check` over the home organization: who holds it nowhere is refused at the door. */
const VERIFIED = {
  self: '              F     F     F      OK     OK    F     OK',
  own: '               F     F     F      OK     OK    F     OK',
  stronger: '          F     F     F      OK     OK    F     OK',
  foreign: '           F     F     F      NULL   NULL  F     OK',
  missing: '           F     F     F      NULL   NULL  F     NULL',
}

function verify(field: string, argument: string, shown: (target: Things) => string): Row {
  const document = `query ($shown: String!) { result: ${field}(${argument}: $shown) { __typename username } }`
  return { field, document, variables: (target) => ({ shown: shown(target) }), expect: VERIFIED }
}

const DOCUMENT = 'query ($input: CheckAccessInput!) { result: checkAccess(input: $input) { __typename code } }'

const EVERYWHERE = { permission: { permission: 'version.create', everywhere: true } }

/** About somebody. */
function about(note: string, subject: (target: Things) => object, { expect, levels }: Outcomes): Row {
  const variables = (target: Things) => ({ input: { ...subject(target), questions: [EVERYWHERE] } })
  return { field: 'checkAccess', note, document: DOCUMENT, variables, expect, levels }
}

/** About the caller, in a place: NF is the answer about one that is hidden. */
function inPlace(note: string, question: (target: Things) => object, { expect, levels }: Outcomes): Row {
  const variables = (target: Things) => ({ input: { questions: [question(target)] } })
  return { field: 'checkAccess', note, document: DOCUMENT, variables, expect: told(expect), levels: told(levels) }
}

function told(outcomes: Outcomes['levels'] = {}): Row['expect'] {
  return Object.fromEntries(
    Object.entries(outcomes).map(([target, words]) => [target, words.replaceAll('NULL', 'NF  ')]),
  )
}

export const checkRows: Row[] = [
  verify('verifyApiKey', 'secret', ({ secret }) => secret),
  verify('verifySession', 'token', ({ token }) => token),
  about('of a user', ({ user }) => ({ user }), {
    expect: {
      self: ALL,
      own: '           NULL  NULL  NULL   OK     OK    NULL  OK',
      stronger: '      NULL  NULL  NULL   OK     OK    NULL  OK',
      // An organization admin sees any active user, and may ask about those of their organization.
      foreign: '       NULL  NULL  NULL   F      NULL  NULL  OK',
      missing: NONE,
    },
    levels: {
      own: '           NULL  NULL  F      NULL   NULL  F',
      stronger: '      NULL  NULL  F      NULL   NULL  F',
      foreign: '       NULL  NULL  F      NULL   NULL  F',
    },
  }),
  // Whoever may not ask about a key is not told whether it is one.
  about('of a key', ({ secret }) => ({ apiKey: secret }), {
    expect: {
      self: ALL,
      own: '           NULL  NULL  NULL   OK     OK    NULL  OK',
      stronger: '      NULL  NULL  NULL   OK     OK    NULL  OK',
      foreign: '       NULL  NULL  NULL   NULL   NULL  NULL  OK',
      missing: NONE,
    },
  }),
  inPlace(
    'in an organization',
    ({ organization }) => ({ permission: { permission: 'version.create', organization } }),
    { expect: ORGANIZATION },
  ),
  inPlace('on a project', ({ project }) => ({ permission: { permission: 'version.create', project } }), {
    expect: PROJECT,
  }),
  inPlace('on a controller', ({ controller }) => ({ controller: { controller, access: 'LOGIN' } }), {
    expect: CONTROLLER,
    levels: CONTROLLER_BY_LEVEL,
  }),
  inPlace('on a model', ({ controller, model }) => ({ model: { controller, model, access: 'READ' } }), {
    expect: MODEL,
    levels: MODEL_BY_LEVEL,
  }),
]
