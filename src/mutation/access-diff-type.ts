import { levelName } from '../authority/levels.ts'
import { MANY_WORDS } from '../authority/permissions.ts'
import { builder } from '../graphql/builder.ts'
import { AccessLevel, ScopeKind } from '../graphql/enums.ts'
import type { AccessDiff, DiffItem } from './access-diff.ts'

const AccessDiffKind = builder.enumType('AccessDiffKind', {
  description: 'The way in which access would change.',
  values: {
    GAINED: { description: 'The user would hold it and does not hold it now.' },
    LOST: { description: 'The user would no longer hold it.' },
    LONGER: { description: 'The user would hold it for longer than now.' },
    SHORTER: { description: 'The user would hold it for a shorter time than now.' },
  },
})

const AccessDiffItem = builder.objectRef<DiffItem>('AccessDiffItem').implement({
  description: 'One permission or level that a user would gain or lose. A name that the caller may not see is null.',
  authScopes: { signedIn: true },
  fields: (t) => ({
    kind: t.field({
      type: AccessDiffKind,
      nullable: false,
      description: 'The way in which the user’s access would change.',
      resolve: ({ kind }) => kind,
    }),
    username: t.exposeString('username', {
      nullable: false,
      description: 'The name of the user whose access would change.',
    }),
    permission: t.string({
      nullable: true,
      description: 'The permission, or a text like `every permission` for a wildcard; null for a level.',
      resolve: ({ permission }) => permission && (MANY_WORDS[permission] ?? permission),
    }),
    scope: t.field({
      type: ScopeKind,
      nullable: true,
      description: 'The kind of scope in which the permission is held; null for a level.',
      resolve: ({ scope }) => scope,
    }),
    organization: t.exposeString('organization', {
      nullable: true,
      description: 'The name of the organization; null where there is none or it is hidden.',
    }),
    project: t.exposeString('project', {
      nullable: true,
      description: 'The code of the project; null where there is none or it is hidden.',
    }),
    controller: t.exposeString('controller', {
      nullable: true,
      description:
        'The name of the controller, or of the model’s controller; null where there is none or it is hidden.',
    }),
    model: t.exposeString('model', {
      nullable: true,
      description: 'The name of the model; null where there is none or it is hidden.',
    }),
    level: t.field({
      type: AccessLevel,
      nullable: true,
      description: 'The level on the model, or else on the controller; null for a permission.',
      resolve: ({ isOnModel, level }) => level && levelName(isOnModel, level),
    }),
    expiresAt: t.field({
      type: 'DateTime',
      nullable: true,
      description:
        'When it would end; for something lost, when it would have ended. It is null where there is no planned end.',
      resolve: ({ until }) => until && new Date(until),
    }),
  }),
})

export const AccessDiffType = builder.objectRef<AccessDiff>('AccessDiff').implement({
  description: 'The changes in access that a mutation would make, as far as the caller may see them.',
  authScopes: { signedIn: true },
  fields: (t) => ({
    gained: t.exposeInt('gained', {
      nullable: false,
      description: 'How many permissions and levels would be gained, or be held longer.',
    }),
    lost: t.exposeInt('lost', {
      nullable: false,
      description: 'How many permissions and levels would be lost, or end sooner.',
    }),
    items: t.field({
      type: [AccessDiffItem],
      nullable: false,
      description: 'The first 100 changes, ordered by username.',
      resolve: ({ items }) => items,
    }),
  }),
})
