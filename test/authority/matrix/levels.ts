/** What each caller gets from the mutations of controllers and models. From "Levels" of the mission and "Deciding" of authority.md. */
import { type Outcomes, type Row, row } from './rows.ts'
import type { Things } from './world.ts'

//                     plain outsid projct orgadm audit limit admin
const NOT_FOUND = '    NF    NF    NF     NF     NF    NF    NF'
/** Who manages controllers is SUPERUSER on each of them; who reads the records there sees them. */
const MANAGED = {
  own: '               NF    NF    NF     OK     F     NF    OK',
  neighbor: '          NF    NF    NF     OK     F     NF    OK',
  foreign: '           NF    NF    NF     NF     NF    NF    OK',
  missing: NOT_FOUND,
}
/** Models named on the caller's own controller: those of others are not there, whoever asks. */
const ON_CONTROLLER = {
  own: MANAGED.own,
  sibling: MANAGED.own,
  neighbor: NOT_FOUND,
  foreign: NOT_FOUND,
  missing: NOT_FOUND,
}
/** Models named with their own controller. */
const WITH_CONTROLLER = { neighbor: MANAGED.neighbor, foreign: MANAGED.foreign, missing: NOT_FOUND }
/** By `controllers.manage` alone: who holds it nowhere is refused at the door. */
const BY_PERMISSION = {
  own: '               F     F     F      OK     F     F     OK',
  neighbor: '          F     F     F      OK     F     F     OK',
  foreign: '           F     F     F      NF     F     F     OK',
  missing: '           F     F     F      NF     F     F     NF',
}
const TO_USER = {
  self: '              NF    NF    NF     OK     F     NF    OK',
  own: '               NF    NF    NF     OK     F     NF    OK',
  stronger: '          NF    NF    NF     OK     F     NF    OK',
  // An organization admin may name any active user.
  foreign: '           NF    NF    NF     OK     NF    NF    OK',
  missing: NOT_FOUND,
}
const SET_OF_USER = {
  ...TO_USER,
  // Setting may take away: against an administrator that is for administrators.
  stronger: '          NF    NF    NF     F      F     NF    OK',
}
const FROM_USER = {
  ...SET_OF_USER,
  // Anyone may give up their own.
  self: '              NF    NF    NF     OK     OK    NF    OK',
}

//                     login add   super  read   write admin
const SUPERUSERS = {
  self: '              F     F     OK     F      F     F',
  own: '               NF    NF    OK     NF     NF    F',
  stronger: '          NF    NF    OK     NF     NF    F',
  foreign: '           NF    NF    OK     NF     NF    F',
}
const SUPERUSERS_SET = {
  ...SUPERUSERS,
  stronger: '          NF    NF    F      NF     NF    F',
}
const SUPERUSERS_REVOKE = {
  ...SUPERUSERS_SET,
  self: '              OK    OK    OK     OK     OK    OK',
}
const ADMINS = {
  self: '              NF    NF    OK     F      F     OK',
  own: '               NF    NF    OK     NF     NF    OK',
  stronger: '          NF    NF    OK     NF     NF    OK',
  foreign: '           NF    NF    OK     NF     NF    OK',
}
const ADMINS_SET = {
  ...ADMINS,
  stronger: '          NF    NF    F      NF     NF    F',
}
const ADMINS_REVOKE = {
  ...ADMINS_SET,
  self: '              NF    NF    OK     OK     OK    OK',
}
/** On a controller or model, to or from a user of one's own. */
const SUPERUSERS_THERE = { own: SUPERUSERS.own }
const ADMINS_THERE = {
  own: ADMINS.own,
  sibling: '           NF    NF    OK     NF     NF    NF',
}

type Input = Parameters<typeof row>[2]

