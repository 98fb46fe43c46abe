/** The permissions: those of the server, those of the applications, and those of the built-in roles. */
import type { ScopeName } from '../errors.ts'

/** The server's own permissions, each with what it allows. */
export const SERVER_PERMISSIONS = {
  'users.read': 'Read the records of an organization’s users: e-mail, keys, roles.',
  'users.manage': 'Create, change, disable, enable, delete and restore users, and make and revoke their keys.',
  'roles.manage': 'Define roles: create, change and delete them.',
  'roles.grant': 'Grant and revoke roles whose permissions one holds oneself.',
  'organizations.manage': 'Create, change and delete organizations.',
  'projects.manage': 'Create, change and delete projects.',
  'project.update': 'Change a project.',
  'project.delete': 'Delete a project.',
  'controllers.manage': 'Register, change and remove controllers, with every level on them.',
  'access.check': 'Ask what others may do.',
  'audit.read': 'Read the audit.',
  'webhooks.manage': 'Create, change and delete webhooks; to say what they send needs audit.read too.',
} as const

/** A permission of the server. */
export type ServerPermission = keyof typeof SERVER_PERMISSIONS

/** The first segments that are reserved for the server: no application can name a permission that begins with one of them. */
export const SERVER_SEGMENTS = [
  'users',
  'roles',
  'organizations',
  'projects',
  'project',
  'controllers',
  'models',
  'keys',
  'audit',
  'access',
  'settings',
  'webhooks',
]

const PERMISSION_PATTERN = /^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$/

/** The wildcard that ADMINISTRATOR holds instead of a list. No input can contain it. */
export const EVERYTHING = '*'
/** The wildcard that ORGANIZATION_ADMIN holds for every permission that is not the server's. No input can contain it. */
export const EVERY_APPLICATION_WORD = '@applications'

const EVERY_APPLICATION_PERMISSION = 'every permission of the applications'

/** The texts that describe the wildcards to people. */
export const MANY_WORDS: Record<string, string> = {
  [EVERYTHING]: 'every permission',
  [EVERY_APPLICATION_WORD]: EVERY_APPLICATION_PERMISSION,
}

/** Returns the name of a permission for people: a user who holds the wildcard for everything is an administrator. */
export function wordName(word: string): string {
  if (word === EVERYTHING) return ADMINISTRATOR.name
  return word === EVERY_APPLICATION_WORD ? EVERY_APPLICATION_PERMISSION : word
}

/** Returns the permission of that name. */
export function wordNamed(name: string): string {
  if (name === ADMINISTRATOR.name) return EVERYTHING
  return name === EVERY_APPLICATION_PERMISSION ? EVERY_APPLICATION_WORD : name
}

function isServerWord(word: string): boolean {
  return SERVER_SEGMENTS.includes(word.split('.')[0] ?? '')
}

/** Returns the held permissions, including wildcards, that allow `word`. */
export function wordsAllowing(word: string): string[] {
  return isServerWord(word) ? [word, EVERYTHING] : [word, EVERYTHING, EVERY_APPLICATION_WORD]
}

/** Returns why a text can't be a permission; null where it can. */
export function permissionProblem(word: string): string | null {
  if (word.length > 100) return 'A permission has at most 100 characters.'
  if (!PERMISSION_PATTERN.test(word)) {
    return 'A permission is lower-case words joined by dots, like "version.create".'
  }
  if (isServerWord(word) && !(word in SERVER_PERMISSIONS)) {
    return `Words under "${word.split('.')[0]}." belong to the server, which does not know this one.`
  }
  return null
}

const PROJECT_WORK = ['version.create', 'version.update', 'version.delete']

/** A role that every server has. Its id is fixed, so that code and tests can name it. */
export interface BuiltInRole {
  id: string
  name: string
  title: string
  permissions: string[]
  scopes: ScopeName[]
}

const ANY_SCOPE: ScopeName[] = ['EVERYWHERE', 'ORGANIZATION', 'PROJECT']

export const ADMINISTRATOR: BuiltInRole = {
  id: '00000000-0000-7000-8000-000000000001',
  name: 'ADMINISTRATOR',
  title: 'Administrator',
  permissions: [EVERYTHING],
  scopes: ['EVERYWHERE'],
}

export const BUILT_IN_ROLES: BuiltInRole[] = [
  ADMINISTRATOR,
  {
    id: '00000000-0000-7000-8000-000000000002',
    name: 'ORGANIZATION_ADMIN',
    title: 'Organization administrator',
    permissions: [
      ...Object.keys(SERVER_PERMISSIONS).filter((word) => word !== 'organizations.manage'),
      EVERY_APPLICATION_WORD,
    ],
    scopes: ['ORGANIZATION'],
  },
  {
    id: '00000000-0000-7000-8000-000000000003',
    name: 'AUDITOR',
    title: 'Auditor',
    permissions: ['users.read', 'audit.read', 'access.check'],
    scopes: ANY_SCOPE,
  },
  {
    id: '00000000-0000-7000-8000-000000000004',
    name: 'PROJECT_MANAGER',
    title: 'Project manager',
    permissions: ['project.update', 'project.delete', ...PROJECT_WORK],
    scopes: ANY_SCOPE,
  },
  {
    id: '00000000-0000-7000-8000-000000000005',
    name: 'VERSION_MANAGER',
    title: 'Version manager',
    permissions: PROJECT_WORK,
    scopes: ANY_SCOPE,
  },
]
