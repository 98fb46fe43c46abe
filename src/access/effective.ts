/** All that a user may do, in one list. */
import { sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
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
import type { Row } from '../read/spec.ts'

const WORD = alias(permissions, 'known_word') as unknown as Row

const EffectiveAccess = reads.type('EffectiveAccess', {
  table: 'effectiveAccess',
  description:
    'One thing that a user may do, and why: a permission on a scope, or a level on a controller or model, by one way. What the caller may not see of it is null.',
  authScopes: { signedIn: true },
  fields: (f) => ({
    permission: f.column('permission', { type: 'String', description: 'The dotted word; null for a level.' }),
    scope: f.expression({
      type: ScopeKind as never,
      nullable: true,
      description: 'How wide the permission is held; null for a level.',
      sql: (row) => sql`case when ${row.permission} is not null then ${scopeKindSql(row)} end`,
    }),
    organization: f.one('organization', Organization, { description: 'The organization it is held in.' }),
    project: f.one('project', Project, { description: 'The project it is held on.' }),
    controller: f.one('controller', Controller, { description: 'The controller the level is on, or the model’s.' }),
    model: f.one('model', Model, { description: 'The model the level is on.' }),
    controllerAccess: f.expression({
      type: ControllerAccess as never,
      nullable: true,
      description: 'The level on the controller; null for a level on a model, and for a permission.',
      sql: (row) => sql`case when ${row.modelId} is null then ${row.level} end`,
    }),
    modelAccess: f.expression({
      type: ModelAccess as never,
      nullable: true,
      description: 'The level on the model; null for everything else.',
      sql: (row) => sql`case when ${row.modelId} is not null then ${row.level} end`,
    }),
    via: f.column('via', { type: AccessVia as never, description: 'Through what they have it.' }),
    role: f.one('role', Role, { description: 'The role that gives it.' }),
    since: f.column('since', { type: 'DateTime', description: 'Since when they have it.' }),
    until: f.column('until', {
      type: 'DateTime',
      description: 'Until when: the earliest end of anything it rests on; null is none.',
    }),
  }),
})

const EffectiveAccessConnection = reads.connection('EffectiveAccess', {
  table: 'effectiveAccess',
  relation: effectiveAccessRelation,
  hasPast: true,
  node: EffectiveAccess,
  // An application's words are known only to whoever sees a role or an organization that names them.
  visible: (row, caller) =>
    sql`(${row.permission} is null or exists (select from permissions as known_word where known_word.name = ${row.permission} and ${Permission.visible?.(WORD, caller)}))`,
  orders: { SINCE: ['since'] },
  defaultOrder: 'SINCE',
})

reads.extend(User, (f) => ({
  effectiveAccess: f.connection('effectiveAccess', EffectiveAccessConnection, {
    guard: 'record',
    description: 'Everything they may do and through what, one item per permission or level and way.',
  }),
}))
