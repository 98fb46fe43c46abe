/** Refusals that say what was missing and where, and places to be refused in. */

import { expect } from 'vitest'
import type { Client, TestApp } from './app.ts'
import { changeDocument } from './change.ts'
import { createController, createModel } from './levels.ts'
import { MISSING, type Missing, missingAt, missingOf, withKind } from './missing.ts'
import { withoutWriting } from './rows.ts'
import { createOrganization, createProject, createRole, createUser, type RoleInput, type SeededUser } from './seed.ts'

/** acme with the projects apollo and gemini and the model gce1/web; globex with titan and far/moon. */
export async function createPlaces(app: TestApp) {
  for (const [organization, controller, model] of [
    ['acme', 'gce1', 'web'],
    ['globex', 'far', 'moon'],
  ] as const) {
    await createOrganization(app, organization)
    await createController(app, controller, organization)
    await createModel(app.root, controller, model)
  }
  await createProject(app, 'apollo', 'acme')
  await createProject(app, 'gemini', 'acme')
  await createProject(app, 'titan', 'globex')
}

/** bob, of acme. */
export async function createBob(app: TestApp, ...roles: RoleInput[]): Promise<SeededUser> {
  return createUser(app, 'bob', { organization: 'acme', roles })
}

/** bob, whose role holds these words in acme. */
export async function createDelegate(
  app: TestApp,
  words: string[],
  place: Partial<RoleInput> = { organization: 'acme' },
) {
  await createRole(app, 'DELEGATE', words)
  return createBob(app, { role: 'DELEGATE', ...place })
}

/** What is missing and where, as in the extensions of an error. */
export type Told = [what: string, where: string | null][]

/** The mutation is refused and tells exactly this, in its message too; `missing` are the words alone. */
export async function isForbidden(app: TestApp, client: Client, told: Told, name: string, input: object) {
  const error = await withoutWriting(app, () => client.refused('FORBIDDEN', changeDocument(name), { input }))
  expect(error).toMatchObject({ path: [name], extensions: { code: 'FORBIDDEN' } })
  expect(missingAt(error.extensions)).toEqual(told.map(([what, where]) => ({ what, where })))
  const texts = told.map(([what, where]) => (where === null ? what : `${what} ${where}`))
  expect(error.message).toBe(`"${name}" needs ${texts.join(' or ')}.`)
}

const SELECTION = `__typename ... on MissingAuthorityError { message ${MISSING} }`

function documentOf(name: string, selection: string): string {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}`
  return `mutation ($input: ${type}Input!) { ${name}(input: $input) { ${selection} } }`
}

/** The mutation answers MissingAuthorityError and tells exactly this; loudly the same, where nobody asked for it. */
export async function lacks(app: TestApp, client: Client, told: Told, name: string, input: object) {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Payload`
  const asked = () => client.failed('MissingAuthorityError', documentOf(name, SELECTION), { input })
  const unasked = () =>
    client.refused('MISSING_AUTHORITY', documentOf(name, `... on ${type} { __typename }`), { input })
  const { message, missing } = await withoutWriting(app, asked)
  const loud = await withoutWriting(app, unasked)
  const order = (list: Missing[]) => list.map((one) => JSON.stringify(one)).sort()
  expect(order(missingAt({ missing }))).toEqual(order(told.map(([what, where]) => ({ what, where }))))
  expect(missingOf({ missing }).sort()).toEqual([...new Set(told.map(([what, where]) => withKind(what, where)))].sort())
  expect(loud).toMatchObject({ path: [name], message, extensions: { missing } })
}
