import { sql } from 'drizzle-orm'
import type { Finder } from '../auth/references.ts'
import type { rulesFor } from '../auth/rule.ts'
import type { Controller as ControllerRow } from '../controller/operations.ts'
import { findController } from '../controller/type.ts'
import type { Row } from '../read/spec.ts'
import type { Model as ModelRow } from './operations.ts'
import { findModel } from './type.ts'

/** A model named in an input, with its controller. */
export interface ModelRefs {
  controller: ControllerRow
  model: ModelRow
}

/** @throws NotFoundError */
export async function findPlace(
  finder: Finder,
  input: { controller: string; model: string },
  lock: 'CHANGE' | 'SHARE',
) {
  const controller = await findController(finder, input.controller, 'controller')
  return { controller, model: await findModel(finder, controller, input.model, 'model', lock) }
}

/** By grant, or as SUPERUSER on the controller. */
export function admins<Refs extends ModelRefs>(by: ReturnType<typeof rulesFor<Refs>>) {
  return by.level('ADMINs on the model', 3, ({ controller, model }) => ({ controller, model }))
}

/** A model as rules see it, by columns: for each row of a list. */
export function placeColumns(model: Row): object {
  const organizationId = sql`(select c.organization_id from controllers as c where c.id = ${model.controllerId})`
  return { model, controller: { id: model.controllerId, organizationId } }
}
