/** `checkAccess` without the executor: services ask for the codes alone, many times a second. */
import type { FinalResolver } from '../graphql/final-resolver.ts'
import { rowOf } from './asked.ts'
import { refuseBadQuestions } from './input.ts'
import type { CheckAccessInput } from './questions.ts'
import { type AccessCode, readParts } from './statement.ts'
import { subjectAsked } from './subject.ts'

type Fields = Parameters<FinalResolver>[0]['fields']

/** The fields that are known by the code of an answer, as JSON. */
const FIELDS: Record<string, (code: AccessCode) => string> = {
  isAllowed: (code) => String(code === 'ALLOWED'),
  code: (code) => JSON.stringify(code),
  __typename: () => '"AccessAnswer"',
}

/** Leaves to the executor what needs more than the codes, what may hold a secret, and whatever is refused. */
export const answerChecks: FinalResolver = async ({ ctx, args, fields }) => {
  const { user = null, apiKey = null, at = null, questions } = args.input as typeof CheckAccessInput.$inferInput
  const isPlain = apiKey === null && at === null && questions.every(({ mutation }) => !mutation)
  const subject = subjectAsked(ctx.caller, user, apiKey)
  const isKnown = fields.every(({ name }) => Object.hasOwn(FIELDS, name))
  if (ctx.caller === null || !isPlain || !isKnown || !subject) return null
  refuseBadQuestions({ questions, user })
  const rows = questions.map((question, n) => ({ id: String(n), ...rowOf(question) }))
  const found = await readParts(ctx, { caller: ctx.caller, subject, at, depth: 'CODE' }, rows)
  if (found === null) return 'null'
  const texts = new Map<AccessCode | undefined, string>()
  const answers = rows.map(({ id }) => {
    const code = found.parts.get(id)?.code
    const text = texts.get(code) ?? textOf(code, fields)
    texts.set(code, text)
    return text
  })
  return `[${answers.join()}]`
}

function textOf(code: AccessCode | undefined, fields: Fields): string {
  if (code === undefined) throw new Error('A question was not answered.')
  const pairs = fields.map(({ responseName, name }) => `${JSON.stringify(responseName)}:${FIELDS[name]?.(code)}`)
  return `{${pairs.join()}}`
}
