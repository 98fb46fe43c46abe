/** Runs a command that is derived from the schema, and prints its answer. */
import { existsSync } from 'node:fs'
import { printable } from './cells.ts'
import type { CommandSpec } from './commands.ts'
import { documentOf } from './document.ts'
import { EXIT, exitCodeOf, isErrorMember } from './exit.ts'
import { createListPrinter, formatAnswer } from './list-printer.ts'
import type { Output } from './output.ts'
import { countAll, describeRest, readPages } from './pages.ts'
import { formatJson } from './print.ts'
import { createProgress } from './progress.ts'
import { overHttp, type Result, type Send } from './send.ts'
import { findTarget, type TargetOptions } from './target.ts'
import type { Terminal } from './terminal.ts'
import { UsageError } from './values.ts'

/** A command with its values, and the options of the program. */
interface Command {
  spec: CommandSpec
  variables: Record<string, unknown>
  output: Output
  target: TargetOptions
  /** True where all pages of a list are wanted. */
  all: boolean
}

/** Sends the document of a command, prints the answer and returns the exit code. */
export function runCommand(terminal: Terminal, command: Command): Promise<number> {
  const run = command.all ? printAll : printOne
  return sendBy(terminal, command.target, (send) => run(send, terminal, command))
}

/** Sends documents to a server, or to the database itself: only then is the server's code loaded. */
export async function sendBy<T>(
  terminal: Terminal,
  options: TargetOptions,
  use: (send: Send) => Promise<T>,
): Promise<T> {
  const { env } = terminal
  const target = findTarget(terminal, options)
  if (target) return use(overHttp(target.url, target.key))
  const [{ readConfig }, { inProcess }] = await Promise.all([import('../config.ts'), import('./in-process.ts')])
  const config = readConfig(env)
  if (config.databaseUrl === null && !env.DATA_DIR && !options.local && !existsSync(config.dataDir))
    throw noDatabase(config.dataDir)
  return inProcess(config, terminal, use)
}

/** A person who is signed in to no server, and in any folder, does not want a new database there. */
function noDatabase(folder: string): UsageError {
  return new UsageError(
    `There is no database in ${folder}: sign in to a server with "chatelaine login", or start one with "chatelaine serve".`,
  )
}

async function printOne(send: Send, terminal: Terminal, { spec, variables, output }: Command): Promise<number> {
  const result = await send(documentOf(spec, variables, output.fields), variables)
  printResult(terminal, { spec, variables, output }, result)
  for (const text of await describeRest(send, spec, variables, result)) note(terminal, text)
  const exitCode = exitCodeOf(spec.field.name, result)
  if (mustChangePassword(result)) say(terminal, SIGNED_IN)
  if (variables.dryRun === true && exitCode === EXIT.done) note(terminal, 'Nothing was changed: this was a dry run.')
  return exitCode
}

/** Prints all pages of a list, each as soon as it is there. Only JSON is printed at the end, as one document. */
async function printAll(send: Send, terminal: Terminal, { spec, variables, output }: Command): Promise<number> {
  const printer = createListPrinter(terminal, spec, output)
  const errors: Result['errors'] = []
  const { hide, show } = createProgress(terminal, () => countAll(send, spec, variables))
  for await (const { result, page } of readPages(send, spec, { variables, fields: output.fields })) {
    hide()
    if (!page) {
      if (output.form === 'json') terminal.stdout.write(`${formatJson(result)}\n`)
      else sayErrors(terminal, result)
      return exitCodeOf(spec.field.name, result)
    }
    printer.add(page)
    errors.push(...(result.errors ?? []))
    if (page.pageInfo.hasNextPage) await show(page.nodes.length)
  }
  printer.end(errors)
  if (output.form !== 'json') sayErrors(terminal, { errors })
  return EXIT.done
}

/** Writes a line to standard error that is no error. */
export function note({ stderr }: Terminal, text: string) {
  stderr.write(`${printable(text)}\n`)
}

/** Writes one line for people to standard error. In messages of the API null is what removes a value. */
export function say({ stderr }: Terminal, text: string) {
  stderr.write(`chatelaine: ${printable(text.replace(/\bnull clears it\b/, '--clear removes it'))}\n`)
}

/** What to do where the password was set by another user: after a sign-in with it, and where a command is refused. */
const CHANGE_FIRST = 'choose your own first, with "chatelaine change-password --current-password"'
const SIGNED_IN = `This password was set by another user: put the token into CHATELAINE_API_KEY and ${CHANGE_FIRST}.`
const REFUSED = `This password was set by another user: ${CHANGE_FIRST}.`

/** Whether a sign-in began a session that can only change the password. */
function mustChangePassword({ data }: Result): boolean {
  const { mustChangePassword = false } = (data?.signIn ?? {}) as { mustChangePassword?: boolean }
  return mustChangePassword
}

function printResult(
  terminal: Terminal,
  { spec, variables, output }: Pick<Command, 'spec' | 'variables' | 'output'>,
  result: Result,
) {
  const { data, errors } = result
  const value = data?.[spec.field.name]
  if (output.form === 'json' && (!output.fields || !value || isErrorMember(value))) {
    terminal.stdout.write(`${formatJson(result)}\n`)
    return
  }
  if (sayErrors(terminal, { errors })) return
  if (isErrorMember(value)) say(terminal, value.message)
  else if (value !== null && value !== undefined) terminal.stdout.write(formatAnswer(spec, value, output))
  else if (!errors) say(terminal, describeNothing(spec, variables))
}

/** Says the errors of an answer. Returns whether they are about the caller, so that there is nothing else to say. */
export function sayErrors(terminal: Terminal, { errors }: Result): boolean {
  if (errors?.some((error) => error.extensions?.code === 'UNAUTHENTICATED')) {
    say(terminal, 'The server asks for a valid API key: put it into CHATELAINE_API_KEY, or run "chatelaine login".')
    return true
  }
  if (errors?.some((error) => error.extensions?.code === 'PASSWORD_CHANGE_REQUIRED')) {
    say(terminal, REFUSED)
    return true
  }
  for (const { message, path } of errors ?? []) {
    const where = path && path.length > 1 ? ` (${path.join('.')})` : ''
    say(terminal, `${message}${where}`)
  }
  return false
}

/** The text for a field that is null for another reason than that an object was not found. */
const NOTHING: Record<string, string> = {
  viewer: 'The operator is no user. With --url and a key it is the key’s owner who asks.',
}

function describeNothing({ field, name, positional }: CommandSpec, variables: Record<string, unknown>): string {
  const named = positional && variables[positional.name]
  const thing = typeof named === 'string' ? `The ${name} "${named}"` : 'It'
  return NOTHING[field.name] ?? `${thing} does not exist, or you may not see it.`
}
