import type { GraphQLObjectType, GraphQLResolveInfo } from 'graphql'
import { nameAlternatives } from '../access/places.ts'
import { AccessVia, ControllerAccess, ModelAccess } from '../access/types.ts'
import { permissionProblem } from '../auth/permissions.ts'
import { builder, forbidden } from '../builder.ts'
import type { Context } from '../context.ts'
import { NeedType } from '../error-types.ts'
import { ForbiddenError } from '../errors.ts'
import { refuseSpelledOut } from '../http/secret-argument.ts'
import { declared } from '../mutation.ts'
import { selectedFields } from '../read/collect.ts'
import { badUserInput } from '../read/errors.ts'
import { textProblems } from '../validate.ts'
import { type AccessAnswer, answerQuestions } from './answer.ts'
import { CheckAccessInput, type MutationQuestion, type Question } from './questions.ts'
import type { Subject } from './subject.ts'
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

const AccessAnswerType = builder.objectRef<AccessAnswer>('AccessAnswer').implement({
  description: 'The answer to one question.',
  authScopes: { signedIn: true },
  fields: (t) => ({
    allowed: t.boolean({ nullable: false, description: 'May they?', resolve: ({ code }) => code === 'ALLOWED' }),
    code: t.field({ type: AccessCode, nullable: false, description: 'Why.', resolve: ({ code }) => code }),
    ways: t.field({
      type: [AccessWayType],
      nullable: false,
      description:
        'Why, in full: everything that lets them, each by itself enough; or else everything that is one step away. At most 100, the longest lasting first. Of a mutation: the ways of all that its rule demands.',
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

const MAX_QUESTIONS = 100

builder.queryField('checkAccess', (t) =>
  t.field({
    type: [AccessAnswerType],
    nullable: { list: true, items: false },
    description:
      'May a user, a key, or the caller do these things? Answers in the order asked, decided by what also refuses. Null where the user or key is hidden or missing, or the key does not work. Who may: any caller about themselves; holders of `access.check` over the user’s organization about others.',
    authScopes: { signedIn: true },
    args: { input: t.arg({ type: CheckAccessInput, required: true, description: 'About whom, and what.' }) },
    async resolve(_root, { input }, ctx, info) {
      const { user = null, apiKey = null, at = null, questions } = input
      if (apiKey !== null) refuseSpelledOut(ctx, info, 'input', 'apiKey')
      const subject = subjectOf(ctx, user, apiKey)
      refuseNullBytes(input, 'input')
      refuseBadQuestions(questions)
      refuseBadTime(at, apiKey, questions)
      if (ctx.caller === null || subject === null) return null
      try {
        const wantsGrantors = asksForGrantors(info)
        return await answerQuestions(ctx, info.schema, { caller: ctx.caller, subject, questions, at, wantsGrantors })
      } catch (error) {
        if (!(error instanceof ForbiddenError)) throw error
        const { code, missing, target = null } = error
        ctx.refusals.push({ action: info.fieldName, code, missing, target })
        const needs = await nameAlternatives(ctx.services.database.db, ctx.caller, info.schema, error.needs)
        throw forbidden(info.fieldName, missing, needs)
      }
    },
  }),
)

/** Null for the operator, who is no user, about themselves. */
function subjectOf({ caller }: Context, user: string | null, apiKey: string | null): Subject | null {
  if (user !== null && apiKey !== null) throw badUserInput('"input" takes a "user" or an "apiKey", not both.')
  if (user !== null) return { username: user }
  if (apiKey !== null) return { apiKey }
  return caller?.userId ? { caller } : null
}

/** The database has no null byte in text. @throws BAD_USER_INPUT naming the text */
function refuseNullBytes(value: unknown, path: string) {
  if (typeof value === 'string' && value.includes('\0')) throw badUserInput(`"${path}" holds a null byte.`)
  if (typeof value !== 'object' || value === null) return
  for (const [name, inner] of Object.entries(value)) refuseNullBytes(inner, `${path}.${name}`)
}

/** @throws BAD_USER_INPUT naming the question */
function refuseBadQuestions(questions: Question[]) {
  if (questions.length === 0 || questions.length > MAX_QUESTIONS) {
    throw badUserInput(`"input.questions" takes 1 to ${MAX_QUESTIONS} questions, not ${questions.length}.`)
  }
  for (const [index, { permission, mutation }] of questions.entries()) {
    if (mutation) refuseBadMutation(mutation, `input.questions.${index}.mutation`)
    if (!permission) continue
    const path = `input.questions.${index}.permission`
    const problem = permissionProblem(permission.permission)
    if (problem) throw badUserInput(`"${path}.permission": ${problem}`)
    const places = [permission.project, permission.organization, permission.everywhere || null]
    if (places.filter((place) => (place ?? null) !== null).length !== 1) {
      throw badUserInput(`"${path}" says where by exactly one of "project", "organization" and "everywhere: true".`)
    }
  }
}

/** Only what could not even be looked up; the rest of the input is not decided on. @throws BAD_USER_INPUT */
function refuseBadMutation(mutation: MutationQuestion, path: string) {
  for (const [name, input] of Object.entries(mutation)) {
    const [problem] = textProblems(input, declared.get(name)?.plan.longTexts ?? [])
    if (problem) throw badUserInput(`"${path}.${name}.${problem.path}": ${problem.message}`)
  }
}

function asksForGrantors(info: GraphQLResolveInfo): boolean {
  const selected = selectedFields(info.schema.getType('AccessAnswer') as GraphQLObjectType, info)
  return [...selected.values()].some(([node]) => node?.name.value === 'grantors')
}

/** The last seconds are still being written: what is committed now may have begun then. */
const PAST_FROM_MS = 10_000

/** @throws BAD_USER_INPUT naming the time */
function refuseBadTime(at: Date | null, apiKey: string | null, questions: Question[]) {
  if (at === null) return
  if (questions.some(({ mutation }) => mutation)) throw badUserInput('"input.at" does not go with mutations.')
  if (apiKey !== null) throw badUserInput('"input.at" goes with a user: what a key let in the past is not kept.')
  if (at.getTime() > Date.now() - PAST_FROM_MS) throw badUserInput('"input.at" must be at least 10 seconds ago.')
}
