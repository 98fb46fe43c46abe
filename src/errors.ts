/** What can go wrong in an operation, as the caller is to know it. No GraphQL here; `error-types.ts` has that side. */

export type ErrorCode = 'NOT_FOUND' | 'INVALID_INPUT' | 'CONFLICT' | 'LAST_ADMIN' | 'MISSING_AUTHORITY'

/** An expected outcome that is not success. Thrown inside a transaction it rolls everything back. */
export abstract class DomainError extends Error {
  abstract readonly code: ErrorCode
}

/** Something named in the input is hidden from the caller or missing; nobody can tell which. */
export class NotFoundError extends DomainError {
  override name = 'NotFound'
  readonly code = 'NOT_FOUND'
  readonly path: string
  constructor(path: string, what: string) {
    super(`${what} was not found.`)
    this.path = path
  }
}

/** One thing wrong with the input. `path` is where, like `roles.0.role`. */
export interface Issue {
  path: string
  message: string
}

export class InvalidInputError extends DomainError {
  override name = 'InvalidInput'
  readonly code = 'INVALID_INPUT'
  readonly issues: Issue[]
  constructor(issues: Issue[]) {
    super(issues.map((issue) => `${issue.path}: ${issue.message}`).join(' '))
    this.issues = issues
  }
}

/** The input is fine by itself, but the state of things does not allow it. */
export class ConflictError extends DomainError {
  override name = 'Conflict'
  readonly code = 'CONFLICT'
}

/** The change would leave no administrator who can't lapse. */
export class LastAdminError extends DomainError {
  override name = 'LastAdmin'
  readonly code = 'LAST_ADMIN'
  constructor() {
    super(
      'At least one administrator must remain whose administration has no planned end and who has an unlimited key without expiry.',
    )
  }
}

/** The caller may do this, but not confer that much: `missing` are the permissions they do not hold there, that long. */
export class MissingAuthorityError extends DomainError {
  override name = 'MissingAuthority'
  readonly code = 'MISSING_AUTHORITY'
  readonly missing: string[]
  constructor(missing: string[], reason = 'Nobody confers what they do not hold there for that long') {
    super(`${reason}: ${missing.join(', ')}.`)
    this.missing = missing
  }
}

/** The caller may not do this here at all. */
export class ForbiddenError extends Error {
  override name = 'Forbidden'
  readonly missing: string[]
  constructor(missing: string[]) {
    super(`This needs ${missing.join(' or ')}.`)
    this.missing = missing
  }
}

/** The caller's key or the caller ended while the request was on its way. */
export class CallerEndedError extends Error {
  override name = 'CallerEnded'
}
