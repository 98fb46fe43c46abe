/** Answers queries by the JSON of the database, where every field of them allows it: the executor then has nothing to do. */
import {
  type DocumentNode,
  type FieldNode,
  GraphQLError,
  getArgumentValues,
  Kind,
  type OperationDefinitionNode,
} from 'graphql'
import { AuthorityChangedError } from '../authentication/kept.ts'
import { ForbiddenError } from '../errors.ts'
import type { Context } from '../graphql/context.ts'
import { finalResolverOf, plainSelection } from '../graphql/final-resolver.ts'
import { schema } from '../graphql/schema.ts'
import { finalFields } from '../read/final-fields.ts'
import type { RootField } from '../read/plan.ts'
import { type FinalQuery, readFinal } from '../read/run.ts'
import { fieldSpec } from '../read/spec.ts'

/**
 * Returns the text of the data; null where the executor has to answer, because of what is selected or what its error will be.
 * @throws AuthorityChangedError, and what the database fails with: the executor would only ask it once more
 */
export async function answerFinally(
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variableValues: VariableValues,
  ctx: Context,
): Promise<string | null> {
  if (ctx.caller === null || ctx.caller.mustChangePassword) return null
  const way = findWay(document, operation)
  if (!way) return null
  return Promise.try(way, ctx, variableValues).catch((error: unknown) => {
    if (isForExecutor(error) || operation.selectionSet.selections.length > 1) return null
    throw error instanceof AuthorityChangedError ? error : atRoot(error, operation)
  })
}

/** A way to answer an operation without the executor; null where the executor has to answer these variables. */
type Way = (ctx: Context, variableValues: VariableValues) => Promise<string | null>
type VariableValues = FinalQuery['variableValues']

/** The way of each operation; null where there is none. */
const ways = new WeakMap<OperationDefinitionNode, Way | null>()

function findWay(document: DocumentNode, operation: OperationDefinitionNode): Way | null {
  const known = ways.get(operation)
  if (known !== undefined) return known
  const way = wayOfReads(document, operation) ?? wayOfResolver(operation)
  ways.set(operation, way)
  return way
}

function wayOfReads(document: DocumentNode, operation: OperationDefinitionNode): Way | null {
  const fields = finalFields(schema, document, operation)
  if (!fields) return null
  return (ctx, variableValues) => {
    const { reading } = ctx
    for (const { root } of fields) runBefore(root, operation, ctx, variableValues)
    // The budget is spent again by the executor, where it has to answer.
    const budget = reading.budget && { ...reading.budget }
    return readFinal({ ...reading, budget }, { variableValues, fields })
  }
}

/** @throws what the field is refused with */
function runBefore(root: RootField, operation: OperationDefinitionNode, ctx: Context, values: VariableValues) {
  const field = root.parentType.getFields()[root.fieldName]
  const spec = field && fieldSpec(field)
  const [node] = root.fieldNodes
  if (!field || !node || (spec?.kind !== 'rootOne' && spec?.kind !== 'rootConnection') || !spec.before) return
  // The executor refuses it, and does nothing then.
  if (spec.scope && !spec.scope.of(ctx.caller)) return
  spec.before(ctx, getArgumentValues(field, node, values), { fieldNodes: root.fieldNodes, operation })
}

/** The way of a query whose only root field has a final resolver. */
function wayOfResolver({ operation, selectionSet }: OperationDefinitionNode): Way | null {
  const [node, ...others] = selectionSet.selections
  if (operation !== 'query' || node?.kind !== Kind.FIELD || others.length > 0 || node.directives?.length) return null
  const field = schema.getQueryType()?.getFields()[node.name.value]
  const resolve = field && finalResolverOf(field)
  const fields = plainSelection(node)
  if (!field || !resolve || !fields) return null
  return async (ctx, variableValues) => {
    const args = getArgumentValues(field, node, variableValues)
    const text = await resolve({ ctx, schema, args, fields })
    return text && `{${JSON.stringify(responseNameOf(node))}:${text}}`
  }
}

function responseNameOf(node: FieldNode): string {
  return node.alias?.value ?? node.name.value
}

/** Whether an error is about what is asked for, which the executor tells with its path. */
function isForExecutor(error: unknown): boolean {
  if (error instanceof ForbiddenError) return true
  return error instanceof GraphQLError && error.extensions.code === 'BAD_USER_INPUT'
}

/** The error at the only root field. */
function atRoot(error: unknown, { selectionSet }: OperationDefinitionNode): GraphQLError {
  const [node] = selectionSet.selections
  const path = node?.kind === Kind.FIELD ? [responseNameOf(node)] : []
  const { message, extensions } = error instanceof GraphQLError ? error : { message: String(error), extensions: {} }
  const originalError = error instanceof GraphQLError ? error.originalError : (error as Error)
  return new GraphQLError(message, { nodes: node, path, extensions, originalError })
}
