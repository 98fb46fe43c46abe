/** What a webhook is sent of a change: what its owner sees of it at that moment, by the same schema as everyone. */
import { execute, parse } from 'graphql'
import { readAuthority } from '../authentication/read-caller.ts'
import { type Caller, holds, inOrganization, NOBODY } from '../authority/caller.ts'
import { createId } from '../db/id.ts'
import type { Claimed, DisabledReason, Next } from '../entities/webhook/queue.ts'
import { createContext } from '../graphql/context.ts'
import { schema } from '../graphql/schema.ts'
import { encodeCursor } from '../read/cursor.ts'
import type { Services } from '../services.ts'
import type { Message } from './send.ts'

const EVENT =
  parse(`query ($id: ID!) { node(id: $id) { id ... on AuditEvent { at action actorKind actorId actorName targetType targetId targetName
  organization { id name } requestId changes { field before after } } } }`)

/** Reads the owner with their authority as it is now, or why nothing may be sent. */
export async function readOwner(
  { database }: Services,
  { ownerId, organizationId }: Pick<Claimed, 'ownerId' | 'organizationId'>,
): Promise<Caller | DisabledReason> {
  const owner = await readAuthority(database.db, { ...NOBODY, userId: ownerId })
  if (owner === null) return 'OWNER_INACTIVE'
  return holds(owner, 'audit.read', inOrganization(organizationId)) ? owner : 'OWNER_MAY_NOT_READ'
}

/** The message about a change; null where the owner does not see it, or the audit no longer keeps it. */
export async function messageOf(
  services: Services,
  owner: Caller,
  { auditEventId, type, position }: Next,
): Promise<Message | null> {
  const request = { requestId: createId(), address: null, isGet: false, proof: null }
  const { data, errors } = await execute({
    schema,
    document: EVENT,
    contextValue: createContext(services, owner, request),
    variableValues: { id: `event_${auditEventId}` },
  })
  // What fails must not look like a change that is hidden: it would be left out.
  if (errors) throw errors[0]
  const event = data?.node as { id: string; at: string } | null | undefined
  if (!event) return null
  const cursor = encodeCursor(JSON.stringify(['POSITION asc', position]))
  const body = JSON.stringify({ type, timestamp: event.at, data: { ...event, cursor } })
  return { id: event.id, body }
}
