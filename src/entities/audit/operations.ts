import { isDeepStrictEqual } from 'node:util'
import { type SQL, sql } from 'drizzle-orm'
import type { Caller } from '../../authority/caller.ts'
import type { Transaction } from '../../db/database.ts'
import { createId } from '../../db/id.ts'
import { insertSql, render } from '../../db/rendered.ts'
import { auditEvents } from '../../db/tables.ts'
import type { Target } from '../../errors.ts'
import { targetNameOf } from './targets.ts'

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
  const who = actorColumns(actor, 'SYSTEM')
  await insertEvent(tx, { who: { ...who, actorId: change.actorId ?? who.actorId }, action, change })
}

interface Recorded {
  who: ReturnType<typeof actorColumns>
  action: string
  change: Change
}

const insertEvent = render<Recorded, never>((parameter) => {
  const uuid = (read: (recorded: Recorded) => unknown) => parameter('uuid', read)
  const text = (read: (recorded: Recorded) => unknown) => parameter('text', read)
  const actorId = uuid(({ who }) => who.actorId)
  const targetType = text(({ change }) => change.targetType)
  const targetId = uuid(({ change }) => change.targetId)
  const targetName = text(({ change }) => change.targetName ?? null)
  return insertSql(auditEvents, {
    id: uuid(createId),
    action: text(({ action }) => action),
    actorKind: text(({ who }) => who.actorKind),
    actorId,
    actorName: usernameOf(actorId),
    apiKeyId: uuid(({ who }) => who.apiKeyId),
    sessionId: uuid(({ who }) => who.sessionId),
    address: text(({ who }) => who.address),
    requestId: uuid(({ who }) => who.requestId),
    givenRequestId: text(({ who }) => who.givenRequestId),
    targetType,
    targetId,
    targetName: sql`coalesce(${targetName}, ${targetNameOf(targetType, targetId)})`,
    organizationId: uuid(({ change }) => change.organizationId),
    before: parameter('jsonb', ({ change }) => allowed(change.before)),
    after: parameter('jsonb', ({ change }) => allowed(change.after)),
  })
})

/** Leaves out the fields that are the same before and after: they did not change. */
export function withoutEqual(before: object, after: object): Sides {
  const [old, now] = [new Map(Object.entries(before)), new Map(Object.entries(after))]
  const isChanged = ([name]: [string, unknown]) =>
    !old.has(name) || !now.has(name) || !isDeepStrictEqual(old.get(name), now.get(name))
  return {
    before: Object.fromEntries([...old].filter(isChanged)),
    after: Object.fromEntries([...now].filter(isChanged)),
  }
}

/** The name that a user has now, for the row that is written. */
export function usernameOf(userId: unknown): SQL<string> {
  return sql<string>`(select u.username from users as u where u.id = ${userId}::uuid)`
}

/** The columns of an audit row that say who acted. @param unknown the kind of actor where there is no caller */
export function actorColumns(actor: Actor, unknown: 'SYSTEM' | 'NOBODY') {
  const { caller, requestId, address } = actor
  return {
    actorKind: caller?.actor ?? unknown,
    actorId: caller?.userId ?? null,
    apiKeyId: caller?.apiKey?.id ?? null,
    sessionId: caller?.session?.id ?? null,
    address,
    ...requestIdColumns(requestId),
  }
}

/** An UUID as PostgreSQL writes it: what is written otherwise would be answered in another form. */
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/

/** The columns of the request's id, of which one is null. Our own ids stay UUIDs: the audit is the largest table. */
function requestIdColumns(id: string | null) {
  return id === null || UUID.test(id)
    ? { requestId: id, givenRequestId: null }
    : { requestId: null, givenRequestId: id }
}

/**
 * The names of the fields that may be stored. All other fields are left out, so that no secret is stored by mistake.
 */
const FIELDS: ReadonlySet<string> = new Set([
  ...[
    'access',
    'isActive',
    'address',
    'apiKey',
    'apiKeys',
    'attributes',
    'basePermissions',
    'code',
    'controller',
    'credential',
  ],
  ...['detachedModels', 'displayName', 'email', 'endedApiKeys', 'endedGrants', 'expiresAt', 'id', 'kid', 'label'],
  ...[
    'limits',
    'model',
    'mustChangePassword',
    'name',
    'organization',
    'organizationId',
    'overlapUntil',
    'password',
    'permissions',
  ],
  ...[
    'project',
    'isReadOnly',
    'reason',
    'revealed',
    'roles',
    'sessions',
    'sshKey',
    'sshKeys',
    'title',
    'tokenTtl',
    'type',
    'maxKeyTtl',
  ],
  ...['user', 'username', 'wrongPasswords', 'url', 'types', 'description', 'isPaused', 'cursor'],
])

function allowed(fields: object | undefined): Record<string, unknown> | null {
  if (!fields) return null
  return Object.fromEntries(Object.entries(fields).filter(([name]) => FIELDS.has(name)))
}
