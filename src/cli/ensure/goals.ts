/** The states that `ensure` can bring about: how a thing is found, made and changed. */
import type { Json } from '../cells.ts'

/** One mutation, by its name and input. */
export interface Change {
  field: string
  input: Json
}

/** A thing as it should be. */
export interface Goal {
  /** What it is, for people: `the role EDITOR`. */
  name: string
  /** The field and its arguments that find it, and what is compared. */
  find: { field: string; args: Record<string, string>; selection: string }
  create: Change
  /** Returns what is to be changed of what was found, null for nothing, or the text why it can’t be changed. */
  update(found: Json): Change | string | null
}

export interface UserGoal {
  displayName?: string
  email?: string
  organization?: string
  service?: boolean
  withApiKey?: boolean
}

const SERVICE_PREFIX = 'api-'

export function userGoal(given: string, { displayName, email, organization, service, withApiKey }: UserGoal): Goal {
  const username = service && !given.startsWith(SERVICE_PREFIX) ? `${SERVICE_PREFIX}${given}` : given
  const values = present({ displayName, email })
  const first = service ? {} : { withApiKey: withApiKey === true }
  return {
    name: `the user ${username}`,
    find: { field: 'user', args: { username }, selection: 'kind displayName email organization { name }' },
    create: {
      field: service ? 'createServiceUser' : 'createUser',
      input: { username, ...values, ...first, ...present({ organization }) },
    },
    update(found) {
      if ((found.kind === 'SERVICE') !== (service === true))
        return `is ${found.kind === 'SERVICE' ? 'a service user' : 'a person'}`
      return misplaced(found, organization) ?? updateOf('updateUser', { user: username }, differences(found, values))
    },
  }
}

export interface RoleGoal {
  permissions: string[]
  title?: string
  organization?: string
}

export function roleGoal(name: string, { permissions, title, organization }: RoleGoal): Goal {
  return {
    name: `the role ${name}`,
    find: { field: 'role', args: { name }, selection: 'title organization { name } permissions { name }' },
    create: { field: 'createRole', input: { name, permissions, ...present({ title, organization }) } },
    update(found) {
      const held = (found.permissions as { name: string }[]).map((permission) => permission.name)
      const addPermissions = permissions.filter((one) => !held.includes(one))
      const removePermissions = held.filter((one) => !permissions.includes(one))
      const changes = {
        ...differences(found, present({ title })),
        ...(addPermissions.length > 0 && { addPermissions }),
        ...(removePermissions.length > 0 && { removePermissions }),
      }
      return misplaced(found, organization) ?? updateOf('updateRole', { role: name }, changes)
    },
  }
}

export interface ProjectGoal {
  title?: string
  organization?: string
}

export function projectGoal(code: string, { title, organization }: ProjectGoal): Goal {
  return {
    name: `the project ${code}`,
    find: { field: 'project', args: { code }, selection: 'title organization { name }' },
    create: { field: 'createProject', input: { code, ...present({ title, organization }) } },
    update(found) {
      return (
        misplaced(found, organization) ??
        updateOf('updateProject', { project: code }, differences(found, present({ title })))
      )
    },
  }
}

export interface ControllerGoal {
  type: string
  organization?: string
}

export function controllerGoal(name: string, { type, organization }: ControllerGoal): Goal {
  return {
    name: `the controller ${name}`,
    find: { field: 'controller', args: { name }, selection: 'type organization { name }' },
    create: { field: 'createController', input: { name, type, ...present({ organization }) } },
    update(found) {
      return (
        misplaced(found, organization) ??
        updateOf('updateController', { controller: name }, differences(found, { type }))
      )
    },
  }
}

/** The organization of a thing is permanent. */
function misplaced(found: Json, organization: string | undefined): string | null {
  const { name = null } = (found.organization ?? {}) as { name?: string }
  if (organization === undefined || name?.toLowerCase() === organization.toLowerCase()) return null
  return `belongs to ${name === null ? 'no organization that you may see' : `the organization ${name}`}, permanently`
}

function updateOf(field: string, names: Json, changes: Json): Change | null {
  return Object.keys(changes).length > 0 ? { field, input: { ...names, ...changes } } : null
}

/** Returns the values that are not as they should be. */
function differences(found: Json, values: Json): Json {
  return Object.fromEntries(Object.entries(values).filter(([name, value]) => found[name] !== value))
}

function present(values: Json): Json {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
}
