/** Everything that a user may do, in one list. */
import { sql } from 'drizzle-orm'
import { effectiveAccessRelation } from '../authority/derived.ts'
import { permissions } from '../db/tables.ts'
import { Controller } from '../entities/controller/type.ts'
import { Model } from '../entities/model/type.ts'
import { Organization } from '../entities/organization/type.ts'
import { Permission } from '../entities/permission/type.ts'
import { Project } from '../entities/project/type.ts'
import { Role } from '../entities/role/type.ts'
import { User } from '../entities/user/type.ts'
import { reads } from '../graphql/builder.ts'
import { AccessVia, ControllerAccess, ModelAccess, ScopeKind, scopeKindSql } from '../graphql/enums.ts'
import { rowAs } from '../read/sql.ts'

const WORD = rowAs(permissions, 'known_word')

const EffectiveAccess = reads.type('EffectiveAccess', {
  table: 'effectiveAccess',
  description:
    'One thing that a user may do and its source: a permission on a scope, or a level on a controller or model. Parts that the caller may not see are null.',
  authScopes: { signedIn: true },
  fields: (f) => ({
    permission: f.column('permission', {
      type: 'String',
      description: 'The dotted name of the permission; null for a level.',
    }),
    scope: f.expression({
      type: ScopeKind,
      nullable: true,
      description: 'The kind of scope on which the permission is held; null for a level.',
      sql: (row) => sql`case when ${row.permission} is not null then ${scopeKindSql(row)} end`,
    }),
    organization: f.one('organization', Organization, {
      description: 'The organization it is held in; null for everywhere and for a level.',
    }),
    project: f.one('project', Project, {
      description: 'The project it is held on; null where it is not held on a single project.',
    }),
    controller: f.one('controller', Controller, {
      description: 'The controller that the level is on, or the controller of the model; null for a permission.',
    }),
    model: f.one('model', Model, { description: 'The model that the level is on; null for everything else.' }),
    controllerAccess: f.expression({
      type: ControllerAccess,
      nullable: true,
      description: 'The level on the controller; null for a level on a model, and for a permission.',
      sql: (row) => sql`case when ${row.modelId} is null then ${row.level} end`,
    }),
    modelAccess: f.expression({
      type: ModelAccess,
      nullable: true,
      description: 'The level on the model; null for everything else.',
      sql: (row) => sql`case when ${row.modelId} is not null then ${row.level} end`,
    }),
    via: f.column('via', { type: AccessVia, description: 'The source through which the user has it.' }),
    role: f.one('role', Role, { description: 'The role that grants it; null where it is held without a role.' }),
    since: f.column('since', { type: 'DateTime', description: 'The time since which the user has it.' }),
    expiresAt: f.column('until', {
      type: 'DateTime',
      description: 'The earliest end of anything it depends on; null where there is none.',
    }),
  }),
})

const EffectiveAccessConnection = reads.connection('EffectiveAccess', {
  table: 'effectiveAccess',
  relation: effectiveAccessRelation,
  hasPast: true,
  node: EffectiveAccess,
  // An application's permissions are visible only to callers that see a role or an organization that names them.
  visible: (row, caller) =>
    sql`(${row.permission} is null or exists (select from permissions as known_word where known_word.name = ${row.permission} and ${Permission.visible?.(WORD, caller)}))`,
  orders: { SINCE: ['since'] },
  defaultOrder: 'SINCE',
})

reads.extend(User, (f) => ({
  effectiveAccess: f.connection('effectiveAccess', EffectiveAccessConnection, {
    guard: 'record',
    description: 'Everything the user may do: one item per permission or level and per source of it.',
  }),
}))
