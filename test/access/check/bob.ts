/** bob, to whom things are given by root, or by ed: what the tests of chains begin with. */
import type { Client, TestApp } from '../../support/app.ts'
import { change } from '../../support/change.ts'
import { have, may } from '../../support/check.ts'
import { createController, createModel } from '../../support/levels.ts'
import { createOrganization, createProject, createRole, createUser, type SeededUser } from '../../support/seed.ts'

export const BOB = { user: 'bob' }
export const ACME = { organization: 'acme' }
export const [APOLLO, ZEUS] = [{ project: 'apollo' }, { project: 'zeus' }]
export const GCE1 = { controller: 'gce1' }
export const EDIT = may('doc.edit', APOLLO)
export const LOGIN = have('LOGIN', 'gce1')

/** acme with apollo and zeus, gce1 with web and db, the roles EDITOR and KEEPER, ed who administers, and bob of acme. */
export async function startBob(app: TestApp): Promise<{ bob: SeededUser; ed: Client }> {
  await createOrganization(app, 'acme')
  await createProject(app, 'apollo', 'acme')
  await createProject(app, 'zeus', 'acme')
  await createController(app, 'gce1', 'acme')
  await createModel(app.root, 'gce1', 'web')
  await createModel(app.root, 'gce1', 'db')
  await createRole(app, 'EDITOR', ['doc.edit'])
  await createRole(app, 'KEEPER', ['controllers.manage'])
  const ed = await createUser(app, 'ed', { isAdmin: true })
  return { bob: await createUser(app, 'bob', ACME), ed: ed.client }
}

/** A role on a scope. */
export interface Given {
  role: string
  project?: string
  organization?: string
  everywhere?: boolean
  expiresAt?: string
}

/** Gives bob roles. */
export function grant(client: Client, ...roles: Given[]) {
  return change(client, 'grantRoles', { ...BOB, roles })
}

/** Gives bob a level on gce1, or on a model of it like `gce1/web`. */
export function giveLevel(client: Client, access: string, thing = 'gce1', expiresAt?: string) {
  const [controller, model] = thing.split('/')
  const input = { ...BOB, controller, access, expiresAt }
  return model === undefined
    ? change(client, 'grantControllerAccess', input)
    : change(client, 'grantModelAccess', { ...input, model })
}

/** Gives all members of acme permissions. */
export function addBase(client: Client, ...words: string[]) {
  return change(client, 'updateOrganization', { ...ACME, addBasePermissions: words })
}
