import { eq } from 'drizzle-orm'
import type { Scope } from '../auth/caller.ts'
import type { RoleItem } from '../auth/guard.ts'
import { BUILT_IN_ROLES, type GrantableScope } from '../auth/permissions.ts'
import { type Finder, findRow } from '../auth/references.ts'
import { builder } from '../builder.ts'
import { roles } from '../db/tables.ts'
import { InvalidInputError, type Issue } from '../errors.ts'
import { findOrganization } from '../organization/schema.ts'
import { findProject } from '../project/schema.ts'
import { expiryIssues } from '../validate.ts'
import type { Role as RoleRow } from './operations.ts'
import { Role } from './type.ts'

/** A role on a scope, as typed. Exactly one of project, organization and everywhere says where. */
export interface RoleInput {
  role: string
  project?: string | null
  organization?: string | null
  everywhere?: boolean | null
  expiresAt?: Date | null
}

const scopeFields = {
  project: 'The code of the project to hold it on.',
  organization: 'The name of the organization to hold it in.',
  everywhere: 'True to hold it everywhere. Nothing is everywhere by omission.',
}

export const RoleGrantInput = builder.inputRef<RoleInput>('RoleGrantInput').implement({
  description: 'A role and where it is to be held: exactly one of `project`, `organization` and `everywhere`.',
  fields: (t) => ({
    role: t.string({ required: true, description: 'The name of the role.' }),
    project: t.string({ description: scopeFields.project }),
    organization: t.string({ description: scopeFields.organization }),
    everywhere: t.boolean({ description: scopeFields.everywhere }),
    expiresAt: t.field({ type: 'DateTime', description: 'A planned end; none by default.' }),
  }),
})

export const RoleScopeInput = builder.inputRef<Omit<RoleInput, 'expiresAt'>>('RoleScopeInput').implement({
  description: 'A role and where it is held: exactly one of `project`, `organization` and `everywhere`.',
  fields: (t) => ({
    role: t.string({ required: true, description: 'The name of the role.' }),
    project: t.string({ description: scopeFields.project }),
    organization: t.string({ description: scopeFields.organization }),
    everywhere: t.boolean({ description: scopeFields.everywhere }),
  }),
})

/** A role on a scope, found. `role` and `scope` name it for people. */
export interface FoundRole extends RoleItem {
  role: string
  scope: string
}

/** What is wrong with role items by themselves. */
export function roleIssues(path: string, items: readonly RoleInput[] | null | undefined): Issue[] {
  return (items ?? []).flatMap((item, index) => {
    const at = `${path}.${index}`
    const places = [item.project, item.organization, item.everywhere || null].filter(
      (place) => (place ?? null) !== null,
    )
    const where = { path: at, message: 'Say where: exactly one of "project", "organization" and "everywhere: true".' }
    return [...(places.length === 1 ? [] : [where]), ...expiryIssues(`${at}.expiresAt`, item.expiresAt)]
  })
}

/**
 * Finds the roles and scopes named. @throws NotFoundError naming the item; @throws InvalidInputError for a role that
 * can't be held there
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

async function findItem(finder: Finder, path: string, item: RoleInput): Promise<FoundRole> {
  const role = await findRole(finder, item.role, `${path}.role`)
  const { kind, scope, name } = await findScope(finder, path, item)
  const problem = placeProblem(role, kind, scope)
  if (problem) throw new InvalidInputError([{ path, message: problem }])
  return { roleId: role.id, role: role.name, scope: name, ...scope, expiresAt: item.expiresAt?.toISOString() ?? null }
}

/** The visible role of this name. @throws NotFoundError */
export function findRole(finder: Finder, name: string, path: string, lock: 'CHANGE' | 'SHARE' = 'SHARE') {
  const fits = eq(roles.nameKey, name.toLowerCase())
  return findRow(finder, roles, Role.visible, fits, { path, what: `The role "${name}"`, lock })
}

interface FoundScope {
  kind: GrantableScope
  scope: Scope
  name: string
}

async function findScope(finder: Finder, path: string, item: RoleInput): Promise<FoundScope> {
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

/** Why a role can't be held on a scope; null where it can. */
function placeProblem(role: RoleRow, kind: GrantableScope, scope: Scope): string | null {
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
