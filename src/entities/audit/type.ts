import { type SQL, sql } from 'drizzle-orm'
import { holdsEverywhere, holdsInOrganization } from '../../authority/visibility.ts'
import { builder, filters, reads } from '../../graphql/builder.ts'
import { parseId } from '../../graphql/node-id.ts'
import { fitsArgument } from '../../graphql/references.ts'
import { badUserInput } from '../../read/errors.ts'
import { Organization } from '../organization/type.ts'
import { User } from '../user/type.ts'
import { TARGETS, targetNameOf } from './targets.ts'

const AuditOutcome = builder.enumType('AuditOutcome', {
  description: 'The outcome of an audited action.',
  values: {
    DONE: { description: 'The action was done.' },
    REFUSED: { description: 'The action was refused, and nothing was changed.' },
    REFUSED_DRY_RUN: { description: 'The action was tried as a dry run, which was refused.' },
  },
})

const ActorKind = builder.enumType('ActorKind', {
  description: 'The kind of actor that performed an action.',
  values: {
    USER: { description: 'A user who authenticated with a key, a session or a password.' },
    OPERATOR: {
      description: 'An operator with direct access to the database, who used the command line without --url.',
    },
    SYSTEM: { description: 'The server itself acted, without a caller.' },
    NOBODY: { description: 'A caller who did not authenticate.' },
  },
})

interface FieldChange {
  field: string
  before: unknown
  after: unknown
}

const AuditChange = builder.objectRef<FieldChange>('AuditChange').implement({
  description: 'One changed field. Fields with secrets are never included.',
  authScopes: { signedIn: true },
  fields: (t) => ({
    field: t.exposeString('field', { nullable: false, description: 'The name of the changed field.' }),
    before: t.field({
      type: 'JSON',
      nullable: true,
      description: 'The value before the change, as JSON; null where there was no value.',
      resolve: ({ before }) => before,
    }),
    after: t.field({
      type: 'JSON',
      nullable: true,
      description: 'The value after the change, as JSON; null where there is no value.',
      resolve: ({ after }) => after,
    }),
  }),
})

function fieldChanges(before: unknown, after: unknown): FieldChange[] {
  const [old, now] = [before, after].map((side) => (side ?? {}) as Record<string, unknown>)
  const names = [...new Set([...Object.keys(old ?? {}), ...Object.keys(now ?? {})])].sort()
  return names.map((field) => ({ field, before: old?.[field] ?? null, after: now?.[field] ?? null }))
}

function targetId(event: { targetType: unknown; targetId: unknown }): SQL {
  const cases = Object.entries(TARGETS).map(([name, { prefix }]) => sql`when ${name} then ${`${prefix}_`}`)
  return sql`case ${event.targetType} ${sql.join(cases, sql` `)} end || ${event.targetId}`.inlineParams()
}

