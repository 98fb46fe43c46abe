/** The form of the matrix's rows. */
import type { TargetName, Things } from './world.ts'

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
}

const ALL = 'OK OK OK OK OK OK OK'
const NONE = 'NULL NULL NULL NULL NULL NULL NULL'
/** Only administrators, who see everything. */
const ADMINISTRATOR_ONLY = 'NULL NULL NULL NULL NULL NULL OK'

export const OUTCOMES = { ALL, NONE, ADMINISTRATOR_ONLY }
