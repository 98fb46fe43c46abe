/** The form of the matrix's rows. */
import { changeDocument } from '../support/change.ts'
import type { CallerName, TargetName, Things } from './world.ts'

/**
 * A row asks one thing in one way. `expect` says for each target what each caller gets: one word for each of the plain
 * user, the user of another organization, the project role holder, the organization admin, the auditor, the limited
 * key and the administrator, in this order. The other two follow: nobody is UNAUTHENTICATED whatever they ask; the
 * read-only key is one of the organization admin's, reads what they read, and is refused every mutation.
 *
 * OK is data and NULL is hidden, or absent from a list; a number is how many items a list has; F is FORBIDDEN;
 * of a mutation NF is NotFound, C Conflict, MA MissingAuthority.
 */
export interface Row {
  /** `user` for a root field, `User.roles` for a field of a node type, with a note where there are several. */
  field: string
  note?: string
  document: string
  variables(target: Things, own: Things): object
  expect: Partial<Record<TargetName, string>>
  /**
   * The same for those who hold one level: LOGIN, ADD_MODEL, SUPERUSER on a controller, READ, WRITE, ADMIN on a model,
   * in this order. What is left out is as for the plain user, who they are besides.
   */
  levels?: Partial<Record<TargetName, string>>
}

/** What everybody gets: the two halves of a row. */
export type Outcomes = Pick<Row, 'expect' | 'levels'>

/** The callers of `expect`, and those of `levels`, as their words stand. */
export const COLUMNS: Record<'expect' | 'levels', readonly CallerName[]> = {
  expect: [
    ...(['plain user', 'user of another organization', 'project role holder', 'organization admin'] as const),
    ...(['auditor', 'limited key', 'administrator'] as const),
  ],
  levels: [
    ...(['controller LOGIN', 'controller ADD_MODEL', 'controller SUPERUSER'] as const),
    ...(['model READ', 'model WRITE', 'model ADMIN'] as const),
  ],
}

const ALL = 'OK OK OK OK OK OK OK'
const NONE = 'NULL NULL NULL NULL NULL NULL NULL'
/** Only administrators, who see everything. */
const ADMINISTRATOR_ONLY = 'NULL NULL NULL NULL NULL NULL OK'

export const OUTCOMES = { ALL, NONE, ADMINISTRATOR_ONLY }

/** A dry run of a mutation. */
export function row(
  field: string,
  note: string | undefined,
  input: (target: Things, own: Things) => object,
  expect: Row['expect'],
  levels: Row['levels'] = {},
): Row {
  const variables: Row['variables'] = (target, own) => ({ input: input(target, own), dryRun: true })
  return { field, ...(note ? { note } : {}), document: changeDocument(field), variables, expect, levels }
}
