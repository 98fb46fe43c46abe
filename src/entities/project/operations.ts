import { eq, sql } from 'drizzle-orm'
import type { Caller } from '../../authority/caller.ts'
import type { Transaction } from '../../db/database.ts'
import { endFacts } from '../../db/history.ts'
import { createId } from '../../db/id.ts'
import { projects, roleGrants } from '../../db/tables.ts'
import { writeUnique } from '../../db/unique.ts'

export type Project = typeof projects.$inferSelect

/** Creates a project and returns its id. @throws ConflictError where the code is taken */
export async function insertProject(
  tx: Transaction,
  fields: { code: string; title: string | null; organizationId: string },
): Promise<string> {
  const id = createId()
  await uniqueProjectCode(fields.code, tx.insert(projects).values({ id, ...fields }))
  return id
}

/** Changes the code or title of a project. @throws ConflictError where the code is taken */
export async function changeProject(tx: Transaction, id: string, fields: { code?: string; title?: string | null }) {
  if (Object.values(fields).every((value) => value === undefined)) return
  await uniqueProjectCode(fields.code ?? '', tx.update(projects).set(fields).where(eq(projects.id, id)))
}

/**
 * Deletes a project and ends every grant on it; a new project with its code has none. Returns the number of ended
 * grants.
 */
export async function removeProject(tx: Transaction, caller: Caller, project: Project): Promise<number> {
  const endedGrants = await endFacts(tx, roleGrants, eq(roleGrants.projectId, project.id), caller)
  await tx.update(projects).set({ deletedAt: sql`clock_timestamp()` }).where(eq(projects.id, project.id))
  return endedGrants
}

function uniqueProjectCode(code: string, write: PromiseLike<unknown>) {
  return writeUnique(write, 'projects_code_unique', `A project of the code "${code}" exists already.`)
}
