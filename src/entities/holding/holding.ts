/** What says that a user holds something has one shape, and these are its fields. */
import { sql } from 'drizzle-orm'
import { granterName, granterOf } from '../../authority/granter.ts'
import { NOW } from '../../authority/held.ts'
import type { relations } from '../../db/relations.ts'
import type { users } from '../../db/tables.ts'
import { builder } from '../../graphql/builder.ts'
import { AccessLevel, AccessVia, accessLevelSql, ScopeKind, scopeKindSql } from '../../graphql/enums.ts'
import type { ReadFields } from '../../read/declarations.ts'
import type { CallerScope } from '../../read/spec.ts'
import { Controller } from '../controller/type.ts'
import { Model } from '../model/type.ts'
import { Organization } from '../organization/type.ts'
import { Project } from '../project/type.ts'
import { Role } from '../role/type.ts'
import { User } from '../user/type.ts'

const TEXT = {
  scope:
    'The kind of scope on which it is held; null for a level. What is held on a scope that the caller may not see is left out.',
  organization: 'The organization it is held in; null for everywhere and for a level.',
  project: 'The project it is held on; null where it is not held on a single project.',
  controller: 'The controller that the level is on, or the controller of the model; null where it is no level.',
  model: 'The model that the level is on; null for everything else.',
  role: 'The role that is held or that grants it; null where no role does, or the caller may not see the role.',
  level: 'The level on the model, or else on the controller; null where it is no level.',
  via: 'The way in which it is held.',
  since: 'The time since which it is held.',
  expiresAt: 'The planned end, the earliest of anything it depends on; null where there is none.',
  endedAt: 'The time when it ended, in a list of the past; null where it is still held.',
  grantedBy: 'The user who granted it; null for the operator, or where the caller may not see that user.',
  grantedByName:
    'The username of the user who granted it, also where they were deleted; null for the operator, or where the caller does not meet that user in lists.',
}

export const Holding = builder.interfaceRef<Record<string, unknown>>('Holding').implement({
  description: 'Something that a user holds, where they hold it, and for how long.',
  fields: (t) => ({
    scope: t.field({ type: ScopeKind, nullable: true, description: TEXT.scope }),
    organization: t.field({ type: Organization.ref, nullable: true, description: TEXT.organization }),
    project: t.field({ type: Project.ref, nullable: true, description: TEXT.project }),
    controller: t.field({ type: Controller.ref, nullable: true, description: TEXT.controller }),
    model: t.field({ type: Model.ref, nullable: true, description: TEXT.model }),
    role: t.field({ type: Role.ref, nullable: true, description: TEXT.role }),
    level: t.field({ type: AccessLevel, nullable: true, description: TEXT.level }),
    via: t.field({ type: AccessVia, nullable: false, description: TEXT.via }),
    since: t.field({ type: 'DateTime', nullable: false, description: TEXT.since }),
    expiresAt: t.field({ type: 'DateTime', nullable: true, description: TEXT.expiresAt }),
    endedAt: t.field({ type: 'DateTime', nullable: true, description: TEXT.endedAt }),
    grantedBy: t.field({ type: User.ref, nullable: true, description: TEXT.grantedBy }),
    grantedByName: t.field({ type: 'String', nullable: true, description: TEXT.grantedByName }),
  }),
})

type Declares<Table extends keyof typeof relations> = ReadFields<typeof relations, Table>

/** All fields of the interface, each null: what a kind of holding has stands after them. */
export const nothingHeld = (f: Pick<Declares<'users'>, 'absent'>) => ({
  scope: f.absent(ScopeKind, TEXT.scope),
  organization: f.absent(Organization.ref, TEXT.organization),
  project: f.absent(Project.ref, TEXT.project),
  controller: f.absent(Controller.ref, TEXT.controller),
  model: f.absent(Model.ref, TEXT.model),
  role: f.absent(Role.ref, TEXT.role),
  level: f.absent(AccessLevel, TEXT.level),
  endedAt: f.absent('DateTime', TEXT.endedAt),
})

export const inPlace = (f: OnScope | Declares<'effectiveAccess'>) => ({
  organization: f.one('organization', Organization, { description: TEXT.organization }),
  project: f.one('project', Project, { description: TEXT.project }),
})

type OnScope = Declares<'roleGrants'> | Declares<'roleHolders'> | Declares<'projectHolders'>

export const heldOnScope = (f: OnScope) => ({
  ...inPlace(f),
  scope: f.expression({ type: ScopeKind, description: TEXT.scope, sql: scopeKindSql }),
  role: f.one('role', Role, { description: TEXT.role, nullable: true }),
  grantedBy: f.one('granter', User, { description: TEXT.grantedBy }),
  grantedByName: f.expression({
    type: 'String',
    nullable: true,
    description: TEXT.grantedByName,
    sql: (row: { grantedBy: unknown }, caller: CallerScope) => granterName(row.grantedBy, caller),
  }),
})

/** The fields of what is derived from a grant, and is no longer than anything it depends on. */
export const derivedFrom = (
  f: Declares<'controllerHolders'> | Declares<'modelHolders'> | Declares<'effectiveAccess'>,
) => ({
  controller: f.one('controller', Controller, { description: TEXT.controller, nullable: true }),
  model: f.one('model', Model, { description: TEXT.model, nullable: true }),
  role: f.one('role', Role, { description: TEXT.role }),
  level: f.expression({ type: AccessLevel, nullable: true, description: TEXT.level, sql: accessLevelSql }),
  grantedBy: f.oneWhere(User, {
    description: TEXT.grantedBy,
    on: (row: { grantId: unknown }, granter: typeof users) => sql`${granter.id} = ${granterOf(row.grantId)}`,
  }),
  grantedByName: f.expression({
    type: 'String',
    nullable: true,
    description: TEXT.grantedByName,
    sql: (row: { grantId: unknown }, caller: CallerScope) => granterName(granterOf(row.grantId), caller),
  }),
})

type InThePast =
  | Declares<'roleHolders'>
  | Declares<'projectHolders'>
  | Declares<'controllerHolders'>
  | Declares<'modelHolders'>
  | Declares<'effectiveAccess'>

/** How it is held, and for how long, in lists of the present and of the past. */
export const heldFor = (f: InThePast) => ({
  via: f.column('via', { type: AccessVia, description: TEXT.via }),
  since: f.column('since', { type: 'DateTime', description: TEXT.since }),
  expiresAt: f.expression({
    type: 'DateTime',
    nullable: true,
    description: TEXT.expiresAt,
    sql: (row: { until: unknown }) => sql`case when ${row.until} > ${NOW} then ${row.until} end`,
  }),
  endedAt: f.expression({
    type: 'DateTime',
    nullable: true,
    description: TEXT.endedAt,
    sql: (row: { until: unknown }) => sql`case when ${row.until} <= ${NOW} then ${row.until} end`,
  }),
})

/** The same for a grant that is in effect now. */
export const grantedFor = (f: Declares<'roleGrants'>) => ({
  via: f.expression({ type: AccessVia, description: TEXT.via, sql: () => sql`'GRANT'` }),
  since: f.column('since', { type: 'DateTime', description: TEXT.since }),
  expiresAt: f.column('expiresAt', { type: 'DateTime', description: TEXT.expiresAt }),
})
