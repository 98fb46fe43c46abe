import type { Issue } from '../../errors.ts'
import { builder } from '../../graphql/builder.ts'
import { expiryIssues, nullIssues } from '../../graphql/input-checks.ts'

/** A role on a scope, as given in the input. Exactly one of project, organization and everywhere names the scope. */
export interface RoleInput {
  role: string
  project?: string | null
  organization?: string | null
  everywhere?: boolean | null
  expiresAt?: Date | null
}

export const scopeFields = {
  project: 'The code or id of the project that is the scope.',
  organization: 'The name or id of the organization that is the scope.',
  everywhere: 'True where the scope is everywhere. An omitted scope never means everywhere.',
}

export const RoleGrantInput = builder.inputRef<RoleInput>('RoleGrantInput').implement({
  description:
    'A role and the scope on which it is to be held: exactly one of `project`, `organization` and `everywhere`.',
  fields: (t) => ({
    role: t.string({ required: true, description: 'The name or id of the role.' }),
    project: t.string({ description: scopeFields.project }),
    organization: t.string({ description: scopeFields.organization }),
    everywhere: t.boolean({ description: scopeFields.everywhere }),
    expiresAt: t.field({ type: 'DateTime', description: 'The planned end of the grant; none by default.' }),
  }),
})

export const RoleScopeInput = builder.inputRef<Omit<RoleInput, 'expiresAt'>>('RoleScopeInput').implement({
  description: 'A role and the scope on which it is held: exactly one of `project`, `organization` and `everywhere`.',
  fields: (t) => ({
    role: t.string({ required: true, description: 'The name or id of the role.' }),
    project: t.string({ description: scopeFields.project }),
    organization: t.string({ description: scopeFields.organization }),
    everywhere: t.boolean({ description: scopeFields.everywhere }),
  }),
})

/** A role that is to be held until a planned end, on a scope that is named beside it. */
export const RoleUntilInput = builder.inputRef<{ role: string; expiresAt?: Date | null }>('RoleUntilInput').implement({
  description: 'A role that is to be held, with its planned end.',
  fields: (t) => ({
    role: t.string({ required: true, description: 'The name or id of the role.' }),
    expiresAt: t.field({ type: 'DateTime', description: 'The planned end of the grant; none by default.' }),
  }),
})

/** The problems of role items that can be found without a lookup. */
export function roleIssues(path: string, items: readonly RoleInput[] | null | undefined): Issue[] {
  return (items ?? []).flatMap((item, index) => {
    const at = `${path}.${index}`
    return [...scopeIssues(at, item), ...endIssues(at, item)]
  })
}

/** Checks that exactly one scope is named. */
export function scopeIssues(path: string, { project, organization, everywhere }: Omit<RoleInput, 'role'>): Issue[] {
  const places = [project, organization, everywhere || null].filter((place) => (place ?? null) !== null)
  if (places.length === 1) return []
  return [{ path, message: 'Say where: exactly one of "project", "organization" and "everywhere: true".' }]
}

/** Checks the planned end of an item. */
export function endIssues(path: string, { expiresAt }: { expiresAt?: Date | null }): Issue[] {
  return [...expiryIssues(`${path}.expiresAt`, expiresAt), ...nullIssues(`${path}.`, { expiresAt })]
}
