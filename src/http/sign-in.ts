import { type DocumentNode, Kind, OperationTypeNode } from 'graphql'
import type { Params } from './params.ts'
import type { RequestContext } from './request.ts'
import type { App } from './yoga.ts'

/**
 * Whether a request does nothing but sign in. Clients attach their last token to every request: without an exception, a
 * user whose token has expired could not get another one.
 */
export function isSignInAlone(app: App, params: Params | string, context: Omit<RequestContext, 'caller'>): boolean {
  if (typeof params === 'string' || context.isGet) return false
  try {
    return hasOnlySignIn(app.getEnveloped({ ...context, caller: null, params }).parse(params.query))
  } catch {
    return false
  }
}

/** Whether the only operation of a document is the mutation `signIn`, written as a field and without a field beside it. */
function hasOnlySignIn({ definitions }: DocumentNode): boolean {
  const [operation, ...others] = definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION)
  if (operation?.operation !== OperationTypeNode.MUTATION || others.length > 0) return false
  const [field, ...beside] = operation.selectionSet.selections
  return field?.kind === Kind.FIELD && field.name.value === 'signIn' && beside.length === 0
}
