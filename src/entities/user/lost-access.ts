import { and, eq, type SQL, sql } from 'drizzle-orm'
import type { Caller } from '../../authority/caller.ts'
import { holdsAt, NOW } from '../../authority/held.ts'
import { CONTROLLER_LEVEL, type LevelName } from '../../authority/levels.ts'
import {
  hasControllerLevel,
  immediateScope,
  seesControllersOf,
  seesEveryController,
} from '../../authority/visibility.ts'
import type { Transaction } from '../../db/database.ts'
import {
  controllerGrants,
  controllers,
  modelGrants,
  models,
  organizations,
  projects,
  roleGrants,
  roles,
} from '../../db/tables.ts'
import type { ScopeName } from '../../errors.ts'
import { builder } from '../../graphql/builder.ts'
import { AccessLevel, ScopeKind, scopeKindSql } from '../../graphql/enums.ts'
import { mayReadGrant } from '../role/visibility.ts'

/** A role or a level that ended when its user was deleted. It contains names, because the scope may be deleted too. */
export interface LostAccess {
  role: string | null
  organization: string | null
  project: string | null
  /** Null for a level. */
  scope: ScopeName | null
  controller: string | null
  model: string | null
  level: LevelName | null
}

export const LostAccessType = builder.objectRef<LostAccess>('LostAccess').implement({
  description: 'A role, or a level on a controller or a model, that a user held when they were deleted.',
  authScopes: { signedIn: true },
  fields: (t) => ({
    role: t.exposeString('role', { nullable: true, description: 'The name of the role; null for a level.' }),
    organization: t.exposeString('organization', {
      nullable: true,
      description: 'The organization in which the role was held; null where it was held everywhere.',
    }),
    project: t.exposeString('project', {
      nullable: true,
      description: 'The project on which the role was held; null where it was not held on a single project.',
    }),
    scope: t.field({
      type: ScopeKind,
      nullable: true,
      description: 'The kind of scope on which the role was held; null for a level.',
      resolve: ({ scope }) => scope,
    }),
    controller: t.exposeString('controller', {
      nullable: true,
      description: 'The controller on which the level was held, or the controller of the model.',
    }),
    model: t.exposeString('model', { nullable: true, description: 'The model on which the level was held.' }),
    level: t.field({
      type: AccessLevel,
      nullable: true,
      description: 'The level that was held on the model, or else on the controller; null for a role.',
      resolve: ({ level }) => level,
    }),
  }),
})

/** The roles and levels granted to a user now, as far as `viewer` may read them; all of them without a viewer. */
export async function readAccess(tx: Transaction, userId: string, viewer: Caller | null): Promise<LostAccess[]> {
  return [...(await readRoles(tx, userId, viewer)), ...(await readLevels(tx, userId, viewer))]
}

async function readRoles(tx: Transaction, userId: string, viewer: Caller | null): Promise<LostAccess[]> {
  const rows = await tx
    .select({
      role: roles.name,
      organization: organizations.name,
      project: projects.code,
      scope: sql<ScopeName>`${scopeKindSql(roleGrants)}`,
    })
    .from(roleGrants)
    .innerJoin(roles, eq(roles.id, roleGrants.roleId))
    .leftJoin(organizations, eq(organizations.id, roleGrants.organizationId))
    .leftJoin(projects, eq(projects.id, roleGrants.projectId))
    .where(
      and(
        eq(roleGrants.userId, userId),
        holdsAt(roleGrants, NOW),
        viewer ? mayReadGrant(roleGrants, immediateScope(viewer)) : undefined,
      ),
    )
    .orderBy(roles.name, roleGrants.since)
  return rows.map((row) => ({ ...row, controller: null, model: null, level: null }))
}

async function readLevels(tx: Transaction, userId: string, viewer: Caller | null): Promise<LostAccess[]> {
  const visible = viewer ? mayReadLevels(viewer) : undefined
  const onControllers = await tx
    .select({ controller: controllers.name, level: controllerGrants.level })
    .from(controllerGrants)
    .innerJoin(controllers, eq(controllers.id, controllerGrants.controllerId))
    .where(and(eq(controllerGrants.userId, userId), holdsAt(controllerGrants, NOW), visible))
    .orderBy(controllers.nameKey)
  const onModels = await tx
    .select({ controller: controllers.name, model: models.name, level: modelGrants.level })
    .from(modelGrants)
    .innerJoin(models, eq(models.id, modelGrants.modelId))
    .innerJoin(controllers, eq(controllers.id, models.controllerId))
    .where(and(eq(modelGrants.userId, userId), holdsAt(modelGrants, NOW), visible))
    .orderBy(controllers.nameKey, models.nameKey)
  return [...onControllers, ...onModels].map((row) => ({
    role: null,
    organization: null,
    project: null,
    scope: null,
    model: null,
    ...row,
  }))
}

/** The levels on controllers that the viewer sees completely. */
function mayReadLevels(viewer: Caller): SQL | undefined {
  const scope = immediateScope(viewer)
  if (seesEveryController(scope)) return undefined
  return sql`(${hasControllerLevel(scope, CONTROLLER_LEVEL.SUPERUSER, controllers.id)} or ${seesControllersOf(scope, controllers.organizationId)})`
}
