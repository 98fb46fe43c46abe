/** Answers queries by the JSON of the database, where every field of them allows it: the executor then has nothing to do. */
import {
  type DocumentNode,
  type FieldNode,
  GraphQLError,
  type GraphQLField,
  getArgumentValues,
  getVariableValues,
  Kind,
  type OperationDefinitionNode,
} from 'graphql'
import { AuthorityChangedError } from '../authentication/kept.ts'
import { ForbiddenError } from '../errors.ts'
import type { Context } from '../graphql/context.ts'
import { type FinalResolver, finalResolverOf, plainSelection } from '../graphql/final-resolver.ts'
import { schema } from '../graphql/schema.ts'
import { finalFields } from '../read/final-fields.ts'
import { readFinal } from '../read/run.ts'

/**
 * Returns the text of the data; null where the executor has to answer, because of what is selected or what its error will be.
 * @throws AuthorityChangedError, and what the database fails with: the executor would only ask it once more
 */
export async function answerFinally(
  document: DocumentNode,
  operation: OperationDefinitionNode,
  inputs: Record<string, unknown>,
  ctx: Context,
): Promise<string | null> {
  const { caller, reading } = ctx
  if (caller === null || caller.mustChangePassword) return null
  const fields = finalFields(schema, document, operation)
  const resolved = fields ? null : findResolved(operation)
  if (!fields && !resolved) return null
  const { variableValues } = getVariableValues(schema, operation.variableDefinitions ?? [], inputs)
  if (!variableValues) return null
  // The budget is spent again by the executor, where it has to answer.
  const budget = reading.budget && { ...reading.budget }
  const answering = fields
    ? readFinal({ ...reading, budget }, { variableValues, fields })
    : resolved && resolveFinally(ctx, resolved, variableValues)
  return Promise.resolve(answering).catch((error: unknown) => {
    if (isForExecutor(error) || operation.selectionSet.selections.length > 1) return null
    throw error instanceof AuthorityChangedError ? error : atRoot(error, operation)
  })
}

/** Whether an error is about what is asked for, which the executor tells with its path. */
function isForExecutor(error: unknown): boolean {
  if (error instanceof ForbiddenError) return true
  return error instanceof GraphQLError && error.extensions.code === 'BAD_USER_INPUT'
}

/** The error at the only root field. */
function atRoot(error: unknown, { selectionSet }: OperationDefinitionNode): GraphQLError {
  const [node] = selectionSet.selections
  const path = node?.kind === Kind.FIELD ? [node.alias?.value ?? node.name.value] : []
  const { message, extensions } = error instanceof GraphQLError ? error : { message: String(error), extensions: {} }
  const originalError = error instanceof GraphQLError ? error.originalError : (error as Error)
  return new GraphQLError(message, { nodes: node, path, extensions, originalError })
}

/** A root field that is answered by a final resolver. */
interface Resolved {
  node: FieldNode
  field: GraphQLField<unknown, unknown>
  resolve: FinalResolver
  fields: NonNullable<ReturnType<typeof plainSelection>>
}

const known = new WeakMap<OperationDefinitionNode, Resolved | null>()

/** The only root field of a query, where it has a final resolver. */
function findResolved(operation: OperationDefinitionNode): Resolved | null {
  if (!known.has(operation)) known.set(operation, readResolved(operation))
  return known.get(operation) ?? null
}

function readResolved({ operation, selectionSet }: OperationDefinitionNode): Resolved | null {
  const [node, ...others] = selectionSet.selections
  if (operation !== 'query' || node?.kind !== Kind.FIELD || others.length > 0 || node.directives?.length) return null
  const field = schema.getQueryType()?.getFields()[node.name.value]
  const resolve = field && finalResolverOf(field)
  const fields = plainSelection(node)
  return field && resolve && fields ? { node, field, resolve, fields } : null
}

type VariableValues = Parameters<typeof getArgumentValues>[2]

async function resolveFinally(
  ctx: Context,
  { node, field, resolve, fields }: Resolved,
  variableValues: VariableValues,
) {
  const args = getArgumentValues(field, node, variableValues)
  const text = await resolve({ ctx, schema, args, fields })
  return text && `{${JSON.stringify(node.alias?.value ?? node.name.value)}:${text}}`
}
