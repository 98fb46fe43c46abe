import { eq, sql } from 'drizzle-orm'
import type { Caller } from '../../authority/caller.ts'
import type { Transaction } from '../../db/database.ts'
import { endFacts } from '../../db/history.ts'
import { createId } from '../../db/id.ts'
import { modelGrants, models } from '../../db/tables.ts'
import { writeUnique } from '../../db/unique.ts'

export type Model = typeof models.$inferSelect

/** Inserts a model and returns its id. @throws ConflictError where the controller has a model with this name. */
export async function insertModel(
  tx: Transaction,
  fields: { name: string; controllerId: string; credentialId: string | null },
): Promise<string> {
  const id = createId()
  await uniqueModelName(fields.name, tx.insert(models).values({ id, ...fields }))
  return id
}

/**
 * Changes the fields that are not undefined.
 * @throws ConflictError where the controller has a model with this name.
 */
export async function changeModel(
  tx: Transaction,
  id: string,
  fields: { name?: string; credentialId?: string | null },
) {
  if (Object.values(fields).every((value) => value === undefined)) return
  await uniqueModelName(fields.name ?? '', tx.update(models).set(fields).where(eq(models.id, id)))
}

/**
 * Deletes a model. Every grant on it ends, and a new model with the same name has no grants at first. Returns how many
 * grants ended.
 */
export async function removeModel(tx: Transaction, caller: Caller, model: Model): Promise<number> {
  const endedGrants = await endFacts(tx, modelGrants, eq(modelGrants.modelId, model.id), caller)
  await tx.update(models).set({ deletedAt: sql`clock_timestamp()`, credentialId: null }).where(eq(models.id, model.id))
  return endedGrants
}

function uniqueModelName(name: string, write: PromiseLike<unknown>) {
  return writeUnique(write, 'models_name_unique', `The controller has a model named "${name}" already.`)
}
