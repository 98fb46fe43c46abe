import SchemaBuilder from '@pothos/core'
import ScopeAuthPlugin from '@pothos/plugin-scope-auth'
import { GraphQLError, type GraphQLResolveInfo, getArgumentValues } from 'graphql'
import { GraphQLDateTime, GraphQLDuration, GraphQLEmailAddress } from 'graphql-scalars'
import { holdsSomewhere } from '../authority/caller.ts'
import type { ServerPermission } from '../authority/permissions.ts'
import { relations } from '../db/relations.ts'
import { type Alternatives, describeNeed } from '../errors.ts'
import type { Builder } from '../read/declarations.ts'
import { createFilters } from '../read/filters.ts'
import { createReads } from '../read/reads.ts'
import type { Context } from './context.ts'

export interface SchemaTypes {
  Context: Context
  AuthScopes: {
    /** Somebody, whoever they are. */
    signedIn: boolean
    /** Nobody too. */
    anyone: boolean
    /** Not with a read-only key. */
    writable: boolean
    /** Holds one of these permissions on some scope; where exactly is decided with the target at hand. */
    permission: ServerPermission[]
  }
  Scalars: {
    ID: { Input: string; Output: string }
    DateTime: { Input: Date; Output: Date | string }
    EmailAddress: { Input: string; Output: string }
    Duration: { Input: string; Output: string }
  }
}

/** Every scope map has exactly one key; alternatives are written `$any`, conjunctions `$all`. */
export const builder = new SchemaBuilder<SchemaTypes>({
  plugins: [ScopeAuthPlugin],
  scopeAuth: {
    cacheKey: JSON.stringify,
    authScopes: ({ caller }) => ({
      anyone: true,
      signedIn: caller !== null,
      writable: caller !== null && caller.apiKey?.readOnly !== true,
      permission: (words) => caller !== null && words.some((word) => holdsSomewhere(caller, word)),
    }),
    unauthorizedError(_parent, { caller, refusals }, info, result) {
      if (caller === null) return unauthenticated()
      const missing = missingOf(result.failure)
      // Of what is refused, the audit keeps the operations; fields below them are refused by the thousand.
      if (info.path.prev === undefined && !isDryRun(info))
        refusals.push({ action: info.fieldName, code: 'FORBIDDEN', target: null, missing })
      return forbidden(info.fieldName, missing, needsOf(result.failure))
    },
  },
})

/** A dry run leaves nothing, its refusal neither. */
function isDryRun({ parentType, fieldName, fieldNodes, variableValues }: GraphQLResolveInfo): boolean {
  const [field, node] = [parentType.getFields()[fieldName], fieldNodes[0]]
  return field !== undefined && node !== undefined && getArgumentValues(field, node, variableValues).dryRun === true
}

/** The caller is unknown: the whole request is 401. */
export function unauthenticated(
  message = 'This needs a valid API key or token: send it as "Authorization: Bearer …".',
): GraphQLError {
  return new GraphQLError(message, {
    extensions: { code: 'UNAUTHENTICATED', http: { status: 401, headers: { 'www-authenticate': 'Bearer' } } },
  })
}

/** The caller may not do this; `alternatives` says what would let them, and where. */
export function forbidden(fieldName: string, missing: readonly string[], alternatives: Alternatives): GraphQLError {
  const texts = alternatives.map((needs) => needs.map(describeNeed).join(' and '))
  return new GraphQLError(`"${fieldName}" needs ${texts.join(' or ')}.`, {
    extensions: { code: 'FORBIDDEN', missing, needs: alternatives.flat() },
  })
}

/** A permission that is held nowhere at all: where exactly it is needed was not even looked up. */
function needsOf(failure: unknown): Alternatives {
  const { scope, failures } = failure as { scope?: string; failures?: unknown[] }
  if (failures) return failures.flatMap(needsOf)
  const where = scope === 'permission' ? 'somewhere' : null
  return missingOf(failure).map((what) => [{ what, where }])
}

/** What a refusal of scopes would have taken, in words. */
function missingOf(failure: unknown): string[] {
  const { scope, parameter, failures } = failure as { scope?: string; parameter?: unknown; failures?: unknown[] }
  if (failures) return failures.flatMap(missingOf)
  if (scope === 'permission') return parameter as string[]
  if (scope === 'writable') return ['a key that is not read-only']
  return scope ? [scope] : []
}

builder.addScalarType('DateTime', GraphQLDateTime)
builder.addScalarType('EmailAddress', GraphQLEmailAddress)
builder.addScalarType('Duration', GraphQLDuration)

builder.queryType({
  description: 'What can be read. Hidden and missing are the same: null, or absent from a list.',
  authScopes: { signedIn: true },
})
builder.mutationType({
  description: 'What can be changed: one mutation per operation, each in one transaction.',
})

/** The builder as the read path takes it: it asks nothing of this schema's own types. */
const plain = builder as unknown as Builder

export const Node = builder.interfaceRef<{ $type?: string }>('Node').implement({
  description: 'Anything that has an id and can be fetched again by it.',
  resolveType: (node) => node.$type,
  fields: (t) => ({
    id: t.field({ type: 'ID', nullable: false, description: 'For `node` and `nodes`.', resolve: () => '' }),
  }),
})

export const reads = createReads(plain, relations, {
  readingOf: (ctx: Context) => ctx.reading,
  dateTime: 'DateTime',
  node: Node as never,
})
export const filters = createFilters(plain, 'DateTime' as never)
