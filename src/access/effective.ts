/** Everything that a user may do, in one list. */
import { type SQL, sql } from 'drizzle-orm'
import { effectiveAccessRelation } from '../authority/derived.ts'
import { seesEveryController, seesScope } from '../authority/visibility.ts'
import { controllers, models, permissions } from '../db/tables.ts'
import { Controller } from '../entities/controller/type.ts'
import { derivedFrom, Holding, heldFor, inPlace, nothingHeld } from '../entities/holding/holding.ts'
import { Model } from '../entities/model/type.ts'
import { Permission } from '../entities/permission/type.ts'
import { User } from '../entities/user/type.ts'
import { reads } from '../graphql/builder.ts'
import { ScopeKind, scopeKindSql } from '../graphql/enums.ts'
import type { CallerScope } from '../read/spec.ts'
import { rowAs } from '../read/sql.ts'

const WORD = rowAs(permissions, 'known_word')
const CONTROLLER = rowAs(controllers, 'its_controller')
const MODEL = rowAs(models, 'its_model')

const EffectiveAccess = reads.type('EffectiveAccess', {
  table: 'effectiveAccess',
  description:
    'One thing that a user may do and its source: a permission on a scope, or a level on a controller or model. What is held on a scope, a controller or a model that the caller may not see is left out of the list.',
  authScopes: { signedIn: true },
  interfaces: [Holding],
  fields: (f) => ({
    ...nothingHeld(f),
    ...derivedFrom(f),
    ...inPlace(f),
    ...heldFor(f),
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
  }),
})

/** Whether the caller may see the controller or the model that a level is on. */
function seesResource(row: { controllerId: unknown; modelId: unknown }, caller: CallerScope, time?: SQL): SQL {
  if (seesEveryController(caller)) return sql`true`
  const controller = Controller.visible?.(CONTROLLER, caller, time) ?? sql`true`
  const model = Model.visible?.(MODEL, caller, time) ?? sql`true`
  return sql`(exists (select from controllers as its_controller where its_controller.id = ${row.controllerId} and ${controller})
    and (${row.modelId} is null or exists (select from models as its_model where its_model.id = ${row.modelId} and ${model})))`
}

const EffectiveAccessConnection = reads.connection('EffectiveAccess', {
  table: 'effectiveAccess',
  relation: effectiveAccessRelation,
  hasPast: true,
  node: EffectiveAccess,
  isVisibilityDear: true,
  // An application's permissions are visible only to callers that see a role or an organization that names them.
  visible: (row, caller, time) =>
    sql`case when ${row.permission} is null then ${seesResource(row, caller, time)}
      else exists (select from permissions as known_word where known_word.name = ${row.permission} and ${Permission.visible?.(WORD, caller)})
        and ${seesScope(row, caller) ?? sql`true`} end`,
  orders: { SINCE: ['since', 'grantId'] },
  defaultOrder: 'SINCE',
})

reads.extend(User, (f) => ({
  effectiveAccess: f.connection('effectiveAccess', EffectiveAccessConnection, {
    guard: 'record',
    description: 'Everything the user may do: one item per permission or level and per source of it.',
  }),
}))
