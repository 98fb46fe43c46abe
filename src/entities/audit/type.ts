import { type SQL, sql } from 'drizzle-orm'
import { holdsEverywhere, holdsInOrganization } from '../../authority/visibility.ts'
import { builder, filters, reads } from '../../graphql/builder.ts'
import { parseId } from '../../graphql/node-id.ts'
import { badUserInput } from '../../read/errors.ts'
import { lowerCase } from '../../read/filters.ts'
import { Organization } from '../organization/type.ts'
import { User } from '../user/type.ts'
import { TARGETS } from './targets.ts'

const AuditOutcome = builder.enumType('AuditOutcome', {
  description: 'What became of it.',
  values: {
    DONE: { description: 'It was done.' },
    REFUSED: { description: 'It was refused, and nothing was changed.' },
  },
})

const ActorKind = builder.enumType('ActorKind', {
  description: 'Who acted.',
  values: {
    USER: { description: 'A user, with a key, a session or a password.' },
    OPERATOR: { description: 'Whoever had the database in hand: the command line without --url.' },
    SYSTEM: { description: 'The server itself.' },
    NOBODY: { description: 'Somebody who did not prove who they are.' },
  },
})

interface FieldChange {
  field: string
  before: string | null
  after: string | null
}

const AuditChange = builder.objectRef<FieldChange>('AuditChange').implement({
  description: 'One field of what was changed. Secrets are never among them.',
  authScopes: { signedIn: true },
  fields: (t) => ({
    field: t.exposeString('field', { nullable: false, description: 'Its name.' }),
    before: t.exposeString('before', { nullable: true, description: 'As JSON; null where there was nothing before.' }),
    after: t.exposeString('after', { nullable: true, description: 'As JSON; null where there is nothing after.' }),
  }),
})

function fieldChanges(before: unknown, after: unknown): FieldChange[] {
  const [old, now] = [before, after].map((side) => (side ?? {}) as Record<string, unknown>)
  const names = [...new Set([...Object.keys(old ?? {}), ...Object.keys(now ?? {})])].sort()
  const text = (value: unknown) => (value === undefined ? null : JSON.stringify(value))
  return names.map((field) => ({ field, before: text(old?.[field]), after: text(now?.[field]) }))
}

/** A target's name as it is now, or was when it was deleted. */
function targetName(event: { targetType: unknown; targetId: unknown }): SQL {
  const cases = Object.entries(TARGETS).flatMap(([name, { table, label }]) =>
    table === null
      ? []
      : [
          sql`when ${name} then (select x.${sql.identifier(label)} from ${sql.identifier(table)} as x where x.id = ${event.targetId})`,
        ],
  )
  return sql`case ${event.targetType} ${sql.join(cases, sql` `)} end`.inlineParams()
}

function targetId(event: { targetType: unknown; targetId: unknown }): SQL {
  const cases = Object.entries(TARGETS).map(([name, { prefix }]) => sql`when ${name} then ${`${prefix}_`}`)
  return sql`case ${event.targetType} ${sql.join(cases, sql` `)} end || ${event.targetId}`.inlineParams()
}

