/** Who gained and lost what between two times. */
import { and, type SQL, sql } from 'drizzle-orm'
import { alias, type PgTable } from 'drizzle-orm/pg-core'
import { accessChangesRelation } from '../authority/derived.ts'
import { MANY_WORDS } from '../authority/permissions.ts'
import { controllers, models, organizations, permissions, projects, users } from '../db/tables.ts'
import { Controller } from '../entities/controller/type.ts'
import { Model } from '../entities/model/type.ts'
import { Organization } from '../entities/organization/type.ts'
import { Permission } from '../entities/permission/type.ts'
import { Project } from '../entities/project/type.ts'
import { mayReadRecord, User } from '../entities/user/type.ts'
import { builder, reads } from '../graphql/builder.ts'
import { ControllerAccess, ModelAccess, ScopeKind, scopeKindSql } from '../graphql/enums.ts'
import { settledTime } from '../read/connection.ts'
import { badUserInput } from '../read/errors.ts'
import { lowerCase } from '../read/filters.ts'
import type { CallerScope, Row, Visibility } from '../read/spec.ts'
import { literal } from '../read/sql.ts'

const AccessChangeKind = builder.enumType('AccessChangeKind', {
  description: 'Gained or lost.',
  values: {
    GAINED: { description: 'It was held at the end, and not at the beginning.' },
    LOST: { description: 'It was held at the beginning, and no more at the end.' },
  },
})

const EVER = sql`'-infinity'::timestamptz`

/** The name of what the caller may see, were it not deleted: it may have been lost by that. */
function nameOf(
  target: { visible: Visibility | undefined },
  table: PgTable,
  column: string,
  id: unknown,
  caller: CallerScope,
): SQL {
  const row = alias(table, 'named') as unknown as Row
  return sql`(select named.${sql.identifier(column)} from ${table} as named where named.id = ${id} and ${target.visible?.(row, caller, EVER) ?? sql`true`})`
}

const manyWords = sql.join(
  Object.entries(MANY_WORDS).map(([word, text]) => sql`when ${literal(word)} then ${literal(text)}`),
  sql` `,
)

const AccessChange = reads.type('AccessChange', {
  table: 'accessChanges',
  description: 'One thing that somebody gained or lost. What the caller may not see of it is null.',
  authScopes: { signedIn: true },
  fields: (f) => ({
    kind: f.column('kind', { type: AccessChangeKind as never, description: 'How it changed.' }),
    user: f.one('user', User, { description: 'Who; null where they are deleted.' }),
    username: f.column('username', { type: 'String', description: 'Who, by name: of a deleted user the last one.' }),
    permission: f.expression({
      type: 'String',
      nullable: true,
      description: 'The permission, or that it is every one; null for a level.',
      sql: (row) => sql`case ${row.permission} ${manyWords} else ${row.permission} end`,
    }),
    scope: f.expression({
      type: ScopeKind as never,
      nullable: true,
      description: 'How wide the permission is held; null for a level.',
      sql: (row) => sql`case when ${row.permission} is not null then ${scopeKindSql(row)} end`,
    }),
    organization: f.expression({
      type: 'String',
      nullable: true,
      description: 'In which organization.',
      sql: (row, caller) => nameOf(Organization, organizations, 'name', row.organizationId, caller),
    }),
    project: f.expression({
      type: 'String',
      nullable: true,
      description: 'On which project.',
      sql: (row, caller) => nameOf(Project, projects, 'code', row.projectId, caller),
    }),
    controller: f.expression({
      type: 'String',
      nullable: true,
      description: 'On which controller, or the model’s.',
      sql: (row, caller) => nameOf(Controller, controllers, 'name', row.controllerId, caller),
    }),
    model: f.expression({
      type: 'String',
      nullable: true,
      description: 'On which model.',
      sql: (row, caller) => nameOf(Model, models, 'name', row.modelId, caller),
    }),
    controllerAccess: f.expression({
      type: ControllerAccess as never,
      nullable: true,
      description: 'The level on the controller.',
      sql: (row) => sql`case when ${row.modelId} is null then ${row.level} end`,
    }),
    modelAccess: f.expression({
      type: ModelAccess as never,
      nullable: true,
      description: 'The level on the model.',
      sql: (row) => sql`case when ${row.modelId} is not null then ${row.level} end`,
    }),
  }),
})

const WORD = alias(permissions, 'known_word') as unknown as Row
const ASKED = alias(users, 'u') as unknown as typeof users

/** Words that they know; whose changes they may read, the relation looks at alone. */
function mayReadChange(row: { permission: unknown }, caller: CallerScope): SQL {
  const many = sql.join(Object.keys(MANY_WORDS).map(literal), sql`, `)
  const known = sql`exists (select from permissions as known_word where known_word.name = ${row.permission} and ${Permission.visible?.(WORD, caller) ?? sql`true`})`
  return sql`(${row.permission} is null or ${row.permission} in (${many}) or ${known})`
}

const fromTime = (time: Date) => settledTime('from', time)
const toTime = (time: Date) => settledTime('to', time)

const AccessChangeConnection = reads.connection('AccessChange', {
  table: 'accessChanges',
  relation: (now, args, caller) =>
    accessChangesRelation(
      args.param('from', 'timestamptz', fromTime),
      args.has('to') ? args.param('to', 'timestamptz', toTime) : now,
      and(
        mayReadRecord(ASKED, caller),
        // A name that was free again may have had several users.
        args.has('user') ? sql`u.username_key = ${args.param('user', 'text', lowerCase)}` : undefined,
      ),
    ),
  node: AccessChange,
  visible: mayReadChange,
  orders: { USERNAME: ['usernameKey', 'word'] },
  defaultOrder: 'USERNAME',
})

reads.queryConnection('accessChanges', AccessChangeConnection, {
  description:
    'Who gained and lost what between two times: the difference between what was held then and then, whatever came and went in between. Of users whose records the caller may read, deleted ones too.',
  authScopes: { signedIn: true },
  args: (arg) => ({
    from: arg({ type: 'DateTime' as never, required: true, description: 'The beginning, at least 10 seconds ago.' }),
    to: arg({ type: 'DateTime' as never, description: 'The end, at least 10 seconds ago; now by default.' }),
    user: arg.string({ description: 'Only of the user of this name.' }),
  }),
  check({ from, to }: { from: Date; to?: Date | null }) {
    if (to && to <= from) throw badUserInput('"to" must be after "from".')
  },
})
