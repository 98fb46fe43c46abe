/** `checkAccess` without the executor: services ask for the codes alone, many times a second. */
import type { FinalResolver } from '../graphql/final-resolver.ts'
import { answerQuestions } from './answer.ts'
import { refuseBadQuestions } from './input.ts'
import type { CheckAccessInput } from './questions.ts'
import type { AccessCode } from './statement.ts'
import { subjectAsked } from './subject.ts'

/** The fields that are known by the code of an answer, as JSON. */
const FIELDS: Record<string, (code: AccessCode) => string> = {
  isAllowed: (code) => String(code === 'ALLOWED'),
  code: (code) => JSON.stringify(code),
  __typename: () => '"AccessAnswer"',
}

/** Leaves to the executor what needs more than the codes, what may hold a secret, and whatever is refused. */
export const answerChecks: FinalResolver = async ({ ctx, schema, args, fields }) => {
  const { user = null, apiKey = null, at = null, questions } = args.input as typeof CheckAccessInput.$inferInput
  const isPlain = apiKey === null && at === null && questions.every(({ mutation }) => !mutation)
  const subject = subjectAsked(ctx.caller, user, apiKey)
  const isKnown = fields.every(({ name }) => Object.hasOwn(FIELDS, name))
  if (ctx.caller === null || !isPlain || !isKnown || !subject) return null
  refuseBadQuestions({ questions, user })
  const answers = await answerQuestions(ctx, schema, { caller: ctx.caller, subject, questions, at, depth: 'CODE' })
  const items = answers?.map(({ code }) => {
    const pairs = fields.map(({ responseName, name }) => `${JSON.stringify(responseName)}:${FIELDS[name]?.(code)}`)
    return `{${pairs.join()}}`
  })
  return items ? `[${items.join()}]` : 'null'
}
