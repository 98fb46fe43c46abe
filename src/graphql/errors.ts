import { GraphQLError } from 'graphql'
import { databaseError } from '../db/errors.ts'
import {
  type Alternatives,
  DomainError,
  type ErrorCode,
  InvalidInputError,
  type Issue,
  MissingAuthorityError,
  type NamedRequirement,
  NotFoundError,
} from '../errors.ts'
import { builder } from './builder.ts'
import { ScopeKind } from './enums.ts'
import { shapeAlternatives } from './refusals.ts'

/** An error as data. It is not the error object itself, because GraphQL treats a returned error as a thrown one. */
export interface ErrorData {
  typeName: string
  code: ErrorCode
  message: string
  path?: string[]
  issues?: { path: string[]; message: string }[]
  missing?: { allOf: NamedRequirement[] }[]
}

/** Makes the data with which a mutation answers for an error. */
export function errorData(error: DomainError, alternatives: Alternatives): ErrorData {
  const data = { typeName: error.name, code: error.code, message: error.message }
  if (error instanceof NotFoundError) return { ...data, path: error.path.split('.') }
  if (error instanceof InvalidInputError) return { ...data, issues: error.issues.map(issueData) }
  if (!(error instanceof MissingAuthorityError)) return data
  const texts = alternatives.flat().map(({ text }) => text)
  return { ...data, message: `${error.reason}: ${texts.join(', ')}.`, missing: shapeAlternatives(alternatives) }
}

/** Makes the data of an issue; the names in a path contain no dots. */
function issueData({ path, message }: Issue) {
  return { path: path.split('.'), message }
}

/** Returns the error that is answered as data; null for everything else. Class 22 is a data exception: the value passed our checks, but the database can't store it. */
export function asDomainError(thrown: unknown): DomainError | null {
  if (thrown instanceof DomainError) return thrown
  if (!databaseError(thrown)?.code.startsWith('22')) return null
  return new InvalidInputError([{ path: 'input', message: 'A value can’t be stored as it is.' }])
}

const CODES: Record<ErrorCode, { description: string }> = {
  NOT_FOUND: { description: 'Something that the input names is hidden from the caller or missing.' },
  INVALID_INPUT: { description: 'The input is not valid by itself.' },
  CONFLICT: { description: 'The current state does not allow the change.' },
  LAST_ADMINISTRATOR: { description: 'The change would leave no administrator.' },
  MISSING_AUTHORITY: { description: 'The change would grant more than the caller holds.' },
  WRONG_CREDENTIALS: { description: 'The username or the password is not right.' },
}

export const ErrorCodeEnum = builder.enumType('ErrorCode', {
  description: 'The kind of error that a mutation answered with.',
  values: Object.fromEntries(Object.entries(CODES).map(([code, value]) => [code, { value: code, ...value }])),
})

const ErrorInterface = builder.interfaceRef<ErrorData>('MutationError').implement({
  description: 'An error that a mutation answers with instead of its payload. Nothing was changed.',
  fields: (t) => ({
    code: t.field({
      type: ErrorCodeEnum,
      nullable: false,
      description: 'The code by which programs recognize the error.',
      resolve: (e) => e.code,
    }),
    message: t.string({
      nullable: false,
      description: 'The text for people: it says what was wrong and what to do.',
      resolve: (e) => e.message,
    }),
  }),
})

const IssueType = builder.objectRef<NonNullable<ErrorData['issues']>[number]>('Issue').implement({
  description: 'One problem in the input.',
  authScopes: { anyone: true },
  fields: (t) => ({
    path: t.exposeStringList('path', {
      nullable: false,
      description: 'The position of the problem in the input, like `["roles", "0", "role"]`.',
    }),
    message: t.exposeString('message', {
      nullable: false,
      description: 'The text for people: it says what is wrong and what to do.',
    }),
  }),
})

