/** Who may do what, said once more and plainly from authority.md, over all the rows: what the server must agree with. */
import type { Facts } from './facts.ts'

/** First segments of the server’s own words. */
export const SERVER = [
  'users',
  'roles',
  'organizations',
  'projects',
  'project',
  'controllers',
  'models',
  'keys',
  'audit',
  'webhooks',
  'access',
]
export const CONTROLLER = ['LOGIN', 'ADD_MODEL', 'SUPERUSER']
export const MODEL = ['READ', 'WRITE', 'ADMIN']

/** Everywhere (both null), an organization, or a project of it. */
export interface Place {
  organization: string | null
  project: string | null
}

interface Held extends Place {
  word: string
}

export function createOracle(facts: Facts) {
  const holds = ({ since, expires, ended }: { since: number; expires: number; ended: number }) =>
    since <= facts.now && facts.now < expires && facts.now < ended

  const wordsOfRole = (role: string) => facts.roleWords.filter((row) => row.role === role && holds(row))

  function heldBy(user: string): Held[] {
    const home = facts.users.find(({ id }) => id === user)?.organization
    const byRole = facts.roleGrants
      .filter((grant) => grant.user === user && holds(grant))
      .flatMap((grant) => wordsOfRole(grant.role).map(({ word }) => ({ ...grant, word })))
    const byHome = facts.baseWords
      .filter((row) => row.organization === home && holds(row))
      .map((row) => ({ ...row, project: null }))
    return [...byRole, ...byHome]
  }

  const limitsOf = (key: string): Held[] =>
    facts.limits
      .filter((limit) => limit.key === key)
      .flatMap((limit) => wordsOfRole(limit.role).map(({ word }) => ({ ...limit, word })))

  function isAmong(held: Held[], wanted: string, place: Place): boolean {
    const isServers = SERVER.includes(wanted.split('.')[0] ?? '')
    return held.some(
      ({ word, organization, project }) =>
        (word === wanted || word === '*' || (word === '@applications' && !isServers)) &&
        (organization === null || organization === place.organization) &&
        (project === null || project === place.project),
    )
  }

  const isLimited = (key: string | null) => facts.keys.some(({ id, limited }) => id === key && limited)

  /** May the user, or a key of theirs, use the permission there? They are active. */
  function may(user: string, key: string | null, word: string, place: Place): boolean {
    const within = key === null || !isLimited(key) || isAmong(limitsOf(key), word, place)
    return within && isAmong(heldBy(user), word, place)
  }

  /** The level on a controller, from 1; 0 is none. A limited key has it where it may manage the controller. */
  function onController(user: string, key: string | null, id: string): number {
    const organization = facts.controllers.find((row) => row.id === id)?.organization ?? null
    const place = { organization, project: null }
    if (key !== null && isLimited(key) && !isAmong(limitsOf(key), 'controllers.manage', place)) return 0
    if (isAmong(heldBy(user), 'controllers.manage', place)) return 3
    const models = facts.models.filter(({ controller }) => controller === id).map((model) => model.id)
    const byModel = facts.modelGrants.some((row) => row.user === user && models.includes(row.model) && holds(row))
    const granted = facts.controllerGrants.filter((row) => row.user === user && row.controller === id && holds(row))
    return Math.max(byModel ? 1 : 0, ...granted.map(({ level }) => CONTROLLER.indexOf(level) + 1))
  }

  /** The level on a model, from 1; 0 is none. */
  function onModel(user: string, key: string | null, id: string): number {
    const onIts = onController(user, key, facts.models.find((row) => row.id === id)?.controller ?? '')
    if (onIts === 3 || onIts === 0) return onIts
    const granted = facts.modelGrants.filter((row) => row.user === user && row.model === id && holds(row))
    return Math.max(0, ...granted.map(({ level }) => MODEL.indexOf(level) + 1))
  }

  const isSuspended = (user: string) => facts.suspensions.some((row) => row.user === user && holds(row))

  return { may, onController, onModel, isSuspended }
}
