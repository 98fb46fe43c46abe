import { type SQL, sql } from 'drizzle-orm'
import { builder } from '../builder.ts'

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
