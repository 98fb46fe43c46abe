/** The types of audit target, each with its id prefix, its table and the column that contains its name. */
export const TARGETS = {
  User: { prefix: 'user', table: 'users', label: 'username' },
  ApiKey: { prefix: 'key', table: 'api_keys', label: 'label' },
  Organization: { prefix: 'organization', table: 'organizations', label: 'name' },
  Project: { prefix: 'project', table: 'projects', label: 'code' },
  Role: { prefix: 'role', table: 'roles', label: 'name' },
  Controller: { prefix: 'controller', table: 'controllers', label: 'name' },
  Model: { prefix: 'model', table: 'models', label: 'name' },
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

/** The names that mutations give to the rows they find. The row with the first of these names is the target. */
const REFERENCES: [string, TargetType][] = [
  ['key', 'ApiKey'],
  ['credential', 'Credential'],
  ['user', 'User'],
  ['existing', 'User'],
  ['role', 'Role'],
  ['project', 'Project'],
  ['model', 'Model'],
  ['controller', 'Controller'],
  ['organization', 'Organization'],
]

interface Found {
  id: string
  organizationId?: string | null
}

/** Returns the target of a mutation that found these rows, or null where it found none. */
export function targetOf(refs: unknown) {
  const found = refs as Record<string, Found | null | undefined>
  for (const [name, targetType] of REFERENCES) {
    const thing = found[name]
    if (!thing?.id) continue
    const home = targetType === 'Organization' ? thing.id : (thing.organizationId ?? null)
    return { targetType, targetId: thing.id, organizationId: home ?? found.user?.organizationId ?? null }
  }
  return null
}
