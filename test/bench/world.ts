/** What the database of the benchmark holds. Names, ids and most facts follow from numbers, in SQL and here alike. */

export const ORGANIZATIONS = 20
export const PROJECTS = 200
export const CONTROLLERS = 100
export const MODELS = 1000
export const ROLES = 40
/** Roles that no user holds before the load grants them; the last one is for the comparison of the answers. */
export const ROLES_TO_GRANT = 20
/** Users with a password. The server keeps at most 100 sessions of one user. */
export const USERS_WITH_PASSWORD = 20
export const ROOT_USERNAME = 'root'
export const HEAVY_USERNAME = 'heavy'

/** The kinds of rows, each with the part of its ids that says so. */
export const KINDS = {
  organization: '0001',
  project: '0002',
  role: '0003',
  roleToGrant: '0004',
  user: '0005',
  administrator: '0006',
  heavy: '0007',
  controller: '0008',
  model: '0009',
} as const

/** The ids of keys, by the kind of their user. */
export const KEY_KINDS = { user: '0015', administrator: '0016' } as const

/** The database as it was filled, with the secrets that were stored as hashes. */
export interface World {
  /** How many ordinary users there are, counted from 1. */
  users: number
  rootKey: string
  /** The key of each ordinary user. */
  userKeys: string[]
  /** The key of the administrator of each organization. */
  administratorKeys: string[]
  password: string
}

/** The id of a row in the form of a UUIDv7, whose order is that of the numbers. */
export function idOf(kind: string, number: number): string {
  return `${number.toString(16).padStart(8, '0')}-${kind}-7000-8000-000000000000`
}

export function usernameOf(user: number): string {
  return `user-${String(user).padStart(7, '0')}`
}

/** The home organization of a user. */
export function organizationOf(user: number): number {
  return 1 + (user % ORGANIZATIONS)
}

/** One user in a hundred is suspended. */
export function isSuspended(user: number): boolean {
  return user % 100 === 99
}

/** One of the projects of an organization; its numbers are those with the same remainder. */
export function projectOf(organization: number, nth: number): string {
  const number = ((organization - 1) % ORGANIZATIONS) + ORGANIZATIONS * (nth % (PROJECTS / ORGANIZATIONS))
  return `project-${number || PROJECTS}`
}
