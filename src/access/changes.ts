/** What users gained and lost between two times. */

import { type SQL, sql } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'
import { accessChangesRelation } from '../authority/derived.ts'
import { mayReadRecord, usersAs } from '../authority/met-users.ts'
import { MANY_WORDS } from '../authority/permissions.ts'
import { isCaller, isHolder } from '../authority/visibility.ts'
import { controllers, models, organizations, permissions, projects } from '../db/tables.ts'
import { Controller } from '../entities/controller/type.ts'
import { Model } from '../entities/model/type.ts'
import { Organization } from '../entities/organization/type.ts'
import { Permission } from '../entities/permission/type.ts'
import { Project } from '../entities/project/type.ts'
import { User } from '../entities/user/type.ts'
import { builder, reads } from '../graphql/builder.ts'
import { AccessLevel, accessLevelSql, ScopeKind, scopeKindSql } from '../graphql/enums.ts'
import { fitsArgument } from '../graphql/references.ts'
import { settledTime } from '../read/connection.ts'
import { badUserInput } from '../read/errors.ts'
import type { ArgumentScope, CallerScope, Visibility } from '../read/spec.ts'
import { literal, rowAs } from '../read/sql.ts'

const AccessChangeKind = builder.enumType('AccessChangeKind', {
  description: 'The direction of a change of access.',
  values: {
    GAINED: { description: 'It was held at the end, and not at the beginning.' },
    LOST: { description: 'It was held at the beginning, and not at the end.' },
  },
})

const EVER = sql`'-infinity'::timestamptz`

/** The name of what the caller could see if it were not deleted: its deletion may be the reason for the loss. */
function nameColumn(
  target: { visible: Visibility | undefined },
  table: PgTable,
  column: string,
  id: unknown,
  caller: CallerScope,
): SQL {
  const row = rowAs(table, 'named')
  return sql`(select named.${sql.identifier(column)} from ${table} as named where named.id = ${id} and ${target.visible?.(row, caller, EVER) ?? sql`true`})`
}

const manyWords = sql.join(
  Object.entries(MANY_WORDS).map(([word, text]) => sql`when ${literal(word)} then ${literal(text)}`),
  sql` `,
)

const AccessChange = reads.type('AccessChange', {
  table: 'accessChanges',
  description: 'One thing that a user gained or lost. Parts that the caller may not see are null.',
  authScopes: { signedIn: true },
  fields: (f) => ({
    kind: f.column('kind', { type: AccessChangeKind, description: 'Whether it was gained or lost.' }),
    user: f.one('user', User, { description: 'The user who gained or lost it; null where the user is deleted.' }),
    username: f.column('username', {
      type: 'String',
      description: 'The username of the user; for a deleted user, the last one.',
    }),
    permission: f.expression({
      type: 'String',
      nullable: true,
      description: 'The permission, or a text that says it is every permission; null for a level.',
      sql: (row) => sql`case ${row.permission} ${manyWords} else ${row.permission} end`,
    }),
    scope: f.expression({
      type: ScopeKind,
      nullable: true,
      description: 'The kind of scope on which the permission is held; null for a level.',
      sql: (row) => sql`case when ${row.permission} is not null then ${scopeKindSql(row)} end`,
    }),
    organization: f.expression({
      type: 'String',
      nullable: true,
      description: 'The organization in which it is held.',
      sql: (row, caller) => nameColumn(Organization, organizations, 'name', row.organizationId, caller),
    }),
    project: f.expression({
      type: 'String',
      nullable: true,
      description: 'The project on which it is held.',
      sql: (row, caller) => nameColumn(Project, projects, 'code', row.projectId, caller),
    }),
    controller: f.expression({
      type: 'String',
      nullable: true,
      description: 'The controller that the level is on, or the controller of the model.',
      sql: (row, caller) => nameColumn(Controller, controllers, 'name', row.controllerId, caller),
    }),
    model: f.expression({
      type: 'String',
      nullable: true,
      description: 'The model that the level is on.',
      sql: (row, caller) => nameColumn(Model, models, 'name', row.modelId, caller),
    }),
    level: f.expression({
      type: AccessLevel,
      nullable: true,
      description: 'The level on the model, or else on the controller; null for a permission.',
      sql: accessLevelSql,
    }),
  }),
})

const WORD = rowAs(permissions, 'known_word')

/** True for permissions that the caller may see. The relation itself checks whose changes the caller may read. */
function mayReadChange(row: { permission: unknown }, caller: CallerScope): SQL {
  const many = sql.join(Object.keys(MANY_WORDS).map(literal), sql`, `)
  const known = sql`exists (select from permissions as known_word where known_word.name = ${row.permission} and ${Permission.visible?.(WORD, caller) ?? sql`true`})`
  return sql`(${row.permission} is null or ${row.permission} in (${many}) or ${known})`
}

/** The users that are asked about by name, or the only one that the caller reads; undefined where it is all who changed. */
function namedUsers(args: ArgumentScope, caller: CallerScope): SQL | undefined {
  // Several users may have had the same name, one after another.
  if (args.has('user')) return fitsArgument('user', { id: sql`u.id`, key: sql`u.username_key` }, args, 'user')
  return isHolder(caller, 'users.read') ? undefined : isCaller(caller, sql`u.id`)
}

const fromTime = (time: Date) => settledTime('from', time)
const toTime = (time: Date) => settledTime('to', time)

const AccessChangeConnection = reads.connection('AccessChange', {
  table: 'accessChanges',
  relation: (now, args, caller) =>
    accessChangesRelation({
      from: args.param('from', 'timestamptz', fromTime),
      to: args.has('to') ? args.param('to', 'timestamptz', toTime) : now,
      readable: mayReadRecord(usersAs('u'), caller),
      named: namedUsers(args, caller),
    }),
  node: AccessChange,
  visible: mayReadChange,
  orders: { USERNAME: ['usernameKey', 'word'] },
  defaultOrder: 'USERNAME',
})

reads.queryConnection('accessChanges', AccessChangeConnection, {
  description:
    'What users gained and lost between two times: the difference between what was held at the beginning and at the end, regardless of changes in between. It covers users whose records the caller may read, including deleted users.',
  authScopes: { signedIn: true },
  args: (arg) => ({
    from: arg({
      type: 'DateTime',
      required: true,
      description: 'The beginning of the period, at least 10 seconds ago.',
    }),
    to: arg({
      type: 'DateTime',
      description: 'The end of the period, at least 10 seconds ago; now by default.',
    }),
    user: arg.string({
      description: 'The username to filter by: all users that had this name, including deleted users.',
    }),
  }),
  before(_ctx, args) {
    const { from, to } = args as { from: Date; to?: Date | null }
    if (to && to <= from) throw badUserInput('"to" must be after "from".')
  },
})
