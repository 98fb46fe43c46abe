/** The checks of questions before they are answered. */
import { type GraphQLResolveInfo, type GraphQLSchema, getNamedType, isInputObjectType } from 'graphql'
import { permissionProblem } from '../authority/permissions.ts'
import type { Context } from '../graphql/context.ts'
import { textProblems } from '../graphql/input-checks.ts'
import { refuseSpelledOut } from '../graphql/secret-argument.ts'
import { askableMutations } from '../mutation/declare.ts'
import { settledTime } from '../read/connection.ts'
import { badUserInput } from '../read/errors.ts'
import type { MutationQuestion, Question } from './questions.ts'

interface Input {
  apiKey?: string | null
  at?: Date | null
  questions: Question[]
}

/** @throws BAD_USER_INPUT that names the problem */
export function refuseBadInput(ctx: Context, info: GraphQLResolveInfo, input: Input) {
  refuseBadQuestions(input)
  refuseTooMuch(ctx, input.questions)
  if (holdsSecret(input.questions, info.schema)) refuseSpelledOut(ctx, info, 'input', 'questions')
  refuseBadTime(input)
}

/** The database can't store a null byte in text. */
function refuseNullBytesIn(value: unknown, path: string) {
  if (typeof value === 'string' && value.includes('\0')) throw badUserInput(`"${path}" holds a null byte.`)
  if (typeof value !== 'object' || value === null) return
  for (const [name, inner] of Object.entries(value)) refuseNullBytesIn(inner, `${path}.${name}`)
}

/** A null byte in JSON. */
const NULL_BYTE = String.raw`\u0000`

const MAX_QUESTIONS = 100

/** @throws BAD_USER_INPUT that names the problem */
export function refuseBadQuestions(input: { user?: string | null; questions: Question[] }) {
  if (JSON.stringify(input).includes(NULL_BYTE)) refuseNullBytesIn(input, 'input')
  const { questions } = input
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

/** Refuses only texts that can't be looked up. The rest of the input does not affect the answer. */
function refuseBadMutation(mutation: MutationQuestion, path: string) {
  for (const [name, input] of Object.entries(mutation)) {
    const [problem] = textProblems(input, askableMutations.get(name)?.plan.longTexts ?? [])
    if (problem) throw badUserInput(`"${path}.${name}.${problem.path}": ${problem.message}`)
  }
}

/** What each mutation names is looked up by itself, so mutations and their list items are limited per request. */
const MAX_LOOKUPS = 200

function refuseTooMuch(ctx: Context, questions: Question[]) {
  ctx.lookups += questions.reduce((sum, { mutation }) => sum + (mutation ? 1 + countItems(mutation) : 0), 0)
  if (ctx.lookups > MAX_LOOKUPS) {
    throw badUserInput(
      `"input.questions" asks about more than ${MAX_LOOKUPS} mutations and items of their lists in one request: ask in several.`,
    )
  }
}

function countItems(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  const below = Object.values(value).reduce((sum: number, inner) => sum + countItems(inner), 0)
  return Array.isArray(value) ? value.length + below : below
}

/** True where an input of a mutation asked about contains a secret. */
function holdsSecret(questions: Question[], schema: GraphQLSchema): boolean {
  const fields = schema.getMutationType()?.getFields() ?? {}
  const inputOf = (name: string) => fields[name]?.args.find((arg) => arg.name === 'input')?.type
  return questions.some(({ mutation }) =>
    Object.entries(mutation ?? {}).some(([name, input]) => holdsSecretOf(getNamedType(inputOf(name)), input)),
  )
}

function holdsSecretOf(type: unknown, value: unknown): boolean {
  if (Array.isArray(value)) return value.some((item) => holdsSecretOf(type, item))
  if (!isInputObjectType(type) || typeof value !== 'object' || value === null) return false
  const fields = type.getFields()
  return Object.entries(value).some(
    ([key, inner]) =>
      inner !== null && (fields[key]?.extensions.isSecret || holdsSecretOf(getNamedType(fields[key]?.type), inner)),
  )
}

function refuseBadTime({ at = null, apiKey = null, questions }: Input) {
  if (at === null) return
  if (questions.some(({ mutation }) => mutation)) throw badUserInput('"input.at" does not go with mutations.')
  if (apiKey !== null) throw badUserInput('"input.at" goes with a user: what a key let in the past is not kept.')
  settledTime('input.at', at)
}
