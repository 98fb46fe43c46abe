/** Three questions of operators: does the process turn, may it get requests, and can it make changes. */
import { sql } from 'drizzle-orm'
import { type Database, readRows } from '../db/database.ts'
import { createDeadline, runUntil } from '../db/deadline.ts'
import { VERSION } from '../version.ts'
import { JSON_TYPE } from './error-answer.ts'
import type { Answer } from './request.ts'

export interface Health {
  /** Answers a check of health; null where the path is none. */
  answer(url: URL): Promise<Answer> | null
  /** From now on it is not ready, so that a load balancer sends no new requests. */
  drain(): void
}

/** A check that is slower than this fails. */
const READY_WITHIN_MS = 1000

/** @param isServing whether anything takes requests, where that is not this process */
export function createHealth({ probe }: Database, isServing = () => true): Health {
  let isDraining = false

  async function ready(needsWrites: boolean): Promise<Answer> {
    if (isDraining) return json(503, { status: 'the server is stopping' })
    if (!isServing()) return json(503, { status: 'no worker takes requests' })
    try {
      const { schemaVersion, isReadOnly } = await runUntil(createDeadline(READY_WITHIN_MS), () => readState(probe))
      if (needsWrites && isReadOnly) return json(503, { status: 'the database accepts no changes', schemaVersion })
      return json(200, { status: 'ok', schemaVersion })
    } catch {
      return json(503, { status: 'the database does not answer' })
    }
  }
  return {
    answer({ pathname, searchParams }) {
      if (pathname === '/health/live') return Promise.resolve(json(200, { status: 'ok' }))
      const isReadiness = pathname === '/health' || pathname === '/health/ready'
      return isReadiness ? ready(searchParams.has('write')) : null
    },
    drain() {
      isDraining = true
    },
  }
}

interface State {
  /** The name of the newest migration that the database has. */
  schemaVersion: string | null
  isReadOnly: boolean
}

async function readState(probe: Database['probe']): Promise<State> {
  const [state] = await readRows<State>(
    probe,
    sql`select (select max(name) from drizzle.__drizzle_migrations) as "schemaVersion",
      pg_is_in_recovery() or current_setting('transaction_read_only')::boolean as "isReadOnly"`,
  )
  return state ?? { schemaVersion: null, isReadOnly: true }
}

function json(status: number, body: object): Answer {
  const headers = { 'content-type': JSON_TYPE, 'cache-control': 'no-store' }
  return { status, headers, body: JSON.stringify({ ...body, version: VERSION }) }
}
