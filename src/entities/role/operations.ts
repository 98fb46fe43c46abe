import { and, eq, inArray, isNull, sql } from 'drizzle-orm'
import type { Caller, Scope } from '../../authority/caller.ts'
import type { RoleItem } from '../../authority/guard.ts'
import type { Transaction } from '../../db/database.ts'
import { endFacts, endLapsed, lasts } from '../../db/history.ts'
import { createId } from '../../db/id.ts'
import { insertSql, render } from '../../db/rendered.ts'
import { roleGrants, rolePermissions, roles } from '../../db/tables.ts'
import { writeUnique } from '../../db/unique.ts'
import { ConflictError } from '../../errors.ts'
import { notePermissions } from '../permission/operations.ts'

export type Role = typeof roles.$inferSelect

/** Creates a role with its permissions and returns its id. @throws ConflictError where the name is taken */
export async function insertRole(
  tx: Transaction,
  caller: Caller,
  fields: { name: string; title: string | null; organizationId: string | null; permissions: string[] },
): Promise<string> {
  const { permissions, ...row } = fields
  const id = createId()
  await uniqueRoleName(row.name, tx.insert(roles).values({ id, ...row }))
  await addPermissions(tx, caller, id, permissions)
  return id
}

/** Changes a role and its permissions. @throws ConflictError for a built-in role, or where the name is taken */
export async function changeRole(
  tx: Transaction,
  caller: Caller,
  role: Role,
  fields: { name?: string; title?: string | null; addPermissions: string[]; removePermissions: string[] },
) {
  refuseBuiltIn(role, 'changed')
  const { name, title } = fields
  if (name !== undefined || title !== undefined) {
    await uniqueRoleName(name ?? '', tx.update(roles).set({ name, title }).where(eq(roles.id, role.id)))
  }
  await endPermissions(tx, caller, role.id, fields.removePermissions)
  await addPermissions(tx, caller, role.id, fields.addPermissions)
}

/** Deletes a role and ends every grant of it. @throws ConflictError for a built-in role */
export async function removeRole(tx: Transaction, caller: Caller, role: Role): Promise<number> {
  refuseBuiltIn(role, 'deleted')
  const endedGrants = await endFacts(tx, roleGrants, eq(roleGrants.roleId, role.id), caller)
  await endPermissions(tx, caller, role.id, await readPermissions(tx, role.id))
  await tx.update(roles).set({ deletedAt: sql`clock_timestamp()` }).where(eq(roles.id, role.id))
  return endedGrants
}

function refuseBuiltIn(role: Role, what: string) {
  if (role.isBuiltIn) throw new ConflictError(`The built-in role ${role.name} can’t be ${what}.`)
}

/** The permissions that a role holds now, sorted. */
export async function readPermissions(tx: Transaction, roleId: string): Promise<string[]> {
  const rows = await tx
    .select({ permission: rolePermissions.permission })
    .from(rolePermissions)
    .where(and(eq(rolePermissions.roleId, roleId), isNull(rolePermissions.endedAt)))
    .orderBy(rolePermissions.permission)
  return rows.map((row) => row.permission)
}

async function addPermissions(tx: Transaction, caller: Caller, roleId: string, words: string[]) {
  if (words.length === 0) return
  await notePermissions(tx, words)
  const rows = words.map((permission) => ({ id: createId(), roleId, permission, grantedBy: caller.userId }))
  await tx.insert(rolePermissions).values(rows).onConflictDoNothing()
}

async function endPermissions(tx: Transaction, caller: Caller, roleId: string, words: string[]) {
  if (words.length === 0) return
  const which = and(eq(rolePermissions.roleId, roleId), inArray(rolePermissions.permission, words))
  await endFacts(tx, rolePermissions, which, caller)
}

/**
 * Grants roles to a user. The user's row must be locked. A role that is already held on the scope as long or longer
 * stays as it is: granting never shortens. Returns the grants that changed.
 */
export async function grantRoles(
  tx: Transaction,
  caller: Caller,
  userId: string,
  items: RoleItem[],
): Promise<RoleItem[]> {
  const open = await endLapsedGrants(tx, userId)
  const wanted = longestPerTarget(items).filter((item) => !isHeldAlready(open, item))
  const replaced = open.filter((grant) => wanted.some((item) => isSameTarget(grant, item)))
  await endGrants(tx, caller, replaced)
  if (wanted.length > 0) {
    const grants = wanted.map((item) => ({ id: createId(), ...item }))
    await insertGrants(tx, { userId, grantedBy: caller.userId, grants })
  }
  return wanted
}

interface NewGrants {
  userId: string
  grantedBy: string | null
  grants: (RoleItem & { id: string })[]
}

const insertGrants = render<NewGrants, never>((parameter) => {
  const grants = parameter('json', (given) => JSON.stringify(given.grants))
  const values = {
    id: sql`g.id`,
    userId: parameter('uuid', ({ userId }) => userId),
    roleId: sql`g."roleId"`,
    organizationId: sql`g."organizationId"`,
    projectId: sql`g."projectId"`,
    grantedBy: parameter('uuid', ({ grantedBy }) => grantedBy),
    expiresAt: sql`g."expiresAt"`,
  }
  const columns = sql`id uuid, "roleId" uuid, "organizationId" uuid, "projectId" uuid, "expiresAt" timestamptz`
  return insertSql(roleGrants, values, sql`from json_to_recordset(${grants}) as g(${columns})`)
})