export const AuditEvent = reads.type('AuditEvent', {
  table: 'auditEvents',
  id: 'event',
  description:
    'One thing that was done, or refused: who, what, when, from where. Seen by holders of `audit.read` over the organization it was in, whole: it names what it touched elsewhere too.',
  authScopes: { signedIn: true },
  visible: (event, caller) =>
    holdsEverywhere(caller, 'audit.read') ? undefined : holdsInOrganization(caller, 'audit.read', event.organizationId),
  fields: (f) => ({
    at: f.column('at', {
      type: 'DateTime',
      description: 'When; of what was refused several times within a minute, the first time.',
    }),
    action: f.column('action', { type: 'String', description: 'The mutation or query, like `grantRoles`.' }),
    outcome: f.column('outcome', { type: AuditOutcome as never, description: 'Done or refused.' }),
    count: f.column('count', { type: 'Int', description: 'How often within that minute; 1 for what was done.' }),
    code: f.column('code', { type: 'String', description: 'Why it was refused, like `FORBIDDEN`.' }),
    actorKind: f.column('actorKind', { type: ActorKind as never, description: 'Who acted.' }),
    actor: f.one('actor', User, { description: 'The user who acted; null where they are gone or hidden.' }),
    actorName: f.expression({
      type: 'String',
      nullable: true,
      description: 'The username of who acted, of a deleted user too.',
      sql: (event) => sql`(select u.username from users as u where u.id = ${event.actorId})`,
    }),
    apiKeyId: f.expression({
      type: 'ID',
      nullable: true,
      description: 'The key they came with.',
      sql: (event) => sql`'key_' || ${event.apiKeyId}`,
    }),
    sessionId: f.expression({
      type: 'ID',
      nullable: true,
      description: 'The session they came with.',
      sql: (event) => sql`'session_' || ${event.sessionId}`,
    }),
    address: f.column('address', { type: 'String', description: 'The network address they came from.' }),
    requestId: f.column('requestId', { type: 'String', description: 'The request, as its answer named it.' }),
    targetType: f.column('targetType', { type: 'String', description: 'What it was about, like `User`.' }),
    targetId: f.expression({
      type: 'ID',
      nullable: true,
      description: 'The id of that.',
      sql: targetId,
    }),
    targetName: f.expression({
      type: 'String',
      nullable: true,
      description: 'The name of that, as it is now or was last.',
      sql: targetName,
    }),
    organization: f.one('organization', Organization, {
      description: 'The organization it was in; null is the whole server, gone or hidden.',
    }),
    changes: f.resolved({
      type: [AuditChange] as never,
      needs: ['before', 'after'],
      description: 'What was changed, field by field.',
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
    at: filters.time('at', 'Only what happened then.'),
    actor: {
      type: 'String',
      description: 'Only what the user of this name did; deleted users of that name too.',
      column: 'actorId',
      where: (event, args, path) =>
        sql`${event.actorId} in (select u.id from users as u where u.username_key = ${args.param(path, 'text', lowerCase)})`,
    },
    target: {
      type: 'ID',
      description: 'Only what was about the thing of this id.',
      column: 'targetId',
      where: (event, args, path) =>
        sql`(${event.targetId} = ${args.param(path, 'uuid', uuidOf)} and ${event.targetType} = ${args.param(path, 'text', typeOf)})`,
    },
    action: {
      type: 'String',
      description: 'Only this mutation or query.',
      column: 'action',
      where: (event, args, path) => sql`${event.action} = ${args.param(path, 'text')}`,
    },
    organization: {
      type: 'String',
      description: 'Only what was in the organization of this name.',
      column: 'organizationId',
      where: (event, args, path) =>
        sql`${event.organizationId} in (select o.id from organizations as o where o.name_key = ${args.param(path, 'text', lowerCase)})`,
    },
    outcome: {
      type: AuditOutcome as never,
      description: 'Only what was done, or only what was refused.',
      where: (event, args, path) => sql`${event.outcome} = ${args.param(path, 'text')}`,
    },
  },
})

const uuidOf = (id: string) => readTarget(id).uuid
const typeOf = (id: string) => readTarget(id).type

/** @throws BAD_USER_INPUT naming the argument */
function readTarget(id: string): { type: string; uuid: string } {
  const parsed = parseId(id)
  const [type] = Object.entries(TARGETS).find(([, { prefix }]) => prefix === parsed?.prefix) ?? []
  if (!parsed || !type) throw badUserInput('"filter.target" is not an id of this server: use one that it gave.')
  return { type, uuid: parsed.uuid }
}

reads.queryConnection('auditEvents', AuditEventConnection, {
  description: 'What was done and refused, the newest first, as far as the caller’s `audit.read` reaches.',
  authScopes: { permission: ['audit.read'] },
})
