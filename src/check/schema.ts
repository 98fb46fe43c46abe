import {
  type GraphQLInputObjectType,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  getNamedType,
} from 'graphql'
import { nameAlternatives } from '../access/places.ts'
import { permissionProblem } from '../auth/permissions.ts'
import { builder, forbidden } from '../builder.ts'
import type { Context } from '../context.ts'
import { ForbiddenError } from '../errors.ts'
import { refuseSpelledOut } from '../http/secret-argument.ts'
import { declared } from '../mutation.ts'
import { selectedFields } from '../read/collect.ts'
import { badUserInput } from '../read/errors.ts'
import { textProblems } from '../validate.ts'
import { answerQuestions } from './answer.ts'
import { CheckAccessInput, type MutationQuestion, type Question } from './questions.ts'
import type { Subject } from './subject.ts'
import { AccessAnswerType } from './types.ts'

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
      if (holdsSecret(questions, info.schema)) refuseSpelledOut(ctx, info, 'input', 'questions')
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

/** Is a password among the inputs of the mutations asked about? */
function holdsSecret(questions: Question[], schema: GraphQLSchema): boolean {
  return questions.some(({ mutation }) =>
    Object.entries(mutation ?? {}).some(([name, input]) => {
      const type = schema
        .getMutationType()
        ?.getFields()
        [name]?.args.find((arg) => arg.name === 'input')?.type
      const fields = (getNamedType(type) as GraphQLInputObjectType | undefined)?.getFields() ?? {}
      return Object.entries(input ?? {}).some(([key, value]) => value !== null && fields[key]?.extensions.isSecret)
    }),
  )
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
