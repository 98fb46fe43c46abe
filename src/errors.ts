/** The errors of operations that the caller is told. This file is free of GraphQL: `graphql/errors.ts` and `graphql/refusals.ts` contain that part. */

export type ErrorCode =
  | 'NOT_FOUND'
  | 'INVALID_INPUT'
  | 'CONFLICT'
  | 'LAST_ADMINISTRATOR'
  | 'MISSING_AUTHORITY'
  | 'WRONG_CREDENTIALS'

/** An expected outcome that is not success. Where it is thrown inside a transaction, everything is rolled back. */
export abstract class DomainError extends Error {
  abstract readonly code: ErrorCode
}

/** Something that the input names is hidden from the caller or missing; the caller cannot tell which. */
export class NotFoundError extends DomainError {
  override name = 'NotFoundError'
  readonly code = 'NOT_FOUND'
  readonly path: string
  readonly #what: string
  constructor(path: string, what: string) {
    super(`${what} was not found.`)
    this.path = path
    this.#what = what
  }

  /** The same, where it was named at another position too. */
  at(path: string): NotFoundError {
    return new NotFoundError(path, this.#what)
  }
}

/** One problem in the input. `path` says where it is, like `roles.0.role`. */
export interface Issue {
  path: string
  message: string
}

export class InvalidInputError extends DomainError {
  override name = 'InvalidInputError'
  readonly code = 'INVALID_INPUT'
  readonly issues: Issue[]
  constructor(issues: Issue[]) {
    super(issues.map((issue) => `${issue.path}: ${issue.message}`).join(' '))
    this.issues = issues
  }
}

/** The input is valid by itself, but the current state does not allow the change. */
export class ConflictError extends DomainError {
  override name = 'ConflictError'
  readonly code = 'CONFLICT'
}

/**
 * Another transaction made what this one was about to make, so that this one would now do something else: it is run
 * again. Where that does not help, the conflict is answered.
 */
export class RaceLostError extends Error {
  override name = 'RaceLostError'
  readonly conflict: ConflictError
  constructor(conflict: ConflictError) {
    super(conflict.message)
    this.conflict = conflict
  }
}

/** Nobody can sign in with this username and password. There is one message for every cause, so that guesses learn nothing. */
export class WrongCredentialsError extends DomainError {
  override name = 'WrongCredentialsError'
  readonly code = 'WRONG_CREDENTIALS'
  constructor() {
    super('The username or password is not right.')
  }
}

/** A scope or a resource by ids; where all are null, it is everywhere. */
export interface Place {
  organizationId: string | null
  projectId: string | null
  controllerId: string | null
  modelId: string | null
}

/** What a rule requires and the caller does not hold: a permission, a level, or a circumstance, which has no scope. */
export interface MissingRequirement {
  what: string
  where: Place | null
  /** True where the caller holds it there, but not for as long as it would be granted. */
  isTooShort?: boolean
  /** The number of the alternative that it belongs to: one alternative is enough, but all of its requirements are needed. */
  alternative?: number
}

/** A missing requirement as the caller is told of it, with the names that they may see; `text` contains all of it. */
export interface NamedRequirement {
  permission: string | null
  role: string | null
  level: string | null
  /** A circumstance, which cannot be granted, like `a key without limits`. */
  circumstance: string | null
  scope: ScopeName | null
  organization: string | null
  project: string | null
  controller: string | null
  model: string | null
  text: string
}

/** A kind of scope in which a permission is held and a role is granted. */
export type ScopeName = 'EVERYWHERE' | 'ORGANIZATION' | 'PROJECT'

/** The alternatives of a rule, each with all of its missing requirements. */
export type Alternatives = NamedRequirement[][]

/** Makes a missing requirement from the fields that are known; all others are null. */
export function namedRequirement(known: Partial<NamedRequirement> & { text: string }): NamedRequirement {
  const unknown = { permission: null, role: null, level: null, circumstance: null, scope: null }
  return { ...unknown, organization: null, project: null, controller: null, model: null, ...known }
}

/** Makes the missing requirement for a circumstance. */
export function missingCircumstance(what: string): MissingRequirement[] {
  return [{ what, where: null }]
}

/** Describes missing requirements for the log and the audit, without names: `users.manage`, `SUPERUSER on the controller`. */
function summaryOf(requirements: MissingRequirement[]): string[] {
  return [...new Set(requirements.map(({ what, where }) => what + placeKind(where)))]
}

function placeKind(where: Place | null): string {
  if (where?.modelId) return ' on the model'
  return where?.controllerId ? ' on the controller' : ''
}

/** The target of a change or a refusal: the name of a type of the API, and the UUID of one of its objects. */
export interface Target {
  targetType: string
  targetId: string
  organizationId: string | null
  /** Its name before a change, where that is known. */
  targetName?: string
}

/** An error for missing authority: the audit records it with its target. */
interface Refused {
  readonly code: string
  /** The missing requirements, without names. */
  readonly summary?: string[]
  readonly missing?: MissingRequirement[]
  target?: Target | null
}

/** The change would leave no administrator whose administration and credential have no planned end. */
export class LastAdministratorError extends DomainError implements Refused {
  target?: Refused['target']
  override name = 'LastAdministratorError'
  readonly code = 'LAST_ADMINISTRATOR'
  constructor() {
    super(
      'At least one administrator must remain whose administration has no planned end and who has a password or an unlimited key without expiry.',
    )
  }
}

/** The caller may do this, but may not grant that much: `missing` is what they do not hold in that scope for that long. */
export class MissingAuthorityError extends DomainError implements Refused {
  target?: Refused['target']
  override name = 'MissingAuthorityError'
  readonly code = 'MISSING_AUTHORITY'
  readonly summary: string[]
  readonly missing: MissingRequirement[]
  readonly reason: string
  constructor(missing: MissingRequirement[], reason = 'A caller can grant only what they hold there for that long') {
    const summary = summaryOf(missing).sort()
    super(`${reason}: ${summary.join(', ')}.`)
    this.summary = summary
    this.missing = missing
    this.reason = reason
  }
}

/** The caller may not do this in this scope at all. */
export class ForbiddenError extends Error implements Refused {
  override name = 'Forbidden'
  readonly code = 'FORBIDDEN'
  target?: Refused['target']
  readonly summary: string[]
  readonly missing: MissingRequirement[]
  constructor(missing: MissingRequirement[], target: Target | null = null) {
    const summary = summaryOf(missing)
    super(`This needs ${summary.join(' or ')}.`)
    this.summary = summary
    this.missing = missing
    this.target = target
  }
}

export function isRefusal(error: unknown): error is Error & Refused {
  return (
    error instanceof ForbiddenError || error instanceof MissingAuthorityError || error instanceof LastAdministratorError
  )
}

/** The caller's key was ended, or the caller was disabled or deleted, while the request was being processed. */
export class CallerEndedError extends Error {
  override name = 'CallerEnded'
}

/** The server is in read-only mode and accepts no changes. */
export class ReadOnlyError extends Error {
  override name = 'ReadOnly'
}

/** There were too many attempts, or too many at the same time. Nothing was tried; the client may try again after `retryAfterSeconds`. */
export class RateLimitedError extends Error {
  override name = 'RateLimited'
  readonly retryAfterSeconds: number
  constructor(retryAfterSeconds: number, message = `Too many attempts: try again in ${retryAfterSeconds} seconds.`) {
    super(message)
    this.retryAfterSeconds = retryAfterSeconds
  }
}

/** The request waited until its deadline for others of the same caller, and had no connection to the database. */
export class TooManyAtOnceError extends RateLimitedError {
  constructor() {
    super(
      1,
      'Too many of your requests are under way at once: nothing was changed. Wait for their answers, and try again.',
    )
  }
}

/** Returns the limit that a thrown error or one of its causes is about; undefined where there is none. */
export function rateLimitOf(thrown: unknown): RateLimitedError | undefined {
  for (let error = thrown; error instanceof Error; error = error.cause)
    if (error instanceof RateLimitedError) return error
  return undefined
}