/** The steps on a controller's ladder: with every user, and on every controller. */
function controllerSteps(name: string, outcomes: Outcomes, step: object): Row[] {
  const withUser: Input = ({ user }, { controller }) => ({ user, controller, ...step })
  const onController: Input = ({ controller }, { user }) => ({ user, controller, ...step })
  return [...withUsers(name, withUser, outcomes), row(name, 'on a controller', onController, MANAGED, SUPERUSERS_THERE)]
}

/** The steps on a model's ladder. */
function modelSteps(name: string, outcomes: Outcomes, step: object): Row[] {
  const withUser: Input = ({ user }, { controller, model }) => ({ user, controller, model, ...step })
  const user = (own: Things) => ({ user: own.user, ...step })
  return [...withUsers(name, withUser, outcomes), ...onModels(name, user, ADMINS_THERE)]
}

/** Oneself is no secret, so not to be compared with somebody missing. */
function withUsers(name: string, input: Input, { expect, levels }: Outcomes): Row[] {
  const { self: expectSelf = '', ...expectOthers } = expect
  const { self: levelsSelf = '', ...levelsOthers } = levels ?? {}
  return [
    row(name, 'with oneself', input, { self: expectSelf }, { self: levelsSelf }),
    row(name, 'with a user', input, expectOthers, levelsOthers),
  ]
}

/** What is done to a model of one's own controller, and to one of another. */
function onModels(name: string, rest: (own: Things) => object, levels: Row['levels']): Row[] {
  const onController: Input = ({ model }, own) => ({ controller: own.controller, model, ...rest(own) })
  const withController: Input = ({ controller, model }, own) => ({ controller, model, ...rest(own) })
  return [
    row(name, 'on one controller', onController, ON_CONTROLLER, levels),
    row(name, 'with its controller', withController, WITH_CONTROLLER),
  ]
}

const LOGIN = { access: 'LOGIN' }
const READ = { access: 'READ' }

export const levelRows: Row[] = [
  row(
    'createController',
    undefined,
    ({ organization }) => ({ name: 'new', type: 'google', organization }),
    withoutNeighbor(BY_PERMISSION),
  ),
  row('updateController', undefined, ({ controller }) => ({ controller, type: 'new' }), BY_PERMISSION),
  row('deleteController', undefined, ({ controller }) => ({ controller }), {
    // Models live on all of them.
    own: '             F     F     F      C      F     F     C',
    neighbor: '        F     F     F      C      F     F     C',
    foreign: '         F     F     F      NF     F     F     C',
    missing: '         F     F     F      NF     F     F     NF',
  }),
  row('createModel', undefined, ({ controller }) => ({ controller, name: 'new' }), MANAGED, {
    own: '             F     OK    OK     F      F     F',
  }),
  ...onModels('updateModel', () => ({ name: 'new' }), {
    own: '             NF    NF    OK     F      F     OK',
    sibling: '         NF    NF    OK     NF     NF    NF',
  }),
  ...onModels('deleteModel', () => ({}), {
    // Removing models is for SUPERUSERs.
    own: '             NF    NF    OK     F      F     F',
    sibling: '         NF    NF    OK     NF     NF    NF',
  }),
  ...controllerSteps('grantControllerAccess', { expect: TO_USER, levels: SUPERUSERS }, LOGIN),
  ...controllerSteps('setControllerAccess', { expect: SET_OF_USER, levels: SUPERUSERS_SET }, LOGIN),
  ...controllerSteps('revokeControllerAccess', { expect: FROM_USER, levels: SUPERUSERS_REVOKE }, LOGIN),
  ...modelSteps('grantModelAccess', { expect: TO_USER, levels: ADMINS }, READ),
  ...modelSteps('setModelAccess', { expect: SET_OF_USER, levels: ADMINS_SET }, READ),
  ...modelSteps('revokeModelAccess', { expect: FROM_USER, levels: ADMINS_REVOKE }, READ),
]

function withoutNeighbor({ neighbor: _, ...expect }: Row['expect']): Row['expect'] {
  return expect
}
