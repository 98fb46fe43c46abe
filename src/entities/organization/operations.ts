import { and, eq, inArray, isNull, sql } from 'drizzle-orm'
import type { Caller } from '../../authority/caller.ts'
import { readRows, type Transaction } from '../../db/database.ts'
import { endFacts } from '../../db/history.ts'
import { createId } from '../../db/id.ts'
import {
  basePermissions,
  controllers,
  organizations,
  projects,
  roleGrants,
  roles,
  users,
  webhooks,
} from '../../db/tables.ts'
import { writeUnique } from '../../db/unique.ts'
import { ConflictError } from '../../errors.ts'
import { notePermissions } from '../permission/operations.ts'

/** The name of the organization that is created at the first start. */
export const DEFAULT_ORGANIZATION = 'default'

export type Organization = typeof organizations.$inferSelect

interface OrganizationFields {
  name?: string
  title?: string | null
  tokenTtlSeconds?: number
  maxKeyTtlSeconds?: number | null
}

/** Inserts an organization and returns its id. @throws ConflictError where the name is taken. */
export async function insertOrganization(
  tx: Transaction,
  caller: Caller,
  fields: OrganizationFields & { name: string; basePermissions: string[] },
): Promise<string> {
  const { basePermissions: words, ...row } = fields
  const id = createId()
  await uniqueOrganizationName(row.name, tx.insert(organizations).values({ id, ...row }))
  await addBasePermissions(tx, caller, id, words)
  return id
}

/** Changes the fields that are not undefined. @throws ConflictError where the name is taken. */
export async function changeOrganization(tx: Transaction, id: string, fields: OrganizationFields) {
  if (Object.values(fields).every((value) => value === undefined)) return
  await uniqueOrganizationName(fields.name ?? '', tx.update(organizations).set(fields).where(eq(organizations.id, id)))
}

/** Adds base permissions. A base permission that exists already stays as it is. */
export async function addBasePermissions(tx: Transaction, caller: Caller, organizationId: string, words: string[]) {
  if (words.length === 0) return
  await notePermissions(tx, words)
  const rows = words.map((permission) => ({ id: createId(), organizationId, permission, grantedBy: caller.userId }))
  await tx.insert(basePermissions).values(rows).onConflictDoNothing()
}

/** Ends base permissions. A permission that is not a base permission is ignored. */
export async function endBasePermissions(tx: Transaction, caller: Caller, organizationId: string, words: string[]) {
  if (words.length === 0) return
  const which = and(eq(basePermissions.organizationId, organizationId), inArray(basePermissions.permission, words))
  await endFacts(tx, basePermissions, which, caller)
}

/** Returns the current base permissions of an organization in alphabetical order. */
export async function readBasePermissions(tx: Transaction, organizationId: string): Promise<string[]> {
  const rows = await tx
    .select({ permission: basePermissions.permission })
    .from(basePermissions)
    .where(and(eq(basePermissions.organizationId, organizationId), isNull(basePermissions.endedAt)))
    .orderBy(basePermissions.permission)
  return rows.map((row) => row.permission)
}

/**
 * Deletes an organization that has no users, projects, roles, controllers or webhooks. All grants in it end. Returns how many
 * role grants ended.
 * @throws ConflictError naming what the organization still has.
 */
export async function removeOrganization(tx: Transaction, caller: Caller, organization: Organization): Promise<number> {
  const [alive] = await readRows<{
    users: number
    projects: number
    roles: number
    controllers: number
    webhooks: number
  }>(
    tx,
    sql`select
    (select count(*)::int from ${users} where organization_id = ${organization.id} and deleted_at is null) as users,
    (select count(*)::int from ${projects} where organization_id = ${organization.id} and deleted_at is null) as projects,
    (select count(*)::int from ${roles} where organization_id = ${organization.id} and deleted_at is null) as roles,
    (select count(*)::int from ${controllers} where organization_id = ${organization.id} and deleted_at is null) as controllers,
    (select count(*)::int from ${webhooks} where organization_id = ${organization.id} and deleted_at is null) as webhooks`,
  )
  const parts = Object.entries(alive ?? {}).filter(([, count]) => count > 0)
  if (parts.length > 0) {
    const living = parts.map(([what, count]) => `${count} ${what}`).join(', ')
    throw new ConflictError(`The organization "${organization.name}" still has ${living}: delete them first.`)
  }
  // What was held on its projects ended with them.
  const inOrganization = and(eq(roleGrants.organizationId, organization.id), isNull(roleGrants.projectId))
  const endedGrants = await endFacts(tx, roleGrants, inOrganization, caller)
  await endBasePermissions(tx, caller, organization.id, await readBasePermissions(tx, organization.id))
  await tx.update(organizations).set({ deletedAt: sql`clock_timestamp()` }).where(eq(organizations.id, organization.id))
  return endedGrants
}

function uniqueOrganizationName(name: string, write: PromiseLike<unknown>) {
  return writeUnique(write, 'organizations_name_unique', `An organization named "${name}" exists already.`)
}
