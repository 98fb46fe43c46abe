import { projects } from '../../db/tables.ts'
import { fitsReference } from '../../graphql/references.ts'
import { type Finder, findRow } from '../../mutation/lookup.ts'
import { Project } from './type.ts'

/** The visible project with this code. @throws NotFoundError */
export function findProject(finder: Finder, code: string, path: string, lock: 'CHANGE' | 'SHARE' = 'SHARE') {
  const fits = fitsReference('project', { id: projects.id, key: projects.codeKey }, code)
  return findRow(finder, projects, Project.visible, fits, { path, what: 'The project', lock })
}
