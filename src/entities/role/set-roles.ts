/** Sets the roles of a user on one scope: what is not named is revoked, in the same transaction. */
import { grantedByRoles, type RoleItem } from '../../authority/guard.ts'
import { ADMINISTRATOR } from '../../authority/permissions.ts'
import { lasts } from '../../db/history.ts'
import { ConflictError } from '../../errors.ts'
import { mutation } from '../../mutation/declare.ts'
import { type Finder, readOnceLocked } from '../../mutation/lookup.ts'
import { target } from '../audit/targets.ts'
import { findUser } from '../user/lookup.ts'
import { isRoot } from '../user/operations.ts'
import { User } from '../user/type.ts'
import { endIssues, RoleUntilInput, scopeFields, scopeIssues } from './inputs.ts'
import { describeRoles, findRole, findScope, roleOnScope } from './lookup.ts'
import { isHeldAlready, readRolesOn, replaceRoles } from './operations.ts'

interface SetRolesInput {
  user: string
  project?: string | null
  organization?: string | null
  everywhere?: boolean | null
  roles: readonly { role: string; expiresAt?: Date | null }[]
}

/** Finds the user, the scope, the roles on it that are wanted, and those that are held. @throws NotFoundError */
async function findWanted(finder: Finder, { user: username, roles, ...place }: SetRolesInput) {
  const [user, scope, found] = await Promise.all([
    findUser(finder, username, 'user'),
    findScope(finder, '', place),
    Promise.all(roles.map(({ role }, index) => findRole(finder, role, `roles.${index}.role`))),
  ])
  const wanted = (role: (typeof found)[number], index: number) => ({
    ...roleOnScope(`roles.${index}`, role.locked(), scope.locked()),
    expiresAt: roles[index]?.expiresAt?.toISOString() ?? null,
  })
  const items = { locked: () => found.map(wanted) }
  const held = readOnceLocked(finder, () => readRolesOn(finder.tx, user.id, scope.locked().scope))
  return { user, scope, items, held }
}

/** The time as the audit records it. */
function isoTime({ expiresAt }: RoleItem): string | null {
  return expiresAt && new Date(expiresAt).toISOString()
}

/** Whether a role ends that nothing of this keeps at least as long. */
function isLost(grant: RoleItem, items: RoleItem[]): boolean {
  return !items.some((item) => item.roleId === grant.roleId && lasts(item, grant))
}

mutation({
  name: 'setRoles',
  description:
    'Lets a user hold exactly these roles on one scope: what is missing is granted, what is held beside them is revoked, and a planned end becomes the given one, also an earlier one. All of it happens, or none. What the user holds on other scopes stays as it is.',
  input: (t) => ({
    user: t.string({ required: true, description: 'The username or id of the user.' }),
    project: t.string({ description: scopeFields.project }),
    organization: t.string({ description: scopeFields.organization }),
    everywhere: t.boolean({ description: scopeFields.everywhere }),
    roles: t.field({
      type: [RoleUntilInput],
      required: true,
      description: 'The roles that the user holds on the scope from now on; an empty list revokes all of them.',
    }),
  }),
  payload: (p) => ({
    user: p.loadedIfAny(User, 'The user after the change; null where the caller may not see them any more.'),
    changed: p.boolean('False where the user held exactly these already.'),
  }),
  check: (input) => [
    ...scopeIssues('everywhere', input),
    ...input.roles.flatMap((item, index) => endIssues(`roles.${index}`, item)),
  ],
  find: (finder, input) => findWanted(finder, input),
  target: ({ user }) => target('User', user),
  may: (by) =>
    by.notAgainstAdministrator(
      by.permission('roles.grant', 'on the scope', (refs) => refs.scope.scope),
      (refs) => refs.user,
    ),
  grants: ({ refs: { items, held } }) => grantedByRoles(items.filter((item) => !isHeldAlready(held, item))),
  endangersAdministration: true,
  errors: ['CONFLICT'],
  async run({ tx, caller, refs: { user, scope, items, held } }) {
    const { ended, begun } = await replaceRoles(tx, caller, user.id, { held, wanted: items })
    if (isRoot(user) && ended.some((grant) => grant.roleId === ADMINISTRATOR.id && isLost(grant, items)))
      throw new ConflictError('root is never demoted.')
    const changed = ended.length + begun.length > 0
    const sides = {
      before: {
        roles: describeRoles(ended.map((grant) => ({ ...grant, expiresAt: isoTime(grant), scope: scope.name }))),
      },
      after: { roles: describeRoles(begun) },
    }
    return { values: { user: user.id, changed }, change: changed ? sides : null }
  },
})
