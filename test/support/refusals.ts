/** Refusals that say what was missing and where, and places to be refused in. */
import { expect } from 'vitest'
import type { Client, Need, TestApp } from './app.ts'
import { changeDocument } from './change.ts'
import { createController, createModel } from './levels.ts'
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

function needsOf(told: Told): Need[] {
  return told.map(([what, where]) => ({ what, where }))
}

/** The mutation is refused and tells exactly this, in its message too; `missing` are the words alone. */
export async function isForbidden(app: TestApp, client: Client, told: Told, name: string, input: object) {
  const error = await withoutWriting(app, () => client.refused('FORBIDDEN', changeDocument(name), { input }))
  const [missing, needs] = [told.map(([what, where]) => wordOf(what, where)), needsOf(told)]
  expect(error).toMatchObject({ path: [name], extensions: { code: 'FORBIDDEN', missing, needs } })
  const texts = told.map(([what, where]) => (where === null ? what : `${what} ${where}`))
  expect(error.message).toBe(`"${name}" needs ${texts.join(' or ')}.`)
}

/** `missing` keeps the kind of a place that has levels. */
function wordOf(what: string, where: string | null): string {
  const [kind] = where?.match(/on (the|a) (controller|model)/) ?? []
  return kind ? `${what} ${kind.replace(' a ', ' the ')}` : what
}

const MISSING = '__typename ... on MissingAuthority { message missing needs { what where } }'

function documentOf(name: string, selection: string): string {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}`
  return `mutation ($input: ${type}Input!) { ${name}(input: $input) { ${selection} } }`
}

/** The mutation answers MissingAuthority and tells exactly this; loudly the same, where nobody asked for it. */
export async function lacks(app: TestApp, client: Client, told: Told, name: string, input: object) {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Payload`
  const asked = () => client.failed('MissingAuthority', documentOf(name, MISSING), { input })
  const unasked = () =>
    client.refused('MISSING_AUTHORITY', documentOf(name, `... on ${type} { __typename }`), { input })
  const { message, missing, needs } = await withoutWriting(app, asked)
  const loud = await withoutWriting(app, unasked)
  const order = (list: Need[]) => list.map((need) => JSON.stringify(need)).sort()
  expect(order(needs)).toEqual(order(needsOf(told)))
  expect(missing).toEqual([...new Set(told.map(([what, where]) => wordOf(what, where)))].sort())
  const { needs: loudNeeds = [], ...extensions } = loud.extensions
  expect({ ...loud, extensions }).toMatchObject({ path: [name], message, extensions: { missing } })
  expect(order(loudNeeds)).toEqual(order(needs))
}
