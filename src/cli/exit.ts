/** The exit codes, by which scripts know why a command did not do its work. */
import type { Result } from './send.ts'

export const EXIT = {
  done: 0,
  /** The answer is no, or something failed for a reason that has no code of its own. */
  failed: 1,
  /** The command line or a value in it is not valid. */
  badInput: 2,
  /** The server or database can’t be reached or can’t do it now, or it is unknown whether it was done. */
  unavailable: 3,
  /** What was named does not exist, or is hidden from the caller. */
  notFound: 4,
  /** The caller may not, or is not known. */
  forbidden: 5,
  /** It exists already, or the current state does not allow it. */
  exists: 6,
}

const OF_CODES: Record<string, number> = {
  ...{ INVALID_INPUT: EXIT.badInput, BAD_USER_INPUT: EXIT.badInput },
  ...{ INTERNAL_SERVER_ERROR: EXIT.unavailable, OUTCOME_UNKNOWN: EXIT.unavailable, UNAVAILABLE: EXIT.unavailable },
  ...{ RATE_LIMITED: EXIT.unavailable, READ_ONLY: EXIT.unavailable },
  NOT_FOUND: EXIT.notFound,
  ...{ FORBIDDEN: EXIT.forbidden, UNAUTHENTICATED: EXIT.forbidden, PASSWORD_CHANGE_REQUIRED: EXIT.forbidden },
  ...{ MISSING_AUTHORITY: EXIT.forbidden, WRONG_CREDENTIALS: EXIT.forbidden },
  ...{ CONFLICT: EXIT.exists, LAST_ADMINISTRATOR: EXIT.exists },
}

/** An error that a mutation answers with instead of its payload. */
export interface ErrorMember {
  code: string
  message: string
}

export function isErrorMember(value: unknown): value is ErrorMember {
  return typeof value === 'object' && value !== null && 'code' in value && 'message' in value
}

/** Returns the exit code for the answer to a document with this one field. */
export function exitCodeOf(field: string, { data, errors }: Result): number {
  const value = data?.[field] ?? null
  if (value !== null) return isErrorMember(value) ? exitCodeFor([value.code]) : EXIT.done
  const codes = errors?.map(({ extensions }) => extensions?.code ?? '') ?? []
  return codes.length > 0 ? exitCodeFor(codes) : EXIT.notFound
}

function exitCodeFor(codes: string[]): number {
  return codes.map((code) => OF_CODES[code]).find((exit) => exit !== undefined) ?? EXIT.failed
}
