import type { Scope } from '../../authority/caller.ts'
import type { RoleItem } from '../../authority/guard.ts'
import { BUILT_IN_ROLES } from '../../authority/permissions.ts'
import { roles } from '../../db/tables.ts'
import { InvalidInputError, type ScopeName } from '../../errors.ts'
import { fitsReference } from '../../graphql/references.ts'
import { type Finder, findRow } from '../../mutation/lookup.ts'
import { findOrganization } from '../organization/lookup.ts'
import { findProject } from '../project/lookup.ts'
import type { RoleInput } from './inputs.ts'
import type { Role as RoleRow } from './operations.ts'
import { Role } from './type.ts'

/** A role on a scope, after both were found. `role` and `scope` name them for people. */
export interface FoundRole extends RoleItem {
  role: string
  scope: string
}

/**
 * Finds the named roles and scopes. @throws NotFoundError that names the item; @throws InvalidInputError for a role
 * that can't be held on the scope
 */
export async function findRoles(
  finder: Finder,
  path: string,
  items: readonly RoleInput[] | null | undefined,
): Promise<FoundRole[]> {
  const found: FoundRole[] = []
  for (const [index, item] of (items ?? []).entries()) found.push(await findItem(finder, `${path}.${index}`, item))
  return found
}

export async function findItem(finder: Finder, path: string, item: RoleInput): Promise<FoundRole> {
  const role = await findRole(finder, item.role, `${path}.role`)
  const { kind, scope, name } = await findScope(finder, path, item)
  const problem = placeProblem(role, kind, scope)
  if (problem) throw new InvalidInputError([{ path, message: problem }])
  return { roleId: role.id, role: role.name, scope: name, ...scope, expiresAt: item.expiresAt?.toISOString() ?? null }
}

/** The visible role with this name. @throws NotFoundError */
export function findRole(finder: Finder, name: string, path: string, lock: 'CHANGE' | 'SHARE' = 'SHARE') {
  const fits = fitsReference('role', { id: roles.id, key: roles.nameKey }, name)
  return findRow(finder, roles, Role.visible, fits, { path, what: `The role "${name}"`, lock })
}

export interface FoundScope {
  kind: ScopeName
  scope: Scope
  name: string
}

export async function findScope(finder: Finder, path: string, item: RoleInput): Promise<FoundScope> {
  if (typeof item.project === 'string') {
    const project = await findProject(finder, item.project, `${path}.project`)
    const scope = { organizationId: project.organizationId, projectId: project.id }
    return { kind: 'PROJECT', scope, name: `project ${project.code}` }
  }
  if (typeof item.organization === 'string') {
    const organization = await findOrganization(finder, item.organization, `${path}.organization`)
    const scope = { organizationId: organization.id, projectId: null }
    return { kind: 'ORGANIZATION', scope, name: `organization ${organization.name}` }
  }
  return { kind: 'EVERYWHERE', scope: { organizationId: null, projectId: null }, name: 'everywhere' }
}

/** The reason why a role can't be held on a scope; null where it can. */
export function placeProblem(role: RoleRow, kind: ScopeName, scope: Scope): string | null {
  const scopes = BUILT_IN_ROLES.find((builtIn) => builtIn.id === role.id)?.scopes
  if (scopes && !scopes.includes(kind)) {
    const where = scopes.map((place) => (place === 'EVERYWHERE' ? 'everywhere' : `on a ${place.toLowerCase()}`))
    return `${role.name} can be held only ${where.join(' or ')}.`
  }
  if (role.organizationId !== null && role.organizationId !== scope.organizationId) {
    return `${role.name} is a role of one organization and can be held only in it.`
  }
  return null
}