const MissingRequirementType = builder.objectRef<NamedRequirement>('MissingRequirement').implement({
  description:
    'A requirement that the caller, or the user asked about, does not meet: a permission or a role in a scope, a level on a resource, or a circumstance. A name that the caller may not see is null.',
  authScopes: { signedIn: true },
  fields: (t) => ({
    permission: t.exposeString('permission', {
      nullable: true,
      description: 'The missing permission, as a dotted name; null where something else is missing.',
    }),
    role: t.exposeString('role', {
      nullable: true,
      description:
        'The missing role, where only a role is enough: `ADMINISTRATOR`. It is null where something else is missing.',
    }),
    level: t.exposeString('level', {
      nullable: true,
      description: 'The missing level on the controller or model; null where something else is missing.',
    }),
    circumstance: t.exposeString('circumstance', {
      nullable: true,
      description:
        'A requirement that cannot be granted, in words, like `a key without limits`; null where something else is missing.',
    }),
    scope: t.field({
      type: ScopeKind,
      nullable: true,
      description:
        'The kind of scope in which the permission or role must be held. It is null for a level, for a circumstance, and where any scope is enough.',
      resolve: ({ scope }) => scope,
    }),
    organization: t.exposeString('organization', {
      nullable: true,
      description:
        'The name of the organization in which it must be held; null where it is in another kind of scope or is hidden.',
    }),
    project: t.exposeString('project', {
      nullable: true,
      description:
        'The code of the project in which it must be held; null where it is in another kind of scope or is hidden.',
    }),
    controller: t.exposeString('controller', {
      nullable: true,
      description:
        'The name of the controller on which, or on whose model, it must be held; null where there is none or it is hidden.',
    }),
    model: t.exposeString('model', {
      nullable: true,
      description: 'The name of the model on which it must be held; null where there is none or it is hidden.',
    }),
    text: t.exposeString('text', {
      nullable: false,
      description: 'The whole requirement for people, like `users.manage in the organization acme`.',
    }),
  }),
})

export const MissingAlternativeType = builder
  .objectRef<NonNullable<ErrorData['missing']>[number]>('MissingAlternative')
  .implement({
    description:
      'One of several ways to be allowed: all of its requirements are missing, and together they would be enough.',
    authScopes: { signedIn: true },
    fields: (t) => ({
      allOf: t.field({
        type: [MissingRequirementType],
        nullable: false,
        description: 'All missing requirements of this alternative.',
        resolve: ({ allOf }) => allOf,
      }),
    }),
  })

/** The GraphQL type of each domain error, by its code. */
export const errorTypes = {
  NOT_FOUND: builder.objectRef<ErrorData>('NotFoundError').implement({
    description: 'Something that the input names is hidden from the caller or missing; the caller cannot tell which.',
    interfaces: [ErrorInterface],
    authScopes: { signedIn: true },
    fields: (t) => ({
      path: t.stringList({
        nullable: false,
        description: 'The position in the input where it was named, like `["roles", "0", "role"]`.',
        resolve: (error) => error.path ?? [],
      }),
    }),
  }),
  INVALID_INPUT: builder.objectRef<ErrorData>('InvalidInputError').implement({
    description: 'The input is not valid by itself, whatever the current state is.',
    interfaces: [ErrorInterface],
    authScopes: { anyone: true },
    fields: (t) => ({
      issues: t.field({
        type: [IssueType],
        nullable: false,
        description: 'All problems in the input.',
        resolve: (error) => error.issues ?? [],
      }),
    }),
  }),
  CONFLICT: builder.objectRef<ErrorData>('ConflictError').implement({
    description:
      'The input is valid by itself, but the current state does not allow the change: a name is taken, or an object is in use.',
    interfaces: [ErrorInterface],
    authScopes: { signedIn: true },
  }),
  WRONG_CREDENTIALS: builder.objectRef<ErrorData>('WrongCredentialsError').implement({
    description:
      'Nobody can sign in with this username and password. The error is the same where the user is unknown, suspended or deleted, or has no password.',
    interfaces: [ErrorInterface],
    authScopes: { anyone: true },
  }),
  LAST_ADMINISTRATOR: builder.objectRef<ErrorData>('LastAdministratorError').implement({
    description: 'The change would leave no administrator who can sign in permanently.',
    interfaces: [ErrorInterface],
    authScopes: { signedIn: true },
  }),
  MISSING_AUTHORITY: builder.objectRef<ErrorData>('MissingAuthorityError').implement({
    description: 'The caller may do this, but would grant more than they hold in that scope for that long.',
    interfaces: [ErrorInterface],
    authScopes: { signedIn: true },
    fields: (t) => ({
      missing: t.field({
        type: [MissingAlternativeType],
        nullable: false,
        description: 'What the caller does not hold in that scope, or not for that long.',
        resolve: (error) => error.missing ?? [],
      }),
    }),
  }),
}

/** Makes the same error for the answer's top-level `errors`, for a document that did not select it. */
export function loudError({ code, message, missing, issues }: ErrorData, path: (string | number)[]): GraphQLError {
  const extensions = { code, ...(missing ? { missing } : {}), ...(issues ? { issues } : {}) }
  return new GraphQLError(message, { path, extensions })
}
