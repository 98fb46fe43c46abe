import { eq } from 'drizzle-orm'
import { projects } from '../../db/tables.ts'
import { type Finder, findRow } from '../../mutation/lookup.ts'
import { Project } from './type.ts'

/** The visible project of this code. @throws NotFoundError */
export function findProject(finder: Finder, code: string, path: string, lock: 'CHANGE' | 'SHARE' = 'SHARE') {
  const fits = eq(projects.codeKey, code.toLowerCase())
  return findRow(finder, projects, Project.visible, fits, { path, what: `The project "${code}"`, lock })
}
