/** The figures of this process, in the text format of Prometheus. */
import { AggregatorRegistry, Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Services } from '../services.ts'
import type { Answer } from './request.ts'
import type { RequestRecord } from './request-record.ts'

interface Answered {
  status: number
  codes: string[]
  seconds: number
  /** True where the executor had nothing to do. */
  isFinal: boolean
}

export interface Metrics {
  /** Counts a request that was answered. */
  note(record: RequestRecord, answered: Answered): void
  answer(): Promise<Answer>
  /** The figures as prom-client has them, to be added to those of other processes. */
  read(): Promise<object[]>
}

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]
/** Clients choose the names of operations, so only the first ones are kept apart. */
const MOST_OPERATIONS = 100

export function createMetrics({ database, keptCallers }: Pick<Services, 'database' | 'keptCallers'>): Metrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry, prefix: 'chatelaine_' })
  const requests = new Counter({
    name: 'chatelaine_requests_total',
    help: 'Requests to the API by kind, name of the operation, and HTTP status.',
    labelNames: ['kind', 'operation', 'status'],
    registers,
  })
  const errors = new Counter({
    name: 'chatelaine_errors_total',
    help: 'Errors in the answers, by code.',
    labelNames: ['code'],
    registers,
  })
  const duration = new Histogram({
    name: 'chatelaine_request_duration_seconds',
    help: 'The time from the arrival of a request to its answer.',
    labelNames: ['kind'],
    buckets: SECONDS,
    registers,
  })
  const statements = new Histogram({
    name: 'chatelaine_database_statement_duration_seconds',
    help: 'The time until the database has answered a statement.',
    buckets: SECONDS,
    registers,
  })
  new Gauge({
    name: 'chatelaine_database_connections',
    help: 'Connections of the pool that are open and idle, and requests that wait for one.',
    labelNames: ['state'],
    registers,
    collect() {
      for (const [state, count] of Object.entries(database.counts())) this.set({ state }, count)
    },
  })
  new Gauge({
    name: 'chatelaine_kept_callers',
    help: 'Callers whose authority is kept, requests that used one, and those of them that found it changed.',
    labelNames: ['state'],
    registers,
    collect() {
      for (const [state, count] of Object.entries(keptCallers.counts())) this.set({ state }, count)
    },
  })
  const final = new Counter({
    name: 'chatelaine_final_answers_total',
    help: 'Queries that were answered without the executor.',
    registers,
  })
  database.observe(({ milliseconds }) => statements.observe(milliseconds / 1000))
  const operations = new Set<string>()

  function nameOf(operation: string | null): string {
    if (operation === null) return ''
    if (operations.size < MOST_OPERATIONS) operations.add(operation)
    return operations.has(operation) ? operation : 'other'
  }
  return {
    note({ kind, operation }, { status, codes, seconds, isFinal }) {
      if (isFinal) final.inc()
      requests.inc({ kind: kind ?? 'none', operation: nameOf(operation), status })
      duration.observe({ kind: kind ?? 'none' }, seconds)
      for (const code of codes) errors.inc({ code })
    },
    answer: () => answerOf(registry),
    read: () => registry.getMetricsAsJSON(),
  }
}

/** The figures of several processes as one: counts are added, and of lags the average is taken. */
export function sumFigures(figures: object[][]): Promise<Answer> {
  return answerOf(AggregatorRegistry.aggregate(figures))
}

async function answerOf(registry: Registry): Promise<Answer> {
  return { status: 200, headers: { 'content-type': registry.contentType }, body: await registry.metrics() }
}
