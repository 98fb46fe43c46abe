import type { OperationDefinitionNode } from 'graphql'
import type { Caller } from '../authority/caller.ts'
import { currentTraceId } from '../tracing.ts'

/** What the log and the metrics say of a request: it is filled in while the request is answered. */
export interface RequestRecord {
  requestId: string
  address: string | null
  /** The kind of the operation; null where there is none to execute. */
  kind: string | null
  /** The name that the client gave to the operation. */
  operation: string | null
  userId: string | null
  apiKeyId: string | null
  /** The trace of the request, where it is traced. */
  traceId: string | undefined
}

export function createRecord(requestId: string, address: string | null): RequestRecord {
  return { requestId, address, kind: null, operation: null, userId: null, apiKeyId: null, traceId: currentTraceId() }
}

export function recordCaller(record: RequestRecord, caller: Caller | null) {
  record.userId = caller?.userId ?? null
  record.apiKeyId = caller?.apiKey?.id ?? null
}

export function recordOperation(record: RequestRecord, { operation, name }: OperationDefinitionNode) {
  record.kind = operation
  record.operation = name?.value ?? null
}
