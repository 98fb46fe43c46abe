import { EVERYWHERE, inOrganization, type Scope } from '../../authority/caller.ts'
import type { RoleItem } from '../../authority/guard.ts'
import { BUILT_IN_ROLES } from '../../authority/permissions.ts'
import { roles } from '../../db/tables.ts'
import { InvalidInputError, type ScopeName } from '../../errors.ts'
import { fitsReference } from '../../graphql/references.ts'
import { type Finder, type Found, findRow, unchanging } from '../../mutation/lookup.ts'
import { findOrganization } from '../organization/lookup.ts'
import type { Organization as OrganizationRow } from '../organization/operations.ts'
import { findProject } from '../project/lookup.ts'
import type { Project as ProjectRow } from '../project/operations.ts'
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
): Promise<Found<FoundRole[]>> {
  const found = await Promise.all((items ?? []).map((item, index) => findItem(finder, `${path}.${index}`, item)))
  return { locked: () => found.map((one) => one.locked()) }
}

async function findItem(finder: Finder, path: string, item: RoleInput): Promise<Found<FoundRole>> {
  const [role, scope] = await Promise.all([
    findRole(finder, item.role, `${path}.role`),
    findScope(finder, `${path}.`, item),
  ])
  const expiresAt = item.expiresAt?.toISOString() ?? null
  return { locked: () => ({ ...roleOnScope(path, role.locked(), scope.locked()), expiresAt }) }
}

/** A role that was found, on a scope that was. @throws InvalidInputError where it can’t be held there */
export function roleOnScope(path: string, role: RoleRow, { kind, scope, name }: FoundScope) {
  const problem = placeProblem(role, kind, scope)
  if (problem) throw new InvalidInputError([{ path, message: problem }])
  return { roleId: role.id, role: role.name, scope: name, ...scope }
}

/** The visible role with this name. @throws NotFoundError */
export function findRole(finder: Finder, name: string, path: string, lock: 'CHANGE' | 'SHARE' = 'SHARE') {
  const fits = fitsReference('role', { id: roles.id, key: roles.nameKey }, name)
  return findRow(finder, roles, Role.visible, fits, { path, what: 'The role', lock })
}

export interface FoundScope {
  kind: ScopeName
  scope: Scope
  name: string
}

/** Finds the scope that an input names. @param path the path before its fields */
export async function findScope(
  finder: Finder,
  path: string,
  item: Omit<RoleInput, 'role' | 'expiresAt'>,
): Promise<Found<FoundScope>> {
  if (typeof item.project === 'string') {
    const project = await findProject(finder, item.project, `${path}project`)
    return { locked: () => projectScope(project.locked()) }
  }
  if (typeof item.organization === 'string') {
    const organization = await findOrganization(finder, item.organization, `${path}organization`)
    return { locked: () => organizationScope(organization.locked()) }
  }
  return unchanging({ kind: 'EVERYWHERE', scope: EVERYWHERE, name: nameScope(null, null) })
}

function projectScope({ id, organizationId, code }: ProjectRow): FoundScope {
  return { kind: 'PROJECT', scope: { organizationId, projectId: id }, name: nameScope(code, null) }
}

function organizationScope({ id, name }: OrganizationRow): FoundScope {
  return { kind: 'ORGANIZATION', scope: inOrganization(id), name: nameScope(null, name) }
}

/** The name of a scope for people: `project apollo`, `organization acme`, `everywhere`. */
export function nameScope(project: string | null, organization: string | null): string {
  if (project !== null) return `project ${project}`
  return organization === null ? 'everywhere' : `organization ${organization}`
}

/** Roles on scopes as the audit records them. */
export function describeRoles(items: FoundRole[]) {
  return items.map(({ role, scope, expiresAt }) => ({ role, scope, expiresAt }))
}

/** The reason why a role can't be held on a scope; null where it can. */
function placeProblem(role: RoleRow, kind: ScopeName, scope: Scope): string | null {
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
