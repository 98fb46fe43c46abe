/** `can-i` and `why`: short forms of checkAccess. */
import { printable } from '../cells.ts'
import { EXIT, exitCodeOf } from '../exit.ts'
import { formatJson } from '../print.ts'
import { say, sayErrors, sendBy } from '../run-command.ts'
import type { Result } from '../send.ts'
import type { TargetOptions } from '../target.ts'
import type { Terminal } from '../terminal.ts'
import { drawWays, type Way } from './picture.ts'
import { inputOf, type Question, textOf } from './question.ts'

/** A question, its subject, and how it is asked. */
export interface Asked {
  question: Question
  /** The subject; the caller where it is omitted. */
  user?: string
  /** A time in the past. */
  at?: string
  isJson: boolean
  target: TargetOptions
}

interface Answer {
  code: string
  isAllowed: boolean
  grantors: string[]
  missing: { allOf: { text: string }[] }[]
  ways: Way[]
}

const WAYS = `ways { code via scope role level controller model organization project throughModel since expiresAt grantedBy
  keyLimits { role scope organization project expiresAt } }`
const documentOf = (isWhole: boolean) => `query ($input: CheckAccessInput!) {
  checkAccess(input: $input) { code isAllowed grantors missing { allOf { text } } ${isWhole ? WAYS : ''} } }`

/** Says yes or no, and what is missing. Returns the exit code: 1 for no. */
export function canI(terminal: Terminal, asked: Asked): Promise<number> {
  return ask(terminal, asked, false, (answer) => [answer.isAllowed ? 'yes' : ['no', ...reasonsOf(answer)].join(' · ')])
}

/** Draws by what a user may do it, or what is one step away from it. Returns the exit code: 1 for no. */
export function why(terminal: Terminal, asked: Asked & { user: string }): Promise<number> {
  const { user, question } = asked
  return ask(terminal, asked, true, (answer) => [
    `${answer.isAllowed ? 'yes' : 'no'}: ${user} ${describe(answer.isAllowed, question)}`,
    '',
    ...drawWays(user, answer.ways, question),
    ...(answer.isAllowed ? [] : ['', ...reasonsOf(answer)]),
  ])
}

function describe(isAllowed: boolean, question: Question): string {
  if ('mutation' in question) return `${isAllowed ? 'may' : 'may not'} ${textOf(question)}`
  return `${isAllowed ? 'has' : 'does not have'} ${textOf(question)}`
}

async function ask(
  terminal: Terminal,
  { question, user, at, isJson, target }: Asked,
  isWhole: boolean,
  format: (answer: Answer) => string[],
): Promise<number> {
  const input = { questions: [inputOf(question)], ...(user !== undefined && { user }), ...(at !== undefined && { at }) }
  const result = await sendBy(terminal, target, (send) => send(documentOf(isWhole), { input }))
  const [answer] = (result.data?.checkAccess ?? []) as Answer[]
  if (isJson) terminal.stdout.write(`${formatJson(result)}\n`)
  if (!answer) return isJson ? codeOf(result) : refuse(terminal, result, user)
  if (answer.code === 'NOT_FOUND') {
    if (!isJson) say(terminal, `There is no such thing that you may see: ${textOf(question)}.`)
    return EXIT.notFound
  }
  if (!isJson) terminal.stdout.write(`${format(answer).map(printable).join('\n')}\n`)
  return answer.isAllowed ? EXIT.done : EXIT.failed
}

function codeOf(result: Result): number {
  return exitCodeOf('checkAccess', result)
}

const NO_USER = 'The operator is no user and may do everything: name a user with --user.'

function refuse(terminal: Terminal, result: Result, user: string | undefined): number {
  sayErrors(terminal, result)
  if (!result.errors)
    say(terminal, user === undefined ? NO_USER : `The user "${user}" does not exist, or you may not ask about them.`)
  return codeOf(result)
}

function reasonsOf({ code, missing, grantors }: Answer): string[] {
  const alternatives = missing.map(({ allOf }) => allOf.map(({ text }) => text).join(' and '))
  return [
    ...(code === 'INACTIVE' ? ['the user is suspended'] : []),
    ...(alternatives.length > 0 ? [`missing: ${alternatives.join(', or ')}`] : []),
    ...(grantors.length > 0 ? [`can grant it: ${grantors.join(', ')}`] : []),
  ]
}
