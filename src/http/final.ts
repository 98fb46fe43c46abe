/** Answers queries by the JSON of the database, where every field of them allows it: the executor then has nothing to do. */
import { type DocumentNode, getVariableValues, type OperationDefinitionNode } from 'graphql'
import { AuthorityChangedError } from '../authentication/kept.ts'
import type { Context } from '../graphql/context.ts'
import { schema } from '../graphql/schema.ts'
import { finalFields } from '../read/final-fields.ts'
import { readFinal } from '../read/run.ts'

/** Returns the text of the data; null where the executor has to answer. @throws AuthorityChangedError */
export async function answerFinally(
  document: DocumentNode,
  operation: OperationDefinitionNode,
  inputs: Record<string, unknown>,
  { caller, reading }: Context,
): Promise<string | null> {
  const isOrdinary = caller !== null && !caller.mustChangePassword
  const fields = isOrdinary ? finalFields(schema, document, operation) : null
  if (fields === null) return null
  const { variableValues } = getVariableValues(schema, operation.variableDefinitions ?? [], inputs)
  if (!variableValues) return null
  // The budget is spent again by the executor, where it has to answer.
  const budget = reading.budget && { ...reading.budget }
  return readFinal({ ...reading, budget }, { variableValues, fields }).catch((error: unknown) => {
    if (error instanceof AuthorityChangedError) throw error
    return null
  })
}
