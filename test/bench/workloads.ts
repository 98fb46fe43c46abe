/** The workloads: what is asked, by which callers, and with which variables. */
import type { Random } from '../read/random.ts'
import { CHECK, EFFECTIVE, GRANT, PAGE, SHEET, VERIFY, VIEWER } from './documents.ts'
import { questionsAbout } from './questions.ts'
import {
  HEAVY_USERNAME,
  idOf,
  isSuspended,
  KINDS,
  ORGANIZATIONS,
  organizationOf,
  projectOf,
  ROLES_TO_GRANT,
  usernameOf,
  type World,
} from './world.ts'

/** The caller of a request: root, the administrator of an organization, or the user that it is about. */
export const CALLERS = ['root', 'administrator', 'user'] as const
export type Caller = (typeof CALLERS)[number]

export interface Asked {
  /** The value of the header `Authorization`. */
  credential: string
  variables: object
}

export interface Workload {
  name: string
  title: string
  document: string
  callers: readonly Caller[]
  /** A part of every good answer. */
  expected: string
  /** Whether each request adds a grant and an audit row. */
  isChange?: boolean
  /** Whether its callers must have signed in. */
  usesTokens?: boolean
  next(load: Load, caller: Caller): Asked
}

/** Where the load takes its random variables from. */
export interface Load {
  world: World
  random: Random
  /** How many users send requests themselves. */
  callers: number
  /** The tokens of the users that have signed in. */
  tokens: string[]
  /** How many changes were sent: each must be another one. */
  changes: number
}

const ROOT: readonly Caller[] = ['root']

export const WORKLOADS: Workload[] = [
  {
    name: 'W1',
    title: 'viewer by key',
    document: VIEWER,
    callers: CALLERS,
    expected: '"viewer":{"user":{"username":"',
    next: (load, caller) => ({ credential: callerOf(load, caller).credential, variables: {} }),
  },
  {
    name: 'W2',
    title: 'access sheet of a user',
    document: SHEET,
    callers: CALLERS,
    expected: '"controllers":{"edges":[',
    next(load, caller) {
      const { credential, subject } = callerOf(load, caller)
      return { credential, variables: { username: usernameOf(subject) } }
    },
  },
  {
    name: 'W3',
    title: 'page of 50 users with roles',
    document: PAGE,
    callers: CALLERS,
    expected: '"nodes":[{"',
    next(load, caller) {
      const { credential, subject } = callerOf(load, caller, PAGE_SIZE)
      // A user sees no page but the first.
      return { credential, variables: { after: caller === 'user' ? null : cursorBefore(subject) } }
    },
  },
  {
    name: 'W4',
    title: 'grant of a role, with audit',
    document: GRANT,
    callers: ROOT,
    expected: '"changed":true',
    isChange: true,
    next: (load) => ({ credential: callerOf(load, 'root').credential, variables: { input: nextGrant(load) } }),
  },
  {
    name: 'W5',
    title: 'check of one permission',
    document: CHECK,
    callers: CALLERS,
    expected: '"checkAccess":[{"',
    next(load, caller) {
      const { credential, subject } = callerOf(load, caller)
      const questions = questionsAbout(load.random, organizationOf(subject)).permission()
      return { credential, variables: { input: { user: usernameOf(subject), questions: [questions] } } }
    },
  },
  {
    name: 'W6',
    title: '100 checks at once',
    document: CHECK,
    callers: ROOT,
    expected: '"checkAccess":[{"',
    next(load) {
      const { credential, subject } = callerOf(load, 'root')
      const questions = questionsAbout(load.random, organizationOf(subject)).many(100)
      return { credential, variables: { input: { user: usernameOf(subject), questions } } }
    },
  },
  {
    name: 'W7',
    title: 'first page of the access of a user with 5,000 grants',
    document: EFFECTIVE,
    callers: ROOT,
    expected: '"nodes":[{"',
    next: (load) => ({ credential: callerOf(load, 'root').credential, variables: { username: HEAVY_USERNAME } }),
  },
  {
    name: 'W8',
    title: 'verification of a key',
    document: VERIFY,
    callers: ROOT,
    expected: '"permissions":[{"',
    next(load) {
      const secret = load.world.userKeys[callingUser(load) - 1]
      return { credential: callerOf(load, 'root').credential, variables: { secret } }
    },
  },
  {
    name: 'W9',
    title: 'viewer by token',
    document: VIEWER,
    callers: ['user'],
    usesTokens: true,
    expected: '"viewer":{"user":{"username":"',
    next: ({ random, tokens }) => ({ credential: `Bearer ${random.pick(tokens)}`, variables: {} }),
  },
]

const PAGE_SIZE = 50

/** The credential of a caller, and the number of a user that they may ask about, who has at least so many others after them. */
function callerOf(load: Load, caller: Caller, after = 0): { credential: string; subject: number } {
  const { world, random } = load
  if (caller === 'root') return { credential: `Bearer ${world.rootKey}`, subject: 1 + random.int(world.users - after) }
  if (caller === 'user') {
    const user = callingUser(load)
    return { credential: `Bearer ${world.userKeys[user - 1]}`, subject: user }
  }
  const organization = 1 + random.int(ORGANIZATIONS)
  const members = Math.floor(world.users / ORGANIZATIONS) - 1
  const subject = organization - 1 + ORGANIZATIONS * (1 + random.int(members - after))
  return { credential: `Bearer ${world.administratorKeys[organization - 1]}`, subject }
}

/** A user who sends requests, which suspended users can't. */
function callingUser({ random, callers }: Load): number {
  const user = 1 + random.int(callers)
  return isSuspended(user) ? user - 1 : user
}

/** The cursor of a user in the list by username. */
function cursorBefore(user: number): string {
  const key = ['USERNAME asc', usernameOf(user), idOf(KINDS.user, user)]
  return Buffer.from(JSON.stringify(key)).toString('base64url')
}

/** A prime number: two grants in a row concern users that are this far from each other. */
const STRIDE = 7919

const LOADED_ROLES = ROLES_TO_GRANT - 1

/** A role on a project that the user does not hold: users first, then roles, then projects. */
function nextGrant(load: Load) {
  const { users } = load.world
  const turn = load.changes++
  const user = 1 + ((turn * (users % STRIDE === 0 ? 1 : STRIDE)) % users)
  const round = Math.floor(turn / users)
  const project = projectOf(organizationOf(user), Math.floor(round / LOADED_ROLES))
  return { user: usernameOf(user), roles: [{ role: `GRANTED_${1 + (round % LOADED_ROLES)}`, project }] }
}
