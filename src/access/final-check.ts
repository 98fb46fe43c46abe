/** `checkAccess` without the executor: services ask for the codes alone, many times a second. */
import type { FinalResolver } from '../graphql/final-resolver.ts'
import { answerQuestions } from './answer.ts'
import { refuseBadQuestions } from './input.ts'
import type { Question } from './questions.ts'
import type { AccessCode } from './statement.ts'

interface Input {
  user?: string | null
  apiKey?: string | null
  at?: Date | null
  questions: Question[]
}

/** The fields that are known by the code of an answer, as JSON. */
const FIELDS: Record<string, (code: AccessCode) => string> = {
  isAllowed: (code) => String(code === 'ALLOWED'),
  code: (code) => JSON.stringify(code),
  __typename: () => '"AccessAnswer"',
}

/** Leaves to the executor what needs more than the codes, what may hold a secret, and whatever is refused. */
export const answerChecks: FinalResolver = async ({ ctx, schema, args, fields }) => {
  const { user = null, apiKey = null, at = null, questions } = args.input as Input
  const isPlain = apiKey === null && at === null && questions.every(({ mutation }) => !mutation)
  if (!isPlain || !fields.every(({ name }) => Object.hasOwn(FIELDS, name))) return null
  if (ctx.caller?.userId === undefined || ctx.caller.userId === null) return null
  refuseBadQuestions({ questions, user })
  const subject = user === null ? { caller: ctx.caller } : { username: user }
  const answers = await answerQuestions(ctx, schema, { caller: ctx.caller, subject, questions, at, depth: 'CODE' })
  const items = answers?.map(({ code }) => {
    const pairs = fields.map(({ responseName, name }) => `${JSON.stringify(responseName)}:${FIELDS[name]?.(code)}`)
    return `{${pairs.join()}}`
  })
  return items ? `[${items.join()}]` : 'null'
}
