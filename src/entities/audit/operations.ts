import { createHash } from 'node:crypto'
import { sql } from 'drizzle-orm'
import type { Caller } from '../../authority/caller.ts'
import type { Connection, Transaction } from '../../db/database.ts'
import { createId } from '../../db/id.ts'
import { auditEvents } from '../../db/tables.ts'
import type { Target } from '../../errors.ts'

/** What a change changed: the changed fields by name, before and after it. */
export interface Sides {
  before?: object
  after?: object
}

/** A change that was made. */
export interface Change extends Target, Sides {
  /** The user who made the change, where the caller is not known before it, as in a sign-in. */
  actorId?: string
}

/** The caller of a request, and the network address of the request. */
export interface Actor {
  caller: Caller | null
  requestId: string | null
  address: string | null
}

/** Writes the row of one change in the transaction of that change, so that no change is committed without its row. */
export async function recordChange(tx: Transaction, actor: Actor, action: string, change: Change) {
  const { actorId = null, targetType, targetId, organizationId } = change
  const who = actorColumns(actor, 'SYSTEM')
  await tx.insert(auditEvents).values({
    id: createId(),
    action,
    ...who,
    actorId: actorId ?? who.actorId,
    targetType,
    targetId,
    organizationId,
    before: allowed(change.before),
    after: allowed(change.after),
  })
}

/** A refusal. `target` is null where no target was found or named. */
export interface Refusal {
  action: string
  code: string
  target: Target | null
  missing?: string[]
}

/**
 * Counts a refusal, with one row per caller, action, target and minute. It is written outside the transaction of the
 * refused request, because that transaction is rolled back.
 */
export async function recordRefusal(db: Connection, actor: Actor, { action, code, target, missing }: Refusal) {
  const who = actorColumns(actor, 'NOBODY')
  const minute = Math.floor(Date.now() / 60_000)
  // Unidentified callers (`NOBODY`) are distinguished by their network address.
  const from = who.actorKind === 'NOBODY' ? actor.address : null
  const what = [who.actorKind, who.actorId, who.apiKeyId, who.sessionId, from, action, code, target?.targetId, minute]
  await db
    .insert(auditEvents)
    .values({
      id: createId(),
      action,
      outcome: 'REFUSED',
      code,
      refusalKey: createHash('sha256').update(JSON.stringify(what)).digest('base64url'),
      ...who,
      organizationId: actor.caller?.organizationId ?? null,
      ...target,
      after: missing ? { missing } : null,
    })
    .onConflictDoUpdate({ target: auditEvents.refusalKey, set: { count: sql`${auditEvents.count} + 1` } })
}

function actorColumns(actor: Actor, unknown: 'SYSTEM' | 'NOBODY') {
  const { caller, requestId, address } = actor
  return {
    actorKind: caller?.actor ?? unknown,
    actorId: caller?.userId ?? null,
    apiKeyId: caller?.apiKey?.id ?? null,
    sessionId: caller?.session?.id ?? null,
    address,
    requestId,
  }
}

/**
 * The names of the fields that may be stored. All other fields are left out, so that no secret is stored by mistake.
 */
const FIELDS: ReadonlySet<string> = new Set([
  ...['access', 'isActive', 'address', 'apiKey', 'attributes', 'basePermissions', 'code', 'controller', 'credential'],
  ...['detachedModels', 'displayName', 'email', 'endedApiKeys', 'endedGrants', 'expiresAt', 'id', 'kid', 'label'],
  ...['limits', 'model', 'name', 'organization', 'organizationId', 'overlapUntil', 'password', 'permissions'],
  ...['project', 'isReadOnly', 'reason', 'revealed', 'roles', 'sessions', 'sshKey', 'title', 'tokenTtl', 'type'],
  ...['user', 'username', 'wrongPasswords'],
])

function allowed(fields: object | undefined): Record<string, unknown> | null {
  if (!fields) return null
  return Object.fromEntries(Object.entries(fields).filter(([name]) => FIELDS.has(name)))
}
