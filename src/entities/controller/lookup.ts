import { controllers } from '../../db/tables.ts'
import { fitsReference } from '../../graphql/references.ts'
import { type Finder, findRow } from '../../mutation/lookup.ts'
import { Controller } from './type.ts'

/** Finds the visible controller with this name. @throws NotFoundError */
export function findController(finder: Finder, name: string, path: string, lock: 'CHANGE' | 'SHARE' = 'SHARE') {
  const fits = fitsReference('controller', { id: controllers.id, key: controllers.nameKey }, name)
  return findRow(finder, controllers, Controller.visible, fits, { path, what: 'The controller', lock })
}