export const AuditEvent = reads.type('AuditEvent', {
  table: 'auditEvents',
  id: 'event',
  description:
    'One action that was done or refused, with its actor, its time and the network address it came from. Users that hold `audit.read` over the organization of the event can see it, with all its fields: they can name things outside that organization that the action affected.',
  authScopes: { signedIn: true },
  visible: (event, caller) =>
    holdsEverywhere(caller, 'audit.read') ? undefined : holdsInOrganization(caller, 'audit.read', event.organizationId),
  fields: (f) => ({
    at: f.column('at', {
      type: 'DateTime',
      description:
        'The time of the action; for an action that was refused several times within a minute, the first time.',
    }),
    action: f.column('action', { type: 'String', description: 'The mutation or query, like `grantRoles`.' }),
    outcome: f.column('outcome', { type: AuditOutcome, description: 'Whether it was done or refused.' }),
    count: f.column('count', { type: 'Int', description: 'How often it was refused within that minute; otherwise 1.' }),
    code: f.column('code', { type: 'String', description: 'The code of a refusal, like `FORBIDDEN`; null otherwise.' }),
    actorKind: f.column('actorKind', { type: ActorKind, description: 'The kind of actor that acted.' }),
    actor: f.one('actor', User, {
      description: 'The user who acted; null where there is none, or they are deleted or hidden from the caller.',
    }),
    actorId: f.expression({
      type: 'ID',
      nullable: true,
      description:
        'The id of the user who acted, which stays the same where the user is renamed or deleted; null where no user acted.',
      sql: (event) => sql`'user_' || ${event.actorId}`,
    }),
    actorName: f.expression({
      type: 'String',
      nullable: true,
      description:
        'The username that the user who acted had at that time, even where the user was renamed or deleted; null where no user acted.',
      sql: (event) =>
        sql`coalesce(${event.actorName}, (select u.username from users as u where u.id = ${event.actorId}))`,
    }),
    apiKeyId: f.expression({
      type: 'ID',
      nullable: true,
      description: 'The id of the API key that the request used; null where it used none.',
      sql: (event) => sql`'key_' || ${event.apiKeyId}`,
    }),
    sessionId: f.expression({
      type: 'ID',
      nullable: true,
      description: 'The id of the session that the request used; null where it used none.',
      sql: (event) => sql`'session_' || ${event.sessionId}`,
    }),
    address: f.column('address', { type: 'String', description: 'The network address of the request, where known.' }),
    requestId: f.expression({
      type: 'String',
      nullable: true,
      description: 'The id that its response also contained: of the server, or of a trusted proxy that sent it.',
      sql: (event) => sql`coalesce(${event.givenRequestId}, ${event.requestId}::text)`,
    }),
    targetType: f.column('targetType', { type: 'String', description: 'The type of its target, like `User`.' }),
    targetId: f.expression({
      type: 'ID',
      nullable: true,
      description: 'The id of its target; null where there is none.',
      sql: targetId,
    }),
    targetName: f.expression({
      type: 'String',
      nullable: true,
      description: 'The name that the target had at that time; null where it has none.',
      sql: (event) =>
        sql`coalesce(${event.targetName}, ${targetNameOf(sql`${event.targetType}`, sql`${event.targetId}`)})`,
    }),
    organization: f.one('organization', Organization, {
      description:
        'The organization of the event; null where the event belongs to the whole server, or the organization was deleted or is hidden from the caller.',
    }),
    changes: f.resolved({
      type: [AuditChange],
      needs: ['before', 'after'],
      description: 'The changed fields with their values before and after.',
      resolve: ({ before, after }) => fieldChanges(before, after),
    }),
  }),
})

const AuditEventConnection = reads.connection('AuditEvent', {
  table: 'auditEvents',
  node: AuditEvent,
  orders: { AT: ['at'] },
  defaultOrder: 'AT',
  defaultDirection: 'desc',
  filters: {
    at: filters.time('at', 'Only events in this period of time.'),
    actor: {
      type: 'String',
      description:
        'Only events of this user, given by id; or of all users that have this username, or had it when they acted, including deleted users.',
      column: 'actorId',
      where: (event, args, path) =>
        sql`(${event.actorId} in (select u.id from users as u where ${fitsArgument('user', { id: sql`u.id`, key: sql`u.username_key` }, args, path)}) or ${fitsArgument('user', { id: event.actorId, key: sql`lower(${event.actorName})` }, args, path)})`,
    },
    target: {
      type: 'ID',
      description: 'Only events whose target has this id.',
      column: 'targetId',
      where: (event, args, path) =>
        sql`(${event.targetId} = ${args.param(path, 'uuid', uuidOf)} and ${event.targetType} = ${args.param(path, 'text', typeOf)})`,
    },
    action: {
      type: 'String',
      description: 'Only events of this mutation or query.',
      column: 'action',
      where: (event, args, path) => sql`${event.action} = ${args.param(path, 'text')}`,
    },
    organization: {
      type: 'String',
      description: 'Only events of the organization with this name or id.',
      column: 'organizationId',
      where: (event, args, path) =>
        sql`${event.organizationId} in (select o.id from organizations as o where ${fitsArgument('organization', { id: sql`o.id`, key: sql`o.name_key` }, args, path)})`,
    },
    outcome: {
      type: AuditOutcome,
      description: 'Only events with this outcome.',
      where: (event, args, path) => sql`${event.outcome} = ${args.param(path, 'text')}`,
    },
  },
})

const uuidOf = (id: string) => targetOfId(id).uuid
const typeOf = (id: string) => targetOfId(id).type

/** Reads the type and the UUID from the id of a target. @throws BAD_USER_INPUT naming the argument */
function targetOfId(id: string): { type: string; uuid: string } {
  const parsed = parseId(id)
  const [type] = Object.entries(TARGETS).find(([, { prefix }]) => prefix === parsed?.prefix) ?? []
  if (!parsed || !type) throw badUserInput('"filter.target" is not an id of this server: use one that it gave.')
  return { type, uuid: parsed.uuid }
}

reads.queryConnection('auditEvents', AuditEventConnection, {
  description:
    'The actions that were done or refused, newest first by default, in the organizations over which the caller holds `audit.read`.',
  authScopes: { permission: ['audit.read'] },
})
