import { GraphQLError } from 'graphql'
import {
  type DomainError,
  describeNeed,
  type ErrorCode,
  type Issue,
  MissingAuthorityError,
  type NamedNeed,
} from '../errors.ts'
import { builder } from './builder.ts'

/** An error as data. Not the error itself: GraphQL takes one that a resolver returns for one that it threw. */
export interface ErrorData {
  typeName: string
  code: ErrorCode
  message: string
  path?: string
  issues?: Issue[]
  missing?: string[]
  needs?: NamedNeed[]
}

/** What a mutation answers with for an error. */
export function errorData(error: DomainError, needs: NamedNeed[]): ErrorData {
  const { path, issues, missing } = error as Partial<ErrorData>
  const message =
    error instanceof MissingAuthorityError ? `${error.reason}: ${needs.map(describeNeed).join(', ')}.` : error.message
  return { typeName: error.name, code: error.code, message, path, issues, missing, needs }
}

const CODES: Record<ErrorCode, { description: string }> = {
  NOT_FOUND: { description: 'Something named is hidden or missing.' },
  INVALID_INPUT: { description: 'Something in the input is wrong.' },
  CONFLICT: { description: 'The state of things does not allow it.' },
  LAST_ADMIN: { description: 'No administrator would remain.' },
  MISSING_AUTHORITY: { description: 'More would be conferred than the caller holds.' },
}

const ErrorCodeEnum = builder.enumType('ErrorCode', {
  description: 'Which error a mutation answered with.',
  values: Object.fromEntries(Object.entries(CODES).map(([code, value]) => [code, { value: code, ...value }])),
})

const ErrorInterface = builder.interfaceRef<ErrorData>('Error').implement({
  description: 'What a mutation answers with instead of its payload. Nothing was changed.',
  fields: (t) => ({
    code: t.field({ type: ErrorCodeEnum, nullable: false, description: 'For programs.', resolve: (e) => e.code }),
    message: t.string({
      nullable: false,
      description: 'For people: what was wrong and what to do.',
      resolve: (e) => e.message,
    }),
  }),
})

const IssueType = builder.objectRef<Issue>('Issue').implement({
  description: 'One thing wrong with the input.',
  authScopes: { signedIn: true },
  fields: (t) => ({
    path: t.exposeString('path', { nullable: false, description: 'Where in the input, like `roles.0.role`.' }),
    message: t.exposeString('message', { nullable: false, description: 'What is wrong and what to do.' }),
  }),
})

export const NeedType = builder.objectRef<NamedNeed>('AuthorityNeed').implement({
  description: 'One thing that somebody would have to hold for what was asked.',
  authScopes: { signedIn: true },
  fields: (t) => ({
    what: t.exposeString('what', {
      nullable: false,
      description: 'A permission, a level, or a circumstance in words.',
    }),
    where: t.exposeString('where', {
      nullable: true,
      description: 'Where, like `in the organization acme` or `everywhere`; null for a circumstance.',
    }),
  }),
})

/** The GraphQL type of each domain error, by its code. */
export const errorTypes = {
  NOT_FOUND: builder.objectRef<ErrorData>('NotFound').implement({
    description: 'Something named in the input is hidden from the caller or missing.',
    interfaces: [ErrorInterface],
    authScopes: { signedIn: true },
    fields: (t) => ({
      path: t.string({
        nullable: false,
        description: 'Where in the input it was named.',
        resolve: (error) => error.path ?? '',
      }),
    }),
  }),
  INVALID_INPUT: builder.objectRef<ErrorData>('InvalidInput').implement({
    description: 'The input is wrong by itself.',
    interfaces: [ErrorInterface],
    authScopes: { signedIn: true },
    fields: (t) => ({
      issues: t.field({
        type: [IssueType],
        nullable: false,
        description: 'Everything that is wrong.',
        resolve: (error) => error.issues ?? [],
      }),
    }),
  }),
  CONFLICT: builder.objectRef<ErrorData>('Conflict').implement({
    description:
      'The input is fine by itself, but the state of things does not allow it: a name is taken, a thing is in use.',
    interfaces: [ErrorInterface],
    authScopes: { signedIn: true },
  }),
  LAST_ADMIN: builder.objectRef<ErrorData>('LastAdmin').implement({
    description: 'The change would leave no administrator who can sign in for good.',
    interfaces: [ErrorInterface],
    authScopes: { signedIn: true },
  }),
  MISSING_AUTHORITY: builder.objectRef<ErrorData>('MissingAuthority').implement({
    description: 'The caller may do this, but would confer more than they hold there for that long.',
    interfaces: [ErrorInterface],
    authScopes: { signedIn: true },
    fields: (t) => ({
      missing: t.stringList({
        nullable: false,
        description: 'The permissions the caller does not hold.',
        resolve: (error) => error.missing ?? [],
      }),
      needs: t.field({
        type: [NeedType],
        nullable: false,
        description: 'The same, each with where it is not held, or not for that long.',
        resolve: (error) => error.needs ?? [],
      }),
    }),
  }),
}

/** The same error for the answer's top-level `errors`, for a document that did not ask for it. */
export function loudError(
  { code, message, missing, needs, issues }: ErrorData,
  path: (string | number)[],
): GraphQLError {
  const extensions = { code, ...(missing ? { missing, needs } : {}), ...(issues ? { issues } : {}) }
  return new GraphQLError(message, { path, extensions })
}
