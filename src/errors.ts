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

/** Where something is missing, by ids; all null is everywhere. */
export interface Place {
  organizationId: string | null
  projectId: string | null
  controllerId: string | null
  modelId: string | null
}

/** What a caller lacks: a permission, a level, or a circumstance, which is at no place. */
export interface Need {
  what: string
  where: Place | null
  /** It is held there, but not for as long as it would be given. */
  isTooShort?: boolean
  /** Of several ways to be allowed, which it belongs to: one way is enough, all of it is needed. */
  alternative?: number
}

/** A need with its place in words, like `in the organization acme`. */
export interface NamedNeed {
  what: string
  where: string | null
}

/** What would be enough: what is missing of one of several ways to be allowed, all of it. */
export type Alternatives = NamedNeed[][]

/** "project.update on the project apollo". */
export function describeNeed({ what, where }: NamedNeed): string {
  return where === null ? what : `${what} ${where}`
}

/** What is needed, at no place. */
export function needing(what: string): Need[] {
  return [{ what, where: null }]
}

/** The same without the names of places: `users.manage`, `SUPERUSER on the controller`. */
function missingOf(needs: Need[]): string[] {
  return [...new Set(needs.map(({ what, where }) => what + placeKind(where)))]
}

function placeKind(where: Place | null): string {
  if (where?.modelId) return ' on the model'
  return where?.controllerId ? ' on the controller' : ''
}

/** What a change or a refusal was about: the name of a type of the API, and the UUID of one of its things. */
export interface Target {
  targetType: string
  targetId: string
  organizationId: string | null
}

/** Something was refused for want of authority: the audit keeps it, with what it was about. */
interface Refused {
  readonly code: string
  readonly missing?: string[]
  readonly needs?: Need[]
  target?: Target | null
}

/** The change would leave no administrator who can't lapse. */
export class LastAdminError extends DomainError implements Refused {
  target?: Refused['target']
  override name = 'LastAdmin'
  readonly code = 'LAST_ADMIN'
  constructor() {
    super(
      'At least one administrator must remain whose administration has no planned end and who has a password or an unlimited key without expiry.',
    )
  }
}

/** The caller may do this, but not confer that much: `needs` is what they do not hold there, that long. */
export class MissingAuthorityError extends DomainError implements Refused {
  target?: Refused['target']
  override name = 'MissingAuthority'
  readonly code = 'MISSING_AUTHORITY'
  readonly missing: string[]
  readonly needs: Need[]
  readonly reason: string
  constructor(needs: Need[], reason = 'Nobody confers what they do not hold there for that long') {
    const missing = missingOf(needs).sort()
    super(`${reason}: ${missing.join(', ')}.`)
    this.missing = missing
    this.needs = needs
    this.reason = reason
  }
}

/** The caller may not do this here at all. */
export class ForbiddenError extends Error implements Refused {
  override name = 'Forbidden'
  readonly code = 'FORBIDDEN'
  target?: Refused['target']
  readonly missing: string[]
  readonly needs: Need[]
  constructor(needs: Need[], target: Target | null = null) {
    const missing = missingOf(needs)
    super(`This needs ${missing.join(' or ')}.`)
    this.missing = missing
    this.needs = needs
    this.target = target
  }
}

export function isRefusal(error: unknown): error is Error & Refused {
  return error instanceof ForbiddenError || error instanceof MissingAuthorityError || error instanceof LastAdminError
}

/** The caller's key or the caller ended while the request was on its way. */
export class CallerEndedError extends Error {
  override name = 'CallerEnded'
}

/** The server takes no changes for now. */
export class ReadOnlyError extends Error {
  override name = 'ReadOnly'
}

/** Too often, or too much at once. Nothing was tried; after so long it may be asked again. */
export class RateLimitedError extends Error {
  override name = 'RateLimited'
  readonly retryAfterSeconds: number
  constructor(retryAfterSeconds: number) {
    super(`Too many attempts: try again in ${retryAfterSeconds} seconds.`)
    this.retryAfterSeconds = retryAfterSeconds
  }
}
