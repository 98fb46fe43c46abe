import SchemaBuilder from '@pothos/core'
import ScopeAuthPlugin from '@pothos/plugin-scope-auth'
import { type GraphQLResolveInfo, getArgumentValues } from 'graphql'
import { GraphQLDateTime, GraphQLDuration, GraphQLJSON } from 'graphql-scalars'
import { holdsSomewhere, isAdministrator } from '../authority/caller.ts'
import { flag } from '../authority/caller-values.ts'
import { ADMINISTRATOR, type ServerPermission } from '../authority/permissions.ts'
import { relations } from '../db/relations.ts'
import { type Alternatives, namedRequirement } from '../errors.ts'
import type { Builder } from '../read/declarations.ts'
import { createFilters } from '../read/filters.ts'
import { createReads } from '../read/reads.ts'
import type { CallerFlag } from '../read/spec.ts'
import type { Context } from './context.ts'
import { EmailAddress } from './email-address.ts'
import { namedIn } from './references.ts'
import { forbidden, unauthenticated } from './refusals.ts'

export interface SchemaTypes {
  Context: Context
  AuthScopes: {
    /** The caller is known: any user, or the operator. */
    signedIn: boolean
    /** A caller without a credential is allowed too. */
    anyone: boolean
    /** The caller does not use a read-only key. */
    writable: boolean
    /** The caller is an administrator. */
    administrator: boolean
    /** The caller holds one of these permissions in some scope; the exact scope is checked once the target is known. */
    permission: ServerPermission[]
  }
  Scalars: {
    ID: { Input: string; Output: string }
    DateTime: { Input: Date; Output: Date | string }
    EmailAddress: { Input: string; Output: string }
    Duration: { Input: string; Output: string }
    JSON: { Input: unknown; Output: unknown }
  }
}

/** The schema builder. Every scope map has exactly one key; alternatives are written `$any`, conjunctions `$all`. */
export const builder = new SchemaBuilder<SchemaTypes>({
  plugins: [ScopeAuthPlugin],
  scopeAuth: {
    cacheKey: JSON.stringify,
    authScopes: scopesOfCaller,
    unauthorizedError(_parent, { caller, refusals }, info, result) {
      if (caller === null) return unauthenticated()
      const alternatives = missingScopes(result.failure)
      // The audit records only refused operations: the refused fields below them can be thousands.
      if (info.path.prev === undefined) {
        const { input, dryRun = false } = argumentsOf(info)
        refusals.push({
          action: info.fieldName,
          code: 'FORBIDDEN',
          target: null,
          named: namedIn(input),
          missing: summaryOfScopes(alternatives),
          isDryRun: dryRun === true,
        })
      }
      return forbidden(info.fieldName, alternatives)
    },
  },
})

/** The scopes that a caller is in. */
function scopesOfCaller({ caller }: Pick<Context, 'caller'>) {
  return {
    anyone: true,
    signedIn: caller !== null,
    writable: caller !== null && caller.apiKey?.readOnly !== true,
    administrator: caller !== null && isAdministrator(caller),
    permission: (words: ServerPermission[]) => caller !== null && words.some((word) => holdsSomewhere(caller, word)),
  }
}

/** Whether a caller who has signed in is in a scope map, for answers that the executor does not make. */
function scopeFlag(authScopes: Partial<SchemaTypes['AuthScopes']>): CallerFlag {
  return flag(`scopes ${JSON.stringify(authScopes)}`, (caller) => {
    const { permission, ...scopes } = scopesOfCaller({ caller })
    return Object.entries(authScopes).some(([name, value]) =>
      name === 'permission' ? permission(value as ServerPermission[]) : scopes[name as keyof typeof scopes],
    )
  })
}

/** The arguments of the field that is called; none where they do not fit their types. */
function argumentsOf({
  parentType,
  fieldName,
  fieldNodes,
  variableValues,
}: GraphQLResolveInfo): Record<string, unknown> {
  const [field, node] = [parentType.getFields()[fieldName], fieldNodes[0]]
  return field && node ? getArgumentValues(field, node, variableValues) : {}
}

/** Returns what would have been enough, from the scopes that refused. A missing permission is held in no scope at all: the exact scope that it is needed in was not looked up. */
function missingScopes(failure: unknown): Alternatives {
  const { scope, parameter, failures } = failure as { scope?: string; parameter?: unknown; failures?: unknown[] }
  if (failures) return failures.flatMap(missingScopes)
  if (scope === 'permission') {
    return (parameter as string[]).map((word) => [namedRequirement({ permission: word, text: `${word} somewhere` })])
  }
  if (scope === 'administrator') {
    return [[namedRequirement({ role: ADMINISTRATOR.name, scope: 'EVERYWHERE', text: 'ADMINISTRATOR everywhere' })]]
  }
  const circumstance = scope === 'writable' ? 'a key that is not read-only' : scope
  return circumstance ? [[namedRequirement({ circumstance, text: circumstance })]] : []
}

/** Describes the missing requirements for the audit. */
function summaryOfScopes(alternatives: Alternatives): string[] {
  return alternatives.flat().map(({ permission, role, circumstance }) => permission ?? role ?? circumstance ?? '')
}

builder.addScalarType('DateTime', GraphQLDateTime)
builder.addScalarType('EmailAddress', EmailAddress)
builder.addScalarType('Duration', GraphQLDuration)
builder.addScalarType('JSON', GraphQLJSON)

builder.queryType({
  description:
    'The fields that can be read. What is hidden from the caller is treated as missing: it is null, or absent from a list.',
  authScopes: { signedIn: true },
})
builder.mutationType({
  description: 'The changes that can be made: an operation contains one mutation, which runs in one transaction.',
})

/** The builder as the read path uses it, without the types of this schema. */
export const plain = builder as unknown as Builder

export const Node = builder.interfaceRef<{ $type?: string }>('Node').implement({
  description: 'An object that has an id and can be fetched again by it.',
  resolveType: (node) => node.$type,
  fields: (t) => ({
    id: t.field({
      type: 'ID',
      nullable: false,
      description: 'The id of the object, for `node` and `nodes`.',
      resolve: () => '',
    }),
  }),
})

export const reads = createReads(plain, relations, {
  readingOf: (ctx: Context) => ctx.reading,
  dateTime: 'DateTime',
  node: Node,
  scopeFlag,
})
export const filters = createFilters(plain, 'DateTime')
