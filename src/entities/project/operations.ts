import { eq, sql } from 'drizzle-orm'
import type { Caller } from '../../authority/caller.ts'
import type { Transaction } from '../../db/database.ts'
import { endFacts } from '../../db/history.ts'
import { createId } from '../../db/id.ts'
import { projects, roleGrants } from '../../db/tables.ts'
import { writeUnique } from '../../db/unique.ts'

export type Project = typeof projects.$inferSelect

/** @throws ConflictError where the code is taken. */
export async function insertProject(
  tx: Transaction,
  fields: { code: string; title: string | null; organizationId: string },
): Promise<string> {
  const id = createId()
  await codedOnce(fields.code, tx.insert(projects).values({ id, ...fields }))
  return id
}

/** @throws ConflictError where the code is taken. */
export async function changeProject(tx: Transaction, id: string, fields: { code?: string; title?: string | null }) {
  if (Object.values(fields).every((value) => value === undefined)) return
  await codedOnce(fields.code ?? '', tx.update(projects).set(fields).where(eq(projects.id, id)))
}

/** Deletes a project; every grant on it ends, and a new project of its code starts with none. Gives how many ended. */
export async function removeProject(tx: Transaction, caller: Caller, project: Project): Promise<number> {
  const endedGrants = await endFacts(tx, roleGrants, eq(roleGrants.projectId, project.id), caller)
  await tx.update(projects).set({ deletedAt: sql`clock_timestamp()` }).where(eq(projects.id, project.id))
  return endedGrants
}

function codedOnce(code: string, write: PromiseLike<unknown>) {
  return writeUnique(write, 'projects_code_unique', `A project of the code "${code}" exists already.`)
}
