/** The form of the matrix's rows. */
import { changeDocument } from '../../support/change.ts'
import type { CallerName, TargetName, Things } from './world.ts'

/**
 * A row asks one thing in one way. `expect` says for each target what each caller gets: one word for each of the plain
 * user, the user of another organization, the project role holder, the organization admin, the auditor, the limited
 * key and the administrator, in this order. The others follow: nobody, and who is disabled, is refused with 401 whatever
 * they ask; the read-only key is one of the organization admin's, reads what they read, and is refused every mutation
 * but signing in; a session and HTTP Basic are as the key of the same user.
 *
 * OK is data, NULL is hidden, or absent from a list; - is a thing whose field has nothing to show; a number is how many items a list has; F is FORBIDDEN;
 * of a mutation NF is NotFoundError, C ConflictError, MA MissingAuthorityError, WC WrongCredentialsError; 401 is UNAUTHENTICATED.
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
  /** NF is told with its path: two things are named, and that one of them is there is no secret. */
  namesTwo?: true
  /** It can't be tried without being done, so it is asked last. */
  isDone?: true
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

/** Everybody sees the thing; what was asked of it is not there. */
const EMPTY = '- - - - - - -'

export const OUTCOMES = { ALL, NONE, ADMINISTRATOR_ONLY, EMPTY }

/** Of a list, whatever tells how many items it has. */
export const LIST = `{ __typename totalCount nodes { __typename } edges { cursor }
  pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }`

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

/** The same where the input names two things: NF:path says which of them was not found. */
export function rowOfTwo(...given: Parameters<typeof row>): Row {
  return { ...row(...given), namesTwo: true }
}

/** A mutation without a dry run. */
export function doneRow(...given: Parameters<typeof row>): Row {
  return { ...row(...given), isDone: true }
}
