/** What each caller gets from the mutations of passwords, sessions, ssh keys, credentials and the server’s mode. */
import { PASSWORD } from '../../support/sessions.ts'
import { ed25519Line } from '../../support/ssh-wire.ts'
import { USERPASS } from './people.ts'
import { doneRow, type Row, row, rowOfTwo } from './rows.ts'
import type { Things } from './world.ts'

// A limited key never touches credentials: it is refused at the door, before anything is looked for.
//                     plain outsid projct orgadm audit limit admin
/** What is the caller’s own. */
const SELF = { self: '   OK    OK    OK     OK     OK    F     OK' }
/** By oneself, or by `users.manage` over the user’s organization; against administrators by administrators. */
const OF_OWNER = {
  ...SELF,
  own: '               NF    NF    NF     OK     F     F     OK',
  stronger: '          NF    NF    NF     F      F     F     OK',
  // An organization admin may name any active user.
  foreign: '           NF    NF    NF     F      NF    F     OK',
  missing: '           NF    NF    NF     NF     NF    F     NF',
}
//                     login add   super  read   write admin
const NAMED = {
  own: '               NF    NF    F      NF     NF    F',
  stronger: '          NF    NF    F      NF     NF    F',
  foreign: '           NF    NF    F      NF     NF    F',
}

const LINE = ed25519Line()
const NEW_PASSWORD = 'another long password'

/** A session is named by its id alone, so it is there only for whoever sees it. */
const OF_SESSION = { ...OF_OWNER, foreign: ' NF    NF    NF     NF     NF    F     OK' }

//                     plain   outsid  projct  orgadm  audit   limit admin
const OF_OWNER_OR_ADMINISTRATOR = {
  ...SELF,
  own: '               NF      NF      NF      F       F       F     OK',
  stronger: '          NF      NF      NF      F       F       F     OK',
  foreign: '           NF      NF      NF      F       NF      F     OK',
  missing: '           NF      NF      NF      NF      NF      F     NF',
}

const OF_OWN_NAME = {
  ...SELF,
  // It is looked for among the caller’s own, whoever they are.
  own: '               NF      NF      NF      NF      NF      F     NF',
  foreign: '           NF      NF      NF      NF      NF      F     NF',
  missing: '           NF      NF      NF      NF      NF      F     NF',
}

/** The caller’s own credential for a model of their controller: no other is there for them. */
const NOT_OWN = '      NF:controller NF:controller NF:controller NF:credential NF:credential F NF:credential'
const WITH_CREDENTIAL = {
  self: '              NF:controller NF:controller NF:controller OK F F OK',
  own: NOT_OWN,
  foreign: NOT_OWN,
  missing: NOT_OWN,
}

function ofTargets(words: string) {
  return { own: words, foreign: words, missing: words }
}

/** Whose a credential is, is seen by whoever sees the user; the credential by its owner and administrators alone. */
const OF_CREDENTIAL = {
  ...SELF,
  own: '               NF:user NF:user NF:user NF:name NF:name F     OK',
  stronger: '          NF:user NF:user NF:user NF:name NF:name F     OK',
  foreign: '           NF:user NF:user NF:user NF:name NF:user F     OK',
  missing: '           NF:user NF:user NF:user NF:user NF:user F     NF:user',
}
const SEEN = '         NF:user NF:user NF:name NF:user NF:user NF:name'

/** Signing in is tried with a wrong password, and guesses at one name are counted: so nobody is missing twice. */
let guesses = 0
function nameOf({ user }: Things): string {
  return user === 'ann-nowh' ? `nobody${10 + guesses++}` : user
}

const UNKNOWN = '      WC    WC    WC     WC     WC    WC    WC'

export const secretRows: Row[] = [
  row('setUserPassword', undefined, ({ user }) => ({ user, password: NEW_PASSWORD }), {
    // One’s own is changed with changePassword.
    self: '          F     F     F      C      F     F     C',
    own: '           F     F     F      OK     F     F     OK',
    stronger: '      F     F     F      F      F     F     OK',
    foreign: '       F     F     F      F      F     F     OK',
    missing: '       F     F     F      NF     F     F     NF',
  }),
  row('changePassword', undefined, () => ({ currentPassword: PASSWORD, newPassword: NEW_PASSWORD }), SELF),
  row('addSshKey', undefined, ({ user }) => ({ user, key: LINE }), OF_OWNER, NAMED),
  row('removeSshKey', undefined, ({ user, fingerprint }) => ({ user, fingerprint }), OF_OWNER, NAMED),
  row(
    'addCredential',
    undefined,
    ({ user }) => ({ user, name: 'new', attributes: USERPASS }),
    OF_OWNER_OR_ADMINISTRATOR,
    NAMED,
  ),
  row('revealCredential', undefined, ({ credential }) => ({ name: credential }), OF_OWN_NAME),
  rowOfTwo('removeCredential', undefined, ({ user, credential }) => ({ user, name: credential }), OF_CREDENTIAL, {
    own: SEEN,
    stronger: SEEN,
    foreign: SEEN,
  }),
  rowOfTwo(
    'replaceCredential',
    undefined,
    ({ user, credential }) => ({ user, name: credential, attributes: USERPASS }),
    OF_CREDENTIAL,
    { own: SEEN, stronger: SEEN, foreign: SEEN },
  ),
  rowOfTwo(
    'removeCredential',
    'of one user',
    ({ credential }, { user }) => ({ user, name: credential }),
    {
      own: OF_CREDENTIAL.own,
      foreign: '       NF:user NF:user NF:user NF:name NF:name F     NF:name',
      missing: '       NF:user NF:user NF:user NF:name NF:name F     NF:name',
    },
    ofTargets(SEEN),
  ),
  rowOfTwo(
    'createModel',
    'with a credential',
    ({ credential }, { controller }) => ({ controller, name: 'new', credential }),
    WITH_CREDENTIAL,
    {
      self: '          F     OK    OK    F     F     F',
      ...ofTargets('   NF:credential NF:credential NF:credential NF:credential NF:credential NF:credential'),
    },
  ),
  rowOfTwo(
    'updateModel',
    'with a credential',
    ({ credential }, { controller, model }) => ({ controller, model, credential }),
    WITH_CREDENTIAL,
    {
      self: '          NF:model NF:model OK F F OK',
      ...ofTargets('   NF:model NF:model NF:credential NF:credential NF:credential NF:credential'),
    },
  ),
  row('setReadOnly', undefined, () => ({ isReadOnly: true }), {
    own: '             F     F     F      F      F     F     OK',
  }),
  doneRow('signIn', undefined, (target) => ({ username: nameOf(target), password: 'no password of theirs' }), {
    self: UNKNOWN,
    missing: UNKNOWN,
  }),
  doneRow('signOut', undefined, () => ({}), SELF),
  row('endSession', undefined, ({ sessionId }) => ({ session: sessionId }), OF_SESSION),
  doneRow('signOutEverywhere', undefined, ({ user }) => ({ user }), OF_OWNER, NAMED),
]
