/** The audit as the API tells it. */
import { sql } from 'drizzle-orm'
import { expect } from 'vitest'
import type { Client, TestApp } from './app.ts'
import { query, snapshot } from './rows.ts'

export interface AuditEvent {
  id: string
  at: string
  action: string
  outcome: 'DONE' | 'REFUSED' | 'REFUSED_DRY_RUN'
  count: number
  code: string | null
  actorKind: string
  actor: { id: string } | null
  actorId: string | null
  actorName: string | null
  apiKeyId: string | null
  sessionId: string | null
  address: string | null
  requestId: string | null
  targetType: string | null
  targetId: string | null
  targetName: string | null
  organization: { name: string } | null
  changes: { field: string; before: string | null; after: string | null }[]
}

/** All of an event. */
export const EVENT = `id at action outcome count code actorKind actor { id } actorId actorName apiKeyId sessionId address requestId
  targetType targetId targetName organization { name } changes { field before after }`

/** The newest events that fit, as the client sees them, newest first. */
export async function eventsOf(client: Client, filter: object = {}): Promise<AuditEvent[]> {
  const { auditEvents } = await client.ok(
    `query ($filter: AuditEventFilter) { auditEvents(first: 100, filter: $filter) { nodes { ${EVENT} } } }`,
    { filter },
  )
  return auditEvents.nodes
}

/** The changes of an event: what each field was and is; undefined where there is nothing. */
export function sidesOf({ changes }: Pick<AuditEvent, 'changes'>): Record<string, [unknown, unknown]> {
  const value = (given: unknown) => given ?? undefined
  return Object.fromEntries(changes.map(({ field, before, after }) => [field, [value(before), value(after)]]))
}

/**
 * How often what was refused, by who, what, why and about which: `bob createProject FORBIDDEN -`. Each row stands for a
 * minute, so there may be two where one ended meanwhile, and never two of the same.
 */
export async function refusalsOf(client: Client): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  const minutes = new Set<string>()
  for (const event of await eventsOf(client, { outcome: 'REFUSED' })) {
    const { at, actorName, apiKeyId, sessionId, address, action, code, targetName, targetId, count } = event
    const name = `${actorName ?? 'nobody'} ${action} ${code} ${targetName ?? '-'}`
    const row = JSON.stringify([name, apiKeyId, sessionId, address, targetId, at.slice(0, 16)])
    expect(minutes, `two rows of one minute: ${row}`).not.toContain(row)
    minutes.add(row)
    counts[name] = (counts[name] ?? 0) + count
  }
  return counts
}

/** Runs something that must write nothing but audit rows and the counts of guesses; gives its result. */
export async function writingOnlyAudit<T>(app: TestApp, act: () => Promise<T>): Promise<T> {
  const rows = async () => ({ ...(await snapshot(app)), audit_events: 'may grow', password_guesses: 'may be counted' })
  const before = await rows()
  const result = await act()
  expect(await rows()).toEqual(before)
  return result
}

/** How many audit rows there are, of whatever kind. */
export async function countEvents(app: TestApp): Promise<number> {
  const [row] = await query<{ n: number }>(app, sql`select count(*)::int as n from audit_events`)
  return row?.n ?? 0
}

/** Every audit row whole, as text. */
export async function auditText(app: TestApp): Promise<string> {
  const rows = await query<{ row: string }>(app, sql`select e::text as row from audit_events as e`)
  return rows.map(({ row }) => row).join('\n')
}
