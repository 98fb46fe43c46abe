import { eq } from 'drizzle-orm'
import { controllers } from '../../db/tables.ts'
import { type Finder, findRow } from '../../mutation/lookup.ts'
import { Controller } from './type.ts'

/** The visible controller of this name. @throws NotFoundError */
export function findController(finder: Finder, name: string, path: string, lock: 'CHANGE' | 'SHARE' = 'SHARE') {
  const fits = eq(controllers.nameKey, name.toLowerCase())
  return findRow(finder, controllers, Controller.visible, fits, { path, what: `The controller "${name}"`, lock })
}
