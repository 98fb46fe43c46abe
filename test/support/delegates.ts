/** Delegates: they manage users and roles, in one organization or everywhere, and are no administrators. */

import type { Client, TestApp } from './app.ts'
import { change, changeDocument } from './change.ts'
import { createController } from './levels.ts'
import { inDays } from './look.ts'
import { missingOf } from './missing.ts'
import { createApiKey, createOrganization, createProject, createRole, createUser } from './seed.ts'
import { bearer, PASSWORD, signIn } from './sessions.ts'

const WORDS = ['users.manage', 'users.read', 'roles.grant', 'roles.manage']
const PLACES = [{ organization: 'acme' }, { everywhere: true }]

export type Place = (typeof PLACES)[number]

/** What a delegate comes with. */
type Way = 'a key' | 'a session' | 'a limited key of an administrator'
const WAYS: Way[] = ['a key', 'a session', 'a limited key of an administrator']

/** Every way there is, in acme and everywhere. */
export const DELEGATES = WAYS.flatMap((way) =>
  PLACES.map((place): [string, Way, Place] => [`${way}, ${place.everywhere ? 'everywhere' : 'in acme'}`, way, place]),
)

/**
 * acme with the project apollo and the controller gce1; the roles DELEGATE, EQUAL (doc.read), PUBLISHER (doc.publish) and
 * REVIEWER (doc.review); and dan, who holds DELEGATE and EQUAL for good, REVIEWER for ten days, or who administers
 * and has a key with the limits DELEGATE and EQUAL.
 */
export async function createDelegate(app: TestApp, way: Way, place: Place): Promise<Delegate> {
  await createOrganization(app, 'acme')
  await createProject(app, 'apollo', 'acme')
  await createController(app, 'gce1', 'acme')
  await createRole(app, 'DELEGATE', WORDS, place.organization)
  await createRole(app, 'EQUAL', ['doc.read'])
  await createRole(app, 'PUBLISHER', ['doc.publish'])
  await createRole(app, 'REVIEWER', ['doc.review'])
  const roles = ['DELEGATE', 'EQUAL'].map((role) => ({ role, ...place }))
  if (way === 'a limited key of an administrator') {
    const dan = await createUser(app, 'dan', { isAdmin: true })
    const { key } = await createApiKey(dan.client, { limits: roles })
    return delegate({ 'api-key': key }, true)
  }
  const passing = { role: 'REVIEWER', ...place, expiresAt: inDays(10) }
  const { key } = await createUser(app, 'dan', { roles: [...roles, passing] })
  if (way === 'a key') return delegate({ 'api-key': key }, false)
  await change(app.root, 'setUserPassword', { user: 'dan', password: PASSWORD, mustChangePassword: false })
  return delegate(bearer((await signIn(app, 'dan')).token), false)

  function delegate(headers: Record<string, string>, isLimited: boolean) {
    return { headers, isLimited, client: app.as(headers) }
  }
}

export interface Delegate {
  headers: Record<string, string>
  isLimited: boolean
  client: Client
}

/** Users of acme: eve holds what a delegate holds, all others something more. */
const OTHERS: [string, (app: TestApp, place: Place) => Promise<{ keyId: string }>][] = [
  ['eve', (app, place) => createMember(app, 'eve', { roles: [{ role: 'EQUAL', ...place }] })],
  ['pam', (app, place) => createMember(app, 'pam', { roles: [{ role: 'PUBLISHER', ...place }] })],
  ['pat', (app) => createMember(app, 'pat', { roles: [{ role: 'PUBLISHER', project: 'apollo' }] })],
  ['rea', (app, place) => createMember(app, 'rea', { roles: [{ role: 'REVIEWER', ...place }] })],
  ['sue', createSuperuser],
  ['ada', (app) => createMember(app, 'ada', { isAdmin: true })],
  [
    'ann',
    (app) => createMember(app, 'ann', { roles: [{ role: 'ADMINISTRATOR', everywhere: true, expiresAt: inDays(1) }] }),
  ],
]

const createMember = (app: TestApp, username: string, input: Parameters<typeof createUser>[2]) =>
  createUser(app, username, { organization: 'acme', ...input })

async function createSuperuser(app: TestApp) {
  const sue = await createMember(app, 'sue', {})
  await change(app.root, 'grantControllerAccess', { user: 'sue', controller: 'gce1', access: 'SUPERUSER' })
  return sue
}

export interface Other {
  username: string
  keyId: string
}

/** Makes these users. */
export async function createOthers(app: TestApp, place: Place, usernames: string[]): Promise<Other[]> {
  const made: Other[] = []
  for (const [username, create] of OTHERS)
    if (usernames.includes(username)) made.push({ username, keyId: (await create(app, place)).keyId })
  return made
}

/** What a mutation answers, in words: `done`, `MissingAuthorityError doc.publish`, `FORBIDDEN ADMINISTRATOR`. */
export async function outcomeOf(client: Client, name: string, input: object): Promise<string> {
  const { data, errors } = await client.send(changeDocument(name), { input })
  const [error] = errors
  if (error) return `${error.extensions.code} ${missingOf(error.extensions)}`
  const { __typename, missing, message } = data[name]
  return __typename.endsWith('Payload') ? 'done' : `${__typename} ${missing ? missingOf({ missing }) : message}`
}