/** A role that a user holds on a scope. */
export interface HeldRole extends RoleItem {
  id: string
  role: string
}

const rolesOn = render<Scope & { userId: string }, HeldRole>((parameter) => {
  const organizationId = parameter('uuid', (scope) => scope.organizationId)
  const projectId = parameter('uuid', (scope) => scope.projectId)
  return sql`
  select g.id, g.role_id as "roleId", g.organization_id as "organizationId", g.project_id as "projectId",
    g.expires_at as "expiresAt", r.name as role
  from ${roleGrants} as g join ${roles} as r on r.id = g.role_id
  where g.user_id = ${parameter('uuid', ({ userId }) => userId)} and g.organization_id is not distinct from ${organizationId}
    and g.project_id is not distinct from ${projectId} and g.ended_at is null
    and (g.expires_at is null or statement_timestamp() < g.expires_at)
  order by r.name_key`
})

/** The roles that a user holds on exactly this scope now. */
export function readRolesOn(tx: Transaction, userId: string, scope: Scope): Promise<HeldRole[]> {
  return rolesOn(tx, { userId, ...scope })
}

/**
 * Lets a user hold exactly these roles on a scope, where they hold others now. The user's row must be locked. Returns what was
 * ended and what began: a role whose end is another one is both.
 */
export async function replaceRoles<Item extends RoleItem>(
  tx: Transaction,
  caller: Caller,
  userId: string,
  { held, wanted }: { held: HeldRole[]; wanted: Item[] },
) {
  const isKept = (grant: RoleItem, item: RoleItem) =>
    isSameTarget(grant, item) && lasts(grant, item) && lasts(item, grant)
  const longest = longestPerTarget(wanted)
  const ended = held.filter((grant) => !longest.some((item) => isKept(grant, item)))
  const begun = longest.filter((item) => !held.some((grant) => isKept(grant, item)))
  await endLapsedGrants(tx, userId)
  await endGrants(tx, caller, ended)
  const grants = begun.map((item) => ({ id: createId(), ...item }))
  if (begun.length > 0) await insertGrants(tx, { userId, grantedBy: caller.userId, grants })
  return { ended, begun }
}

/** Whether a user holds this already, for at least as long. */
export function isHeldAlready(held: RoleItem[], item: RoleItem): boolean {
  return held.some((grant) => isSameTarget(grant, item) && lasts(grant, item))
}

/** Revokes roles from a user. The user's row must be locked. Returns the grants that the user held. */
export async function revokeRoles(
  tx: Transaction,
  caller: Caller,
  userId: string,
  items: TargetScope[],
): Promise<RoleItem[]> {
  const open = await endLapsedGrants(tx, userId)
  const revoked = open.filter((grant) => items.some((item) => isSameTarget(grant, item)))
  await endGrants(tx, caller, revoked)
  return revoked
}

type TargetScope = Scope & { roleId: string }

/** Ends the grants of a user that are past their planned end; returns those that are left. */
async function endLapsedGrants(tx: Transaction, userId: string) {
  const open = await readOpenGrants(tx, userId)
  if (open.some(({ isLapsed }) => isLapsed)) await endLapsed(tx, roleGrants, eq(roleGrants.userId, userId))
  return open.filter(({ isLapsed }) => !isLapsed)
}

interface OpenGrant extends RoleItem {
  id: string
  /** Whether it is past its planned end. */
  isLapsed: boolean
}

const openGrants = render<string, OpenGrant>(
  (parameter) => sql`
  select coalesce(g.expires_at <= statement_timestamp(), false) as "isLapsed", g.id, g.role_id as "roleId",
    g.organization_id as "organizationId", g.project_id as "projectId", g.expires_at as "expiresAt"
  from ${roleGrants} as g where g.user_id = ${parameter('uuid', (userId) => userId)} and g.ended_at is null`,
)

/** The open role grants of a user. */
export function readOpenGrants(tx: Transaction, userId: string): Promise<OpenGrant[]> {
  return openGrants(tx, userId)
}

async function endGrants(tx: Transaction, caller: Caller, grants: { id: string }[]) {
  if (grants.length === 0) return
  const ids = grants.map((grant) => grant.id)
  await endFacts(tx, roleGrants, inArray(roleGrants.id, ids), caller)
}

function isSameTarget(a: TargetScope, b: TargetScope): boolean {
  return a.roleId === b.roleId && a.organizationId === b.organizationId && a.projectId === b.projectId
}

function longestPerTarget<Item extends RoleItem>(items: Item[]): Item[] {
  return items.filter(
    (item, index) =>
      !items.some(
        (other, place) =>
          isSameTarget(item, other) &&
          (place < index ? lasts(other, item) : place > index && lasts(other, item) && !lasts(item, other)),
      ),
  )
}

function uniqueRoleName(name: string, write: PromiseLike<unknown>) {
  return writeUnique(write, 'roles_name_unique', `A role named "${name}" exists already.`)
}
