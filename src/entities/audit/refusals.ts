/** What the audit keeps of refused requests: one row with a count per caller, action, target and minute. */
import { createHash } from 'node:crypto'
import { and, isNull, type SQL, sql } from 'drizzle-orm'
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core'
import type { Connection } from '../../db/database.ts'
import { createId } from '../../db/id.ts'
import { apiKeys, auditEvents, controllers, organizations, projects, roles, users } from '../../db/tables.ts'
import type { Target } from '../../errors.ts'
import { fitsReference, type Named } from '../../graphql/references.ts'
import { type Actor, actorColumns, usernameOf } from './operations.ts'
import { TARGETS, targetNameOf } from './targets.ts'

/** A refusal. `target` is null where nothing was found before it was decided. */
export interface Refusal {
  action: string
  code: string
  target: Target | null
  /** What the input names, the most telling first: the audit finds the target by it where there is none. */
  named?: Named[]
  missing?: string[]
  isDryRun?: boolean
}

const TABLES = {
  ApiKey: { table: apiKeys, key: sql`null` },
  User: { table: users, key: users.usernameKey },
  Role: { table: roles, key: roles.nameKey },
  Project: { table: projects, key: projects.codeKey },
  Controller: { table: controllers, key: controllers.nameKey },
  Organization: { table: organizations, key: organizations.nameKey },
} satisfies Record<Named['targetType'], { table: PgTable & { id: PgColumn }; key: PgColumn | SQL }>

/** Counts a refusal. It is written outside the transaction of the refused request, because that is rolled back. */
export async function recordRefusal(db: Connection, actor: Actor, refusal: Refusal) {
  const { action, code, missing, isDryRun = false } = refusal
  const target = refusal.target ?? (await findNamed(db, refusal.named ?? []))
  const who = actorColumns(actor, 'NOBODY')
  const minute = Math.floor(Date.now() / 60_000)
  // Unidentified callers (`NOBODY`) are distinguished by their network address.
  const from = who.actorKind === 'NOBODY' ? actor.address : null
  const key = [who.actorKind, who.actorId, who.apiKeyId, who.sessionId, from, action, code, target?.targetId, isDryRun]
  await db
    .insert(auditEvents)
    .values({
      id: createId(),
      action,
      outcome: isDryRun ? 'REFUSED_DRY_RUN' : 'REFUSED',
      code,
      refusalKey: createHash('sha256')
        .update(JSON.stringify([...key, minute]))
        .digest('base64url'),
      ...who,
      actorName: usernameOf(who.actorId),
      organizationId: actor.caller?.organizationId ?? null,
      ...target,
      targetName:
        target && (target.targetName ?? targetNameOf(sql`${target.targetType}::text`, sql`${target.targetId}::uuid`)),
      after: missing ? { missing } : null,
    })
    .onConflictDoUpdate({ target: auditEvents.refusalKey, set: { count: sql`${auditEvents.count} + 1` } })
}

/** Finds the first thing that an input names and that exists, whether the caller may see it or not. */
async function findNamed(db: Connection, named: Named[]): Promise<Target | null> {
  for (const { targetType, reference } of named) {
    const { table, key } = TABLES[targetType]
    const isThere = 'deletedAt' in table ? isNull(table.deletedAt) : undefined
    const organizationId = 'organizationId' in table ? sql<string>`${table.organizationId}` : sql<null>`null`
    const [row] = await db
      .select({ targetId: sql<string>`${table.id}`, organizationId })
      .from(table as PgTable)
      .where(and(fitsReference(TARGETS[targetType].prefix, { id: table.id, key }, reference), isThere))
      .limit(1)
    if (!row) continue
    return { targetType, ...row, organizationId: targetType === 'Organization' ? row.targetId : row.organizationId }
  }
  return null
}
