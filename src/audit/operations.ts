import type { Caller } from '../auth/caller.ts'
import type { Transaction } from '../db/database.ts'
import { createId } from '../db/id.ts'
import { auditEvents } from '../db/tables.ts'

/** What a change was about; `before` and `after` hold the changed fields by name, chosen one by one, never a secret. */
export interface Change {
  targetType: 'User' | 'ApiKey' | 'Organization' | 'Project' | 'Role' | 'Controller' | 'Model'
  targetId: string
  organizationId: string | null
  before?: Record<string, unknown>
  after?: Record<string, unknown>
}

/** Who made a change, and from where. */
export interface Actor {
  caller: Caller | null
  requestId: string | null
  address: string | null
}

/** Writes the row of one change, in the change's own transaction: without it there is no change. */
export async function recordChange(
  tx: Transaction,
  { caller, requestId, address }: Actor,
  action: string,
  change: Change,
) {
  await tx.insert(auditEvents).values({
    id: createId(),
    action,
    actorKind: caller?.actor ?? 'SYSTEM',
    actorId: caller?.userId ?? null,
    apiKeyId: caller?.apiKey?.id ?? null,
    address,
    requestId,
    ...change,
  })
}
