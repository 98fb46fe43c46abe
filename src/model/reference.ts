import { type Caller, modelLevel } from '../auth/caller.ts'
import type { Finder } from '../auth/references.ts'
import type { Controller as ControllerRow } from '../controller/operations.ts'
import { findController } from '../controller/type.ts'
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

/** Whoever is ADMIN there, by grant or as SUPERUSER on the controller. */
export function lacksAdmin(caller: Caller, { controller, model }: ModelRefs): string[] {
  return modelLevel(caller, model, controller) >= 3 ? [] : ['ADMIN on the model']
}
