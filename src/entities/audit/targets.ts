import { type SQL, sql } from 'drizzle-orm'
import type { Target } from '../../errors.ts'

/** The types of audit target, each with its id prefix, its table and the column that contains its name. */
export const TARGETS = {
  User: { prefix: 'user', table: 'users', label: 'username' },
  ApiKey: { prefix: 'key', table: 'api_keys', label: 'label' },
  Organization: { prefix: 'organization', table: 'organizations', label: 'name' },
  Project: { prefix: 'project', table: 'projects', label: 'code' },
  Role: { prefix: 'role', table: 'roles', label: 'name' },
  Controller: { prefix: 'controller', table: 'controllers', label: 'name' },
  Model: { prefix: 'model', table: 'models', label: 'name' },
  Webhook: { prefix: 'webhook', table: 'webhooks', label: 'url' },
  Session: { prefix: 'session', table: null, label: null },
  Credential: { prefix: 'credential', table: 'credentials', label: 'name' },
  Server: { prefix: 'server', table: null, label: null },
} as const

/** The server as a target, for a change that has no more specific target. */
export const SERVER = {
  targetType: 'Server',
  targetId: '00000000-0000-0000-0000-000000000000',
  organizationId: null,
} as const

export type TargetType = keyof typeof TARGETS

/** Names a row as the target of a change or a refusal. */
export function target(targetType: TargetType, row: TargetRow): Target & { targetType: TargetType } {
  const { id, organizationId = null } = row
  const { label } = TARGETS[targetType]
  const name = label === null ? undefined : row[label]
  return {
    targetType,
    targetId: id,
    organizationId: targetType === 'Organization' ? id : organizationId,
    ...(name !== undefined && { targetName: name }),
  }
}

/** A row with its name, under whatever column it has; the name is omitted where the row was just made. */
interface TargetRow {
  id: string
  /** It is omitted for an organization. */
  organizationId?: string | null
  username?: string
  label?: string
  name?: string
  code?: string
  url?: string
}

/** SQL for the current name of a target, or for its last name where it was deleted. */
export function targetNameOf(targetType: SQL, targetId: SQL): SQL<string> {
  const cases = Object.entries(TARGETS).flatMap(([name, { table, label }]) =>
    table === null
      ? []
      : [
          sql`when ${sql`${name}`.inlineParams()} then (select x.${sql.identifier(label)} from ${sql.identifier(table)} as x where x.id = ${targetId})`,
        ],
  )
  return sql<string>`case ${targetType} ${sql.join(cases, sql` `)} end`
}
