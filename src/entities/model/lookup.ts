import { sql } from 'drizzle-orm'
import { MODEL_LEVEL } from '../../authority/levels.ts'
import type { rulesFor } from '../../authority/rule.ts'
import { models } from '../../db/tables.ts'
import { fitsReference } from '../../graphql/references.ts'
import { type Finder, type FoundRow, findRow } from '../../mutation/lookup.ts'
import type { Row } from '../../read/spec.ts'
import { findController } from '../controller/lookup.ts'
import type { Controller as ControllerRow } from '../controller/operations.ts'
import type { Model as ModelRow } from './operations.ts'
import { Model } from './type.ts'

/** A model that an input names, with its controller. */
export interface ModelRefs {
  controller: ControllerRow
  model: ModelRow
}

/** Finds the visible model that an input names, and its controller. @throws NotFoundError */
export async function findPlace(
  finder: Finder,
  input: { controller: string; model: string },
  lock: 'CHANGE' | 'SHARE',
) {
  const controller = await findController(finder, input.controller, 'controller')
  return { controller, model: await findModel(finder, controller, input.model, 'model', lock) }
}

/** The rule for users that are ADMIN on the model, by a grant or as SUPERUSER on its controller. */
export function admins<Refs extends ModelRefs>(by: ReturnType<typeof rulesFor<Refs>>) {
  return by.level('ADMINs on the model', MODEL_LEVEL.ADMIN, ({ controller, model }) => ({ controller, model }))
}

/** Returns what a rule needs about a model, as columns, so that it applies to each row of a list. */
export function placeColumns(model: Row): object {
  const organizationId = sql`(select c.organization_id from controllers as c where c.id = ${model.controllerId})`
  return { model, controller: { id: model.controllerId, organizationId } }
}

/** Finds the visible model with this name on a controller. @throws NotFoundError */
export function findModel(
  finder: Finder,
  controller: FoundRow<ControllerRow>,
  name: string,
  path: string,
  lock: 'CHANGE' | 'SHARE' = 'SHARE',
) {
  const fits = sql`${models.controllerId} = ${controller.id} and ${fitsReference('model', { id: models.id, key: models.nameKey }, name)}`
  return findRow(finder, models, Model.visible, fits, { path, what: 'The model', lock })
}
