import { and, eq, isNull, sql } from 'drizzle-orm'
import type { Caller } from '../../authority/caller.ts'
import type { Transaction } from '../../db/database.ts'
import { endFacts } from '../../db/history.ts'
import { createId } from '../../db/id.ts'
import { controllerGrants, controllers, models } from '../../db/tables.ts'
import { writeUnique } from '../../db/unique.ts'
import { ConflictError } from '../../errors.ts'

export type Controller = typeof controllers.$inferSelect

/** Inserts a controller and returns its id. @throws ConflictError where the name is taken. */
export async function insertController(
  tx: Transaction,
  fields: { name: string; type: string; organizationId: string },
): Promise<string> {
  const id = createId()
  await uniqueControllerName(fields.name, tx.insert(controllers).values({ id, ...fields }))
  return id
}

/** Changes the fields that are not undefined. @throws ConflictError where the name is taken. */
export async function changeController(tx: Transaction, id: string, fields: { name?: string; type?: string }) {
  if (Object.values(fields).every((value) => value === undefined)) return
  await uniqueControllerName(fields.name ?? '', tx.update(controllers).set(fields).where(eq(controllers.id, id)))
}

/**
 * Deletes a controller that has no models. Every grant on it ends. Returns how many grants ended.
 * @throws ConflictError naming the models that the controller still has
 */
export async function removeController(tx: Transaction, caller: Caller, controller: Controller): Promise<number> {
  const living = await tx
    .select({ name: models.name })
    .from(models)
    .where(and(eq(models.controllerId, controller.id), isNull(models.deletedAt)))
    .orderBy(models.nameKey)
    .limit(10)
  if (living.length > 0) {
    const names = living.map(({ name }) => name).join(', ')
    throw new ConflictError(`The controller "${controller.name}" still has models (${names}): delete them first.`)
  }
  const endedGrants = await endFacts(tx, controllerGrants, eq(controllerGrants.controllerId, controller.id), caller)
  await tx.update(controllers).set({ deletedAt: sql`clock_timestamp()` }).where(eq(controllers.id, controller.id))
  return endedGrants
}

function uniqueControllerName(name: string, write: PromiseLike<unknown>) {
  return writeUnique(write, 'controllers_name_unique', `A controller named "${name}" exists already.`)
}
