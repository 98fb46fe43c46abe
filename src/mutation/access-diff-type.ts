import { MANY_WORDS } from '../authority/permissions.ts'
import { builder } from '../graphql/builder.ts'
import { ControllerAccess, ModelAccess, ScopeKind } from '../graphql/enums.ts'
import type { AccessDiff, DiffItem } from './access-diff.ts'

const AccessDiffKind = builder.enumType('AccessDiffKind', {
  description: 'How access would change.',
  values: {
    GAINED: { description: 'It would be held.' },
    LOST: { description: 'It would be held no more.' },
    LONGER: { description: 'It would be held for longer than it is.' },
    SHORTER: { description: 'It would end sooner than it does.' },
  },
})

const AccessDiffItem = builder.objectRef<DiffItem>('AccessDiffItem').implement({
  description: 'One thing that somebody would gain or lose. What the caller may not see of it is null.',
  authScopes: { signedIn: true },
  fields: (t) => ({
    kind: t.field({ type: AccessDiffKind, nullable: false, description: 'How.', resolve: ({ kind }) => kind }),
    username: t.exposeString('username', { nullable: false, description: 'Who.' }),
    permission: t.string({
      nullable: true,
      description: 'The permission, or that it is every one; null for a level.',
      resolve: ({ permission }) => permission && (MANY_WORDS[permission] ?? permission),
    }),
    scope: t.field({
      type: ScopeKind,
      nullable: true,
      description: 'How wide the permission is held; null for a level.',
      resolve: ({ scope }) => scope as never,
    }),
    organization: t.exposeString('organization', { nullable: true, description: 'In which organization.' }),
    project: t.exposeString('project', { nullable: true, description: 'On which project.' }),
    controller: t.exposeString('controller', { nullable: true, description: 'On which controller, or the model’s.' }),
    model: t.exposeString('model', { nullable: true, description: 'On which model.' }),
    controllerAccess: t.field({
      type: ControllerAccess,
      nullable: true,
      description: 'The level on the controller.',
      resolve: ({ isOnModel, level }) => (isOnModel ? null : level),
    }),
    modelAccess: t.field({
      type: ModelAccess,
      nullable: true,
      description: 'The level on the model.',
      resolve: ({ isOnModel, level }) => (isOnModel ? level : null),
    }),
    until: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'Until when it would be held, or was; null is no end.',
      resolve: ({ until }) => until && new Date(until),
    }),
  }),
})

export const AccessDiffType = builder.objectRef<AccessDiff>('AccessDiff').implement({
  description: 'The difference in access that a dry run would make, as far as the caller may know of it.',
  authScopes: { signedIn: true },
  fields: (t) => ({
    gained: t.exposeInt('gained', {
      nullable: false,
      description: 'How many things would be gained, or be held longer.',
    }),
    lost: t.exposeInt('lost', { nullable: false, description: 'How many would be lost, or end sooner.' }),
    items: t.field({
      type: [AccessDiffItem],
      nullable: false,
      description: 'The first 100 of them, by username.',
      resolve: ({ items }) => items,
    }),
  }),
})
