import { and, eq, inArray, isNull, sql } from 'drizzle-orm'
import type { Caller } from '../../authority/caller.ts'
import type { Transaction } from '../../db/database.ts'
import { endFacts } from '../../db/history.ts'
import { createId } from '../../db/id.ts'
import { basePermissions, controllers, organizations, projects, roleGrants, roles, users } from '../../db/tables.ts'
import { writeUnique } from '../../db/unique.ts'
import { ConflictError } from '../../errors.ts'
import { notePermissions } from '../permission/operations.ts'

/** The organization that exists from the first start. */
export const DEFAULT_ORGANIZATION = 'default'

export type Organization = typeof organizations.$inferSelect

interface OrganizationFields {
  name?: string
  title?: string | null
  tokenTtlSeconds?: number
}

/** @throws ConflictError where the name is taken. */
export async function insertOrganization(
  tx: Transaction,
  caller: Caller,
  fields: OrganizationFields & { name: string; basePermissions: string[] },
): Promise<string> {
  const { basePermissions: words, ...row } = fields
  const id = createId()
  await namedOnce(row.name, tx.insert(organizations).values({ id, ...row }))
  await addBasePermissions(tx, caller, id, words)
  return id
}

/** @throws ConflictError where the name is taken. */
export async function changeOrganization(tx: Transaction, id: string, fields: OrganizationFields) {
  if (Object.values(fields).every((value) => value === undefined)) return
  await namedOnce(fields.name ?? '', tx.update(organizations).set(fields).where(eq(organizations.id, id)))
}

/** Begins base permissions. One that holds already stays as it is. */
export async function addBasePermissions(tx: Transaction, caller: Caller, organizationId: string, words: string[]) {
  if (words.length === 0) return
  await notePermissions(tx, words)
  const rows = words.map((permission) => ({ id: createId(), organizationId, permission, grantedBy: caller.userId }))
  await tx.insert(basePermissions).values(rows).onConflictDoNothing()
}

/** Ends base permissions. One that does not hold is passed over. */
export async function endBasePermissions(tx: Transaction, caller: Caller, organizationId: string, words: string[]) {
  if (words.length === 0) return
  const which = and(eq(basePermissions.organizationId, organizationId), inArray(basePermissions.permission, words))
  await endFacts(tx, basePermissions, which, caller)
}

/** The base permissions of an organization that hold now, in order. */
export async function readBasePermissions(tx: Transaction, organizationId: string): Promise<string[]> {
  const rows = await tx
    .select({ permission: basePermissions.permission })
    .from(basePermissions)
    .where(and(eq(basePermissions.organizationId, organizationId), isNull(basePermissions.endedAt)))
    .orderBy(basePermissions.permission)
  return rows.map((row) => row.permission)
}

/**
 * Deletes an organization in which nothing lives any more; what was granted in it ends.
 * @throws ConflictError naming what lives in it.
 */
export async function removeOrganization(tx: Transaction, caller: Caller, organization: Organization) {
  const [alive] = await tx.execute<{ users: number; projects: number; roles: number; controllers: number }>(sql`select
    (select count(*)::int from ${users} where organization_id = ${organization.id} and deleted_at is null) as users,
    (select count(*)::int from ${projects} where organization_id = ${organization.id} and deleted_at is null) as projects,
    (select count(*)::int from ${roles} where organization_id = ${organization.id} and deleted_at is null) as roles,
    (select count(*)::int from ${controllers} where organization_id = ${organization.id} and deleted_at is null) as controllers`)
  const parts = Object.entries(alive ?? {}).filter(([, count]) => count > 0)
  if (parts.length > 0) {
    const living = parts.map(([what, count]) => `${count} ${what}`).join(', ')
    throw new ConflictError(`The organization "${organization.name}" still has ${living}: delete them first.`)
  }
  await endFacts(tx, roleGrants, eq(roleGrants.organizationId, organization.id), caller)
  await endBasePermissions(tx, caller, organization.id, await readBasePermissions(tx, organization.id))
  await tx.update(organizations).set({ deletedAt: sql`clock_timestamp()` }).where(eq(organizations.id, organization.id))
}

function namedOnce(name: string, write: PromiseLike<unknown>) {
  return writeUnique(write, 'organizations_name_unique', `An organization named "${name}" exists already.`)
}
