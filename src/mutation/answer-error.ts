/** How a mutation answers what it throws: as data, or in the answer's `errors`; and what the audit keeps of it. */
import type { GraphQLObjectType, GraphQLResolveInfo } from 'graphql'
import { nameAlternatives } from '../authority/places.ts'
import { isOfDatabase } from '../db/errors.ts'
import { type Alternatives, isRefusal, NotFoundError } from '../errors.ts'
import type { Context } from '../graphql/context.ts'
import { asDomainError, type ErrorData, errorData, loudError } from '../graphql/errors.ts'
import { namedIn } from '../graphql/references.ts'
import { topLevelError } from '../graphql/refusals.ts'
import { logError } from '../log.ts'
import { selectedFields } from '../read/collect.ts'

/** Notes a refusal for the audit, also of a dry run; and what a known caller named that they do not see. */
export function noteRefusal(action: string, ctx: Context, { input, isDryRun }: Tried, thrown: unknown) {
  const tried = { action, named: namedIn(input), isDryRun }
  if (isRefusal(thrown)) {
    const { code, summary, target = null } = thrown
    ctx.refusals.push({ ...tried, code, missing: summary, target })
  } else if (thrown instanceof NotFoundError && ctx.caller !== null) {
    ctx.refusals.push({ ...tried, code: thrown.code, target: null })
  }
}

/** A mutation with the input that it was called with. */
interface Tried {
  input: unknown
  isDryRun: boolean
}

/** Returns the error as data, or throws it for the answer's `errors`. */
export async function answerError(thrown: unknown, ctx: Context, info: GraphQLResolveInfo): Promise<ErrorData> {
  const alternatives = await alternativesOf(thrown, ctx, info)
  const known = asDomainError(thrown)
  if (!known) {
    if (isOfDatabase(thrown)) logError(thrown, ctx.requestId)
    throw topLevelError(thrown, info.fieldName, { alternatives, requestId: ctx.requestId })
  }
  const error = errorData(known, alternatives)
  if (!isAskedFor(error, info)) ctx.loudErrors.push(loudError(error, [info.path.key]))
  return error
}

/** Returns the missing requirements, with the names of their scopes and resources. */
async function alternativesOf(
  thrown: unknown,
  { services, caller }: Context,
  info: GraphQLResolveInfo,
): Promise<Alternatives> {
  const missing = isRefusal(thrown) ? (thrown.missing ?? []) : []
  return nameAlternatives(services.database.db, caller, info.schema, missing)
}

/** Whether the document selects anything of the error; otherwise the client would not see it. */
function isAskedFor(error: ErrorData, info: GraphQLResolveInfo): boolean {
  return selectedFields(info.schema.getType(error.typeName) as GraphQLObjectType, info).size > 0
}
