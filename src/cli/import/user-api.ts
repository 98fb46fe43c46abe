/** The users of a User-API for Juju controllers, as `GET /users` answers them: with SSH keys, credentials and levels. */
import {
  addBefore,
  homeOf,
  isObject,
  type Json,
  listOf,
  type MapOptions,
  objectsOf,
  type Plan,
  planOf,
  textOf,
} from './plan.ts'

export function mapUserApi(files: { file: string; value: unknown }[], options: MapOptions): Plan {
  return planOf(files, objectsOf, (plan, object) => mapUser(plan, object, options))
}

function mapUser(plan: Plan, user: Json, options: MapOptions) {
  const username = textOf(user, 'name')
  if (username === undefined) return plan.problems.push({ name: 'a user without a name', why: 'It has no "name".' })
  const sshKeys = Array.isArray(user.ssh_keys) ? user.ssh_keys.map(String) : []
  plan.users.push({ username, ...homeOf(options), ...(user.active === false && { isActive: false }), sshKeys })
  for (const credential of listOf(user, 'credentials')) mapCredential(plan, username, credential)
  for (const controller of controllersOf(user.controllers)) mapController(plan, username, controller, options)
}

/** The key attributes depend on the type: `service-principal-secret` and `application-id` are camel case here. */
function mapCredential(plan: Plan, user: string, credential: Json) {
  const [name, type] = [String(credential.name), String(credential.type)]
  const step = `credential ${name} of ${user}`
  if (!isObject(credential.key)) return plan.problems.push({ name: step, why: 'It has no "key" with attributes.' })
  const values = Object.entries(credential.key).map(([key, value]) => [camelCase(key), value])
  const attributes = { [camelCase(type)]: type === 'empty' ? { confirm: true } : Object.fromEntries(values) }
  plan.after.push({ name: step, mutation: 'addCredential', input: { user, name, attributes }, needs: [`user ${user}`] })
}

function camelCase(name: string): string {
  return name.replace(/-([a-z])/g, (_dash, letter: string) => letter.toUpperCase())
}

/** One answer lists controllers with their names in them, another has them under their names. */
function controllersOf(value: unknown): Json[] {
  const list = (Array.isArray(value) ? value : [value]).filter(isObject)
  return list.flatMap((one) => (typeof one.name === 'string' ? [one] : Object.entries(one).flatMap(namedBelow)))
}

function namedBelow([name, rest]: [string, unknown]): Json[] {
  return isObject(rest) ? [{ name, ...rest }] : []
}

/** `{ "name": "default", "access": "admin" }`, or `{ "default": "admin" }`. */
function modelsOf(controller: Json): { name: string; access: unknown }[] {
  return listOf(controller, 'models').flatMap((model) =>
    typeof model.name === 'string'
      ? { name: model.name, access: model.access }
      : Object.entries(model).map(([name, access]) => ({ name, access })),
  )
}

const UNKNOWN_TYPE = 'unknown'

function mapController(plan: Plan, user: string, controller: Json, options: MapOptions) {
  const name = String(controller.name)
  const type = textOf(controller, 'type') ?? UNKNOWN_TYPE
  const input = { name, type, ...homeOf(options) }
  addBefore(plan, { name: `controller ${name}`, mutation: 'createController', input, needs: [] })
  const needs = [`user ${user}`, `controller ${name}`]
  if (controller.access)
    plan.after.push({
      name: `${user} on controller ${name}`,
      mutation: 'grantControllerAccess',
      input: { user, controller: name, access: levelOf(controller.access) },
      needs,
    })
  for (const model of modelsOf(controller)) {
    const step = `model ${name}/${model.name}`
    const made = { controller: name, name: model.name }
    addBefore(plan, { name: step, mutation: 'createModel', input: made, needs: [`controller ${name}`] })
    plan.after.push({
      name: `${user} on ${step}`,
      mutation: 'grantModelAccess',
      input: { user, controller: name, model: model.name, access: levelOf(model.access) },
      needs: [...needs, step],
    })
  }
}

/** `add-model` is ADD_MODEL here. */
function levelOf(access: unknown): string {
  return String(access).toUpperCase().replaceAll('-', '_')
}
