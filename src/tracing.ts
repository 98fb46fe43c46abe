/**
 * Spans of OpenTelemetry. Without an exporter they are nothing: `cli/traces.ts` loads one where the environment asks for it.
 * A span holds no value of a request and no message of an error, because both can be secrets.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  type Attributes,
  context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import { VERSION } from './version.ts'

const tracer = trace.getTracer('chatelaine', VERSION)

interface SpanOptions {
  kind?: SpanKind
  attributes?: Attributes
}

/** Does a part of the work in a span, which is a child of the one that this code runs in. */
export function inSpan<T>(name: string, { kind, attributes }: SpanOptions, work: () => Promise<T>): Promise<T> {
  // The work of no request, like the queue of mails, would be a trace of its own every second.
  if (!isTraced()) return work()
  return tracer.startActiveSpan(name, { kind, attributes }, async (span) => {
    try {
      return await work()
    } catch (error) {
      noteError(span, error)
      throw error
    } finally {
      span.end()
    }
  })
}

function isTraced(): boolean {
  return trace.getActiveSpan() !== undefined
}

function noteError(span: Span, error: unknown) {
  const { code, name } = error as { code?: unknown; name?: unknown }
  span.setAttribute('error.type', String(code ?? name))
  span.setStatus({ code: SpanStatusCode.ERROR })
}

/** Answers a request in a span that ends with the response. Where the request names a trace (W3C Trace Context), it is part of that. */
export function inRequestSpan(request: IncomingMessage, response: ServerResponse, route: string, work: () => void) {
  const outside = propagation.extract(ROOT_CONTEXT, request.headers)
  const method = request.method ?? ''
  const options = {
    kind: SpanKind.SERVER,
    attributes: { 'http.request.method': method, 'http.route': route, 'url.path': route },
  }
  const span = tracer.startSpan(`${method} ${route}`, options, outside)
  response.once('close', () => {
    span.setAttributes({
      'http.response.status_code': response.statusCode,
      'chatelaine.request_id': String(response.getHeader('x-request-id') ?? ''),
    })
    if (response.statusCode >= 500) noteError(span, { code: response.statusCode })
    span.end()
  })
  context.with(trace.setSpan(outside, span), work)
}

/** Executes an operation: a query reads, a mutation changes. */
export function inOperationSpan<T>(
  { operation, name }: { operation: string; name?: { value: string } },
  work: () => Promise<T>,
): Promise<T> {
  const attributes = { 'graphql.operation.type': operation, 'graphql.operation.name': name?.value }
  return inSpan(operation === 'mutation' ? 'change' : 'read', { attributes }, work)
}

/** The attributes of a statement's span: what it does, and to what kind of database, but not its text. */
export function inStatementSpan<T>(text: string, work: () => Promise<T>): Promise<T> {
  if (!isTraced()) return work()
  const operation = /^\s*(\w+)/.exec(text)?.[1]?.toUpperCase() ?? 'SQL'
  const attributes = { 'db.system.name': 'postgresql', 'db.operation.name': operation }
  return inSpan(operation, { kind: SpanKind.CLIENT, attributes }, work)
}

/** The id of the trace that this code runs in, for the log; undefined where nothing is traced. */
export function currentTraceId(): string | undefined {
  return trace.getActiveSpan()?.spanContext().traceId
}
