/** The types of the answers of `checkAccess`. */

import { levelName } from '../authority/levels.ts'
import { builder } from '../graphql/builder.ts'
import { AccessLevel, AccessVia, ScopeKind } from '../graphql/enums.ts'
import { MissingAlternativeType } from '../graphql/errors.ts'
import { shapeAlternatives } from '../graphql/refusals.ts'
import type { AccessAnswer } from './answer.ts'
import type { KeyLimit, Way } from './ways.ts'

const AccessWayCode = builder.enumType('AccessWayCode', {
  description: 'How one thing that is held affects the answer.',
  values: {
    ALLOWED: { description: 'It allows what is asked.' },
    INACTIVE: { description: 'It would allow it, but the user is suspended.' },
    KEY_TOO_NARROW: { description: 'It allows it for the user, but no limit of the key allows it.' },
    LEVEL_TOO_LOW: { description: 'The level held is lower than the level asked for.' },
    ENDED: { description: 'It allows it at another time: it has ended or not begun.' },
    WRONG_SCOPE: { description: 'It is held, but on another scope.' },
  },
})

const AccessCode = builder.enumType('AccessCode', {
  description: 'The result of a question about access.',
  values: {
    ALLOWED: { description: 'The subject may do it.' },
    NOT_HELD: { description: 'Nothing the subject holds allows it on this scope or resource.' },
    INACTIVE: { description: 'The user is suspended: nothing they hold counts.' },
    HIDDEN: { description: 'The subject can’t see what the mutation names: for the subject it does not exist.' },
    NOT_FOUND: { description: 'What is asked about is hidden from the caller, or does not exist.' },
  },
})

const AccessKeyLimit = builder.objectRef<KeyLimit>('AccessKeyLimit').implement({
  description: 'A limit of a key: a role on a scope. Parts that the caller may not see are null.',
  authScopes: { signedIn: true },
  fields: (t) => ({
    role: t.exposeString('role', {
      nullable: true,
      description: 'The role whose permissions the limit allows, as far as the user holds them.',
    }),
    organization: t.exposeString('organization', {
      nullable: true,
      description: 'The organization in which the limit allows it.',
    }),
    project: t.exposeString('project', { nullable: true, description: 'The project on which the limit allows it.' }),
    scope: t.field({
      type: ScopeKind,
      nullable: false,
      description: 'The kind of scope on which the limit allows it, whether its name is visible or not.',
      resolve: ({ scope }) => scope,
    }),
    expiresAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'The end of what its role allows; null where there is none.',
      resolve: ({ until }) => until && new Date(until),
    }),
  }),
})

const AccessWayType = builder.objectRef<Way>('AccessWay').implement({
  description:
    'One thing that a user holds and that matters for the question: it allows what is asked, or is one step away from allowing it. Parts that the caller may not see are null.',
  authScopes: { signedIn: true },
  fields: (t) => ({
    code: t.field({
      type: AccessWayCode,
      nullable: false,
      description: 'How it affects the answer.',
      resolve: ({ code }) => code,
    }),
    via: t.field({
      type: AccessVia,
      nullable: false,
      description: 'The source through which it is held.',
      resolve: ({ via }) => via,
    }),
    grantedBy: t.exposeString('grantedBy', {
      nullable: true,
      description:
        'The username of the user who granted it; null for the operator, or where the caller may not see that user.',
    }),
    role: t.exposeString('role', {
      nullable: true,
      description: 'The role that grants it; null where it is held without a role.',
    }),
    organization: t.exposeString('organization', {
      nullable: true,
      description: 'The organization in which it is held.',
    }),
    project: t.exposeString('project', { nullable: true, description: 'The project on which it is held.' }),
    scope: t.field({
      type: ScopeKind,
      nullable: true,
      description: 'The kind of scope on which it is held, whether its name is visible or not; null for a level.',
      resolve: ({ scope }) => scope,
    }),
    controller: t.exposeString('controller', { nullable: true, description: 'The controller that the level is on.' }),
    model: t.exposeString('model', { nullable: true, description: 'The model that the level is on.' }),
    throughModel: t.exposeString('throughModel', {
      nullable: true,
      description: 'The model whose access includes LOGIN on its controller, where `via` is MODEL.',
    }),
    level: t.field({
      type: AccessLevel,
      nullable: true,
      description: 'The level held on the model, or else on the controller; null for a permission.',
      resolve: ({ model, level }) => level && levelName(model !== null, level),
    }),
    keyLimits: t.field({
      type: [AccessKeyLimit],
      nullable: false,
      description: 'The limits of the key that allow it; empty where the key has no limits.',
      resolve: ({ keyLimits }) => keyLimits,
    }),
    since: t.field({
      type: 'DateTime',
      nullable: false,
      description: 'The time since which it is held.',
      resolve: ({ since }) => new Date(since),
    }),
    expiresAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'The earliest end of anything it depends on; null where there is none.',
      resolve: ({ until }) => until && new Date(until),
    }),
  }),
})

export const AccessAnswerType = builder.objectRef<AccessAnswer>('AccessAnswer').implement({
  description: 'The answer to one question about access.',
  authScopes: { signedIn: true },
  fields: (t) => ({
    isAllowed: t.boolean({
      nullable: false,
      description: 'Whether the subject may do it.',
      resolve: ({ code }) => code === 'ALLOWED',
    }),
    code: t.field({
      type: AccessCode,
      nullable: false,
      description: 'The result, which includes the reason where it is not allowed.',
      resolve: ({ code }) => code,
    }),
    ways: t.field({
      type: [AccessWayType],
      nullable: false,
      description:
        'The reasons in full: everything that allows it, each sufficient by itself; otherwise everything that is one step away from allowing it. At most 100 items: the nearest first, and of those the longest lasting first. For a mutation: the ways of everything that its rule requires.',
      resolve: ({ ways }) => ways,
    }),
    missing: t.field({
      type: [MissingAlternativeType],
      nullable: false,
      description:
        'The missing requirements, where the subject may not do it. For a mutation: what would be sufficient, or what it would grant that the subject does not hold themselves.',
      resolve: ({ missing }) => shapeAlternatives(missing),
    }),
    grantors: t.exposeStringList('grantors', {
      nullable: false,
      description:
        'The usernames of users that could grant what is missing, where the subject may not do it: at most 20 that the caller may see. Empty for a time in the past, and for a key with limits, which nobody can widen.',
    }),
  }),
})
