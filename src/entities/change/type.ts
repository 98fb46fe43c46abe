import { sql } from 'drizzle-orm'
import { Kind, type OperationDefinitionNode } from 'graphql'
import { holdsEverywhere, holdsInOrganization } from '../../authority/visibility.ts'
import { reads } from '../../graphql/builder.ts'
import type { Context } from '../../graphql/context.ts'
import { badUserInput } from '../../read/errors.ts'
import { AuditEvent } from '../audit/type.ts'
import { TYPES_TEXT, unknownType } from './types.ts'
import { LONGEST_WAIT_SECONDS } from './waits.ts'

const ChangeConnection = reads.connection('Change', {
  table: 'changes',
  node: AuditEvent,
  via: 'auditEvent',
  // It is the condition of the audit event, whose organization the change has too.
  visible: (change, caller) =>
    holdsEverywhere(caller, 'audit.read')
      ? undefined
      : holdsInOrganization(caller, 'audit.read', change.organizationId),
  impliesNode: () => true,
  orders: { POSITION: ['position'] },
  defaultOrder: 'POSITION',
  fields: (f) => ({
    type: f.column('type', {
      type: 'String',
      description: `What happened, like \`user.created\`: the thing, a dot, and the past of the verb. ${TYPES_TEXT}`,
    }),
  }),
})

reads.queryConnection('changes', ChangeConnection, {
  description:
    'The changes that were committed, each once, in the one order in which programs follow them: oldest first, and two changes of one thing in the order in which they were made. A change is in the list about a second after it was made. Nothing is ever added before a cursor that was given: a program that continues after its last cursor (`after`) misses nothing. It contains the changes in the organizations over which the caller holds `audit.read`.',
  authScopes: { permission: ['audit.read'] },
  args: (arg) => ({
    types: arg.stringList({
      description:
        'Only changes of these types, at most 100, like `user.created`; all types without it. A type that does not exist is refused with BAD_USER_INPUT.',
    }),
    waitSeconds: arg.int({
      required: true,
      defaultValue: 0,
      description:
        'How long the answer waits for a change where the page would be empty: 0 to 25 seconds. A document that waits has no other field. At most 10 requests of a user wait at the same time on a server; further ones get RATE_LIMITED. The wait ends early where the server stops.',
    }),
  }),
  before(ctx, args, { operation }) {
    const { types, waitSeconds } = args as { types?: string[] | null; waitSeconds: number }
    refuseUnknownTypes(types ?? null)
    if (waitSeconds !== 0) prepareWait(ctx as Context, waitSeconds, operation)
  },
  where: (change, _caller, args) =>
    args.has('types') ? sql`${change.type} = any(${args.param('types', 'text[]')})` : undefined,
})

const MOST_TYPES = 100

function refuseUnknownTypes(types: string[] | null) {
  if (!types) return
  if (types.length === 0 || types.length > MOST_TYPES)
    throw badUserInput(`"types" must be 1 to ${MOST_TYPES} types, not ${types.length}; leave it out for all.`)
  if (unknownType(types) === undefined) return
  throw badUserInput('"types" holds a text that is no type of a change: see the description of `ChangeEdge.type`.')
}

/** @throws BAD_USER_INPUT */
function prepareWait(ctx: Context, seconds: number, { selectionSet }: OperationDefinitionNode) {
  if (seconds < 0 || seconds > LONGEST_WAIT_SECONDS)
    throw badUserInput(`"waitSeconds" must be from 0 to ${LONGEST_WAIT_SECONDS}, not ${seconds}.`)
  const [only, ...others] = selectionSet.selections
  if (others.length > 0 || only?.kind !== Kind.FIELD)
    throw badUserInput('"waitSeconds" needs a document without another field beside "changes".')
  ctx.longPoll = { seconds, holder: ctx.caller?.userId ?? 'operator', seen: ctx.services.changeWaits.seen() }
}
