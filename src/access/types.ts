/** What `checkAccess` answers with. */

import { builder } from '../graphql/builder.ts'
import { AccessVia, ControllerAccess, ModelAccess } from '../graphql/enums.ts'
import { NeedType } from '../graphql/errors.ts'
import type { AccessAnswer } from './answer.ts'
import type { KeyLimit, Way } from './ways.ts'

const AccessWayCode = builder.enumType('AccessWayCode', {
  description: 'What one thing that is held does for the answer.',
  values: {
    ALLOWED: { description: 'It lets them.' },
    INACTIVE: { description: 'It would, but the user is suspended.' },
    KEY_TOO_NARROW: { description: 'Its user may, but none of the key’s limits lets it.' },
    LEVEL_TOO_LOW: { description: 'The level held is lower than the one asked for.' },
    ENDED: { description: 'It did, or will: it has ended, or not begun.' },
    WRONG_SCOPE: { description: 'It is held, but somewhere else.' },
  },
})

const AccessCode = builder.enumType('AccessCode', {
  description: 'The answer to a question about access, in one word.',
  values: {
    ALLOWED: { description: 'They may.' },
    NOT_HELD: { description: 'Nothing they hold allows it there.' },
    INACTIVE: { description: 'The user is suspended: whatever they hold does not count.' },
    HIDDEN: { description: 'Who would call the mutation does not see what it names: to them it is not there.' },
    NOT_FOUND: { description: 'What is asked about is hidden from the caller, or missing.' },
  },
})

const AccessKeyLimit = builder.objectRef<KeyLimit>('AccessKeyLimit').implement({
  description: 'A limit of a key: a role on a scope. What the caller may not see of it is null.',
  authScopes: { signedIn: true },
  fields: (t) => ({
    role: t.exposeString('role', { nullable: true, description: 'What it lets of what its user may.' }),
    organization: t.exposeString('organization', { nullable: true, description: 'In which organization.' }),
    project: t.exposeString('project', { nullable: true, description: 'On which project.' }),
    until: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'Until when it lets that: the end of what its role allows; null is none.',
      resolve: ({ until }) => until && new Date(until),
    }),
  }),
})

const AccessWayType = builder.objectRef<Way>('AccessWay').implement({
  description:
    'One thing that a user holds and that bears on the question: it lets them, or is one step away from it. What the caller may not see of it is null.',
  authScopes: { signedIn: true },
  fields: (t) => ({
    code: t.field({ type: AccessWayCode, nullable: false, description: 'What it does.', resolve: ({ code }) => code }),
    via: t.field({
      type: AccessVia,
      nullable: false,
      description: 'Through what it is held.',
      resolve: ({ via }) => via as never,
    }),
    grantedBy: t.exposeString('grantedBy', {
      nullable: true,
      description: 'The username of who granted it; null for the operator or whom one may not see.',
    }),
    role: t.exposeString('role', { nullable: true, description: 'The role that gives it.' }),
    organization: t.exposeString('organization', { nullable: true, description: 'Where it is held: in all of this.' }),
    project: t.exposeString('project', { nullable: true, description: 'Where it is held: on this project.' }),
    controller: t.exposeString('controller', { nullable: true, description: 'On which controller the level is.' }),
    model: t.exposeString('model', { nullable: true, description: 'On which model the level is.' }),
    throughModel: t.exposeString('throughModel', {
      nullable: true,
      description: 'Via MODEL: the model whose access gives LOGIN on its controller.',
    }),
    controllerAccess: t.field({
      type: ControllerAccess,
      nullable: true,
      description: 'The level held on the controller.',
      resolve: ({ model, level }) => (model === null ? level : null),
    }),
    modelAccess: t.field({
      type: ModelAccess,
      nullable: true,
      description: 'The level held on the model.',
      resolve: ({ model, level }) => (model === null ? null : level),
    }),
    keyLimits: t.field({
      type: [AccessKeyLimit],
      nullable: false,
      description: 'Which limits of the key let it; empty where the key has none.',
      resolve: ({ keyLimits }) => keyLimits,
    }),
    since: t.field({
      type: 'DateTime',
      nullable: false,
      description: 'Since when.',
      resolve: ({ since }) => new Date(since),
    }),
    until: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'Until when: the earliest end of anything it rests on; null is none.',
      resolve: ({ until }) => until && new Date(until),
    }),
  }),
})

export const AccessAnswerType = builder.objectRef<AccessAnswer>('AccessAnswer').implement({
  description: 'The answer to one question.',
  authScopes: { signedIn: true },
  fields: (t) => ({
    allowed: t.boolean({ nullable: false, description: 'May they?', resolve: ({ code }) => code === 'ALLOWED' }),
    code: t.field({ type: AccessCode, nullable: false, description: 'Why.', resolve: ({ code }) => code }),
    ways: t.field({
      type: [AccessWayType],
      nullable: false,
      description:
        'Why, in full: everything that lets them, each by itself enough; or else everything that is one step away. At most 100: the nearest first, and of those the longest lasting. Of a mutation: the ways of all that its rule demands.',
      resolve: ({ ways }) => ways,
    }),
    needs: t.field({
      type: [NeedType],
      nullable: false,
      description:
        'Where they may not: what is missing. Of a mutation, what would have been enough, or what it would give that they do not hold themselves.',
      resolve: ({ needs }) => needs,
    }),
    grantors: t.exposeStringList('grantors', {
      nullable: false,
      description:
        'Where they may not: who could give them what is missing, by username; at most 20 that the caller may see. Empty for the past, and for a key with limits, which nobody can widen.',
    }),
  }),
})
