import { type SQL, sql } from 'drizzle-orm'
import { builder } from './builder.ts'

/** Where something is held, in one word: a scope that is hidden must not read as everywhere. */
export const ScopeKind = builder.enumType('ScopeKind', {
  description: 'How wide something is held.',
  values: {
    EVERYWHERE: { description: 'In the whole server.' },
    ORGANIZATION: { description: 'In one organization, and on all its projects.' },
    PROJECT: { description: 'On one project.' },
  },
})

/** The kind of scope that two columns name. */
export function scopeKindSql(row: { organizationId: unknown; projectId: unknown }): SQL {
  return sql`case when ${row.projectId} is not null then 'PROJECT' when ${row.organizationId} is not null then 'ORGANIZATION' else 'EVERYWHERE' end`
}

/** Levels are kept in SQL as their place in the ladder; these are their names. */
export const ControllerAccess = builder.enumType('ControllerAccess', {
  description: 'A level on a controller; a higher one implies the lower.',
  values: {
    LOGIN: { value: 1, description: 'Know the controller. Any access to one of its models implies it.' },
    ADD_MODEL: { value: 2, description: 'Add models, and administer those one added.' },
    SUPERUSER: { value: 3, description: 'Administer it and all its models, later ones too.' },
  },
})

export const ModelAccess = builder.enumType('ModelAccess', {
  description: 'A level on a model; a higher one implies the lower.',
  values: {
    READ: { value: 1, description: 'Look at the model.' },
    WRITE: { value: 2, description: 'Change what is in it.' },
    ADMIN: { value: 3, description: 'Say who has access to it.' },
  },
})

export const AccessVia = builder.enumType('AccessVia', {
  description: 'Through what something is held.',
  values: {
    GRANT: { description: 'By a grant on the very thing.' },
    ROLE: { description: 'Through a role; a level, through its `controllers.manage`.' },
    MEMBERSHIP: { description: 'As a member of the organization; a level, by its `controllers.manage`.' },
    CONTROLLER: { description: 'As SUPERUSER on the model’s controller.' },
    MODEL: { description: 'By access to one of the controller’s models.' },
    SELF: { description: 'It is their own.' },
  },
})
