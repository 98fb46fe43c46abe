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

const scopeFields = {
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

/** The problems of role items that can be found without a lookup. */
export function roleIssues(path: string, items: readonly RoleInput[] | null | undefined): Issue[] {
  return (items ?? []).flatMap((item, index) => {
    const at = `${path}.${index}`
    const places = [item.project, item.organization, item.everywhere || null].filter(
      (place) => (place ?? null) !== null,
    )
    const where = { path: at, message: 'Say where: exactly one of "project", "organization" and "everywhere: true".' }
    const ends = [
      ...expiryIssues(`${at}.expiresAt`, item.expiresAt),
      ...nullIssues(`${at}.`, { expiresAt: item.expiresAt }),
    ]
    return [...(places.length === 1 ? [] : [where]), ...ends]
  })
}
