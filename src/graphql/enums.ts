import { type SQL, sql } from 'drizzle-orm'
import { CONTROLLER_LEVEL, CONTROLLER_LEVELS, MODEL_LEVEL, MODEL_LEVELS } from '../authority/levels.ts'
import { literal } from '../read/sql.ts'
import { builder } from './builder.ts'

/** The kind of scope in which something is held: a scope that is hidden must not look like everywhere. */
export const ScopeKind = builder.enumType('ScopeKind', {
  description: 'The kind of scope in which something is held.',
  values: {
    EVERYWHERE: { description: 'It is held in the whole server.' },
    ORGANIZATION: { description: 'It is held in one organization, with all its projects.' },
    PROJECT: { description: 'It is held in one project.' },
  },
})

/** Returns the kind of scope that the two columns name. */
export function scopeKindSql(row: { organizationId: unknown; projectId: unknown }): SQL {
  return sql`case when ${row.projectId} is not null then 'PROJECT' when ${row.organizationId} is not null then 'ORGANIZATION' else 'EVERYWHERE' end`
}

/** The names of the levels; in SQL a level is its position in the list, counted from 1. */
export const ControllerAccess = builder.enumType('ControllerAccess', {
  description: 'A level on a controller; a higher level includes the lower ones.',
  values: {
    LOGIN: {
      value: CONTROLLER_LEVEL.LOGIN,
      description: 'The user can see the controller. Any level on one of its models includes it.',
    },
    ADD_MODEL: {
      value: CONTROLLER_LEVEL.ADD_MODEL,
      description: 'The user can add models, and administer the models that they added.',
    },
    SUPERUSER: {
      value: CONTROLLER_LEVEL.SUPERUSER,
      description: 'The user can administer the controller and all its models, also those added later.',
    },
  },
})

export const ModelAccess = builder.enumType('ModelAccess', {
  description: 'A level on a model; a higher level includes the lower ones.',
  values: {
    READ: { value: MODEL_LEVEL.READ, description: 'The user can look at the model.' },
    WRITE: { value: MODEL_LEVEL.WRITE, description: 'The user can change what is in the model.' },
    ADMIN: { value: MODEL_LEVEL.ADMIN, description: 'The user can grant and revoke access to the model.' },
  },
})

/** The levels on controllers and models together, where one field has either. */
export const AccessLevel = builder.enumType('AccessLevel', {
  description: 'A level on a controller, or a level on a model.',
  values: {
    LOGIN: { description: 'On a controller: the lowest level of `ControllerAccess`.' },
    ADD_MODEL: { description: 'On a controller: the middle level of `ControllerAccess`.' },
    SUPERUSER: { description: 'On a controller: the highest level of `ControllerAccess`.' },
    READ: { description: 'On a model: the lowest level of `ModelAccess`.' },
    WRITE: { description: 'On a model: the middle level of `ModelAccess`.' },
    ADMIN: { description: 'On a model: the highest level of `ModelAccess`.' },
  },
})

/** The name of a level on a model, or else on a controller; null where it is no level. */
export function accessLevelSql(row: { modelId: unknown; level: unknown }): SQL {
  const named = (levels: readonly string[]) => sql`(${literal(`{${levels}}`)}::text[])[${row.level}]`
  return sql`case when ${row.modelId} is null then ${named(CONTROLLER_LEVELS)} else ${named(MODEL_LEVELS)} end`
}

export const AccessVia = builder.enumType('AccessVia', {
  description: 'The way in which a user holds something.',
  values: {
    GRANT: { description: 'The user holds it by a direct grant.' },
    ROLE: {
      description: 'The user holds it through a role; a level, through the role’s permission `controllers.manage`.',
    },
    MEMBERSHIP: {
      description:
        'The user holds it as a member of the organization; a level, through its base permission `controllers.manage`.',
    },
    CONTROLLER: { description: 'The user holds it as SUPERUSER on the model’s controller.' },
    MODEL: { description: 'The user holds it through a level on one of the controller’s models.' },
    SELF: { description: 'The object is the user’s own.' },
  },
})
