/** Organizations, roles and users of AtScale, as its API answers them or takes them. Each file is recognized by what is in it. */
import {
  addBefore,
  isObject,
  type Json,
  listOf,
  type MapOptions,
  objectsOf,
  type Plan,
  planOf,
  type Step,
  textOf,
} from './plan.ts'

export function mapAtScale(files: { file: string; value: unknown }[], options: MapOptions): Plan {
  return planOf(files, itemsOf, (plan, object) => mapItem(plan, object, options))
}

/** What is in an answer: it is in `response`, and there under `roles` or `users` where it is no list. */
function itemsOf(value: unknown, file: string): Json[] {
  const response = isObject(value) && 'response' in value ? value.response : value
  if (!isObject(response)) return objectsOf(response, file)
  const inner = response.roles ?? response.users
  return objectsOf(isListOfObjects(inner) ? inner : response, file)
}

function isListOfObjects(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every(isObject)
}

function mapItem(plan: Plan, item: Json, options: MapOptions) {
  if ('username' in item) return plan.users.push(mapUser(plan, item, options))
  if ('permissions' in item) return addBefore(plan, roleStep(item, options))
  if ('NumberOfUsers' in item) return addBefore(plan, organizationStep(item))
  plan.problems.push({ name: 'an item', why: 'It is no organization, role or user of AtScale.' })
}

function organizationStep(item: Json): Step {
  const [name = '', title] = [textOf(item, 'id'), textOf(item, 'name')]
  const input = { name, ...(title && title !== name && { title }) }
  return { name: `organization ${name}`, mutation: 'createOrganization', input, needs: [] }
}

function roleStep(item: Json, { organization, roles }: MapOptions): Step {
  const name = roleOf(String(item.id), roles)
  const permissions = listOf(item, 'permissions').map((permission) => String(permission.name))
  const input = { name, title: textOf(item, 'title'), organization, permissions }
  const needs = organization === undefined ? [] : [`organization ${organization}`]
  return { name: `role ${name}`, mutation: 'createRole', input, needs }
}

function mapUser(plan: Plan, item: Json, { organization, roles }: MapOptions) {
  const username = String(item.username)
  const name = `user ${username}`
  if (typeof item.password === 'string') plan.problems.push({ name, why: IN_CLEAR })
  const named = (Array.isArray(item.roles) ? item.roles : []).map((role) =>
    roleOf(String(isObject(role) ? role.id : role), roles),
  )
  const place = organization === undefined ? { everywhere: true as const } : { organization }
  return {
    username,
    ...(organization !== undefined && { organization }),
    ...(textOf(item, 'name') && { displayName: textOf(item, 'name') }),
    ...(textOf(item, 'email') && { email: textOf(item, 'email') }),
    roles: named.map((role) => ({ role, ...place })),
  }
}

function roleOf(id: string, roles: Map<string, string>): string {
  return roles.get(id) ?? id
}

const IN_CLEAR =
  'A password in clear text is not taken: others may know it. Set one with "chatelaine set-user-password", which its user must change.'
