/** The help: the topics, the commands of one topic, and one command with its syntax and an example. */
import type { Argument, Command } from 'commander'
import { EXAMPLES } from './examples.ts'
import type { Terminal } from './terminal.ts'
import { TOPICS, type Topic } from './topics.ts'
import { UsageError } from './values.ts'

/** The help has no wider lines, however wide the terminal is. */
const WIDEST = 100
const LONGEST_SUMMARY = 71
const LONGEST_LINE = 90

const BEGIN = [
  ['login https://chatelaine.example.com', 'sign in to a server, and keep it as a profile'],
  ['help users', 'the commands of a topic'],
  ['create-user --help', 'one command, with an example'],
  ['users --filter username.startsWith=b', 'the users whose names begin with b'],
]

const NOTES = `A command is sent to the server of --url (or CHATELAINE_URL) with the key in CHATELAINE_API_KEY, or
else to the server of your profile. Without both it works on the database itself, as the operator.

Exit codes: 0 done · 1 no, or failed · 2 bad input · 3 unavailable · 4 not found · 5 forbidden
6 exists, or the state does not allow it`

/** Returns the width of the help in a terminal. */
export function helpWidth({ stdout }: Terminal): number {
  return Math.min(stdout.columns ?? WIDEST, WIDEST)
}

/** Returns what `--help` prints: the topics, each in a line. */
export function formatOverview(program: Command): string {
  const options = program.createHelp().visibleOptions(program)
  return `${program.description()}

Usage: chatelaine <command> [options]

Topics:
${formatList(TOPICS.map(({ name, summary }) => [name, summary]))}

Begin with:
${formatList(BEGIN.map(([line, use]) => [`chatelaine ${line}`, use]))}

Options:
${formatList(options.map((option) => [option.flags, option.description]))}

${NOTES}
`
}

/** Prints the help for a topic, a command, or everything. @throws UsageError */
export function printHelpOf(program: Command, { stdout }: Terminal, name: string | undefined) {
  const topics = TOPICS.filter((topic) => name === 'all' || topic.name === name)
  const command = program.commands.find((one) => one.name() === name)
  if (name === undefined) stdout.write(formatOverview(program))
  else if (topics.length > 0) stdout.write(topics.map((topic) => formatTopic(program, topic)).join('\n'))
  else if (command) command.outputHelp()
  else throw new UsageError(`There is no topic and no command "${name}". The topics are ${namesOf(TOPICS)}.`)
}

function namesOf(topics: Topic[]): string {
  return topics.map(({ name }) => name).join(', ')
}

function formatTopic(program: Command, { name, summary, commands }: Topic): string {
  const rows = commands.flatMap((listed) => {
    const command = program.commands.find((one) => one.name() === listed)
    return command ? [[listed, summarize(command)]] : []
  })
  return `${name}: ${summary}\n\n${formatList(rows)}\n`
}

function formatList(rows: (string | undefined)[][]): string {
  const width = Math.max(...rows.map(([term = '']) => term.length))
  return rows.map(([term = '', text]) => `  ${term.padEnd(width)}  ${text}`).join('\n')
}

/** What is too long where it is a first sentence, by command. */
const SUMMARIES: Record<string, string> = {
  'check-access': 'Answers whether a user or a key may do something, and why.',
  'delete-organization': 'Deletes an organization that is empty.',
  'rotate-api-key': 'Replaces a key with a new key of the same kind.',
}

/** Returns one line about a command: the first sentence of its description, or the first part of that. */
export function summarize(command: Command): string {
  const [sentence = ''] = command.description().replaceAll('`', '').replaceAll('\n', ' ').split('. ')
  const whole = sentence.replace(/\.$/, '')
  const [clause = ''] = whole.split(/[;:] /)
  const [start = ''] = clause.split(', ')
  const fits = [whole, clause, start].find((text) => text.length <= LONGEST_SUMMARY)
  return SUMMARIES[command.name()] ?? `${fits ?? start.slice(0, LONGEST_SUMMARY)}.`
}

/** Writes the required values of a command into its usage, and an example below its options. */
export function describeSyntax(command: Command, name = command.name()) {
  const needed = command.options.filter(({ mandatory, hidden }) => mandatory && !hidden)
  const words = command.commands.length > 0 ? ['<thing>'] : command.registeredArguments.map(wordOf)
  const line = [`chatelaine ${name}`, ...words, ...needed.map(({ flags }) => flags), '[options]'].join(' ')
  command.helpOption('-h, --help', 'print this help').configureHelp({ commandUsage: () => breakLine(line, '') })
  const example = EXAMPLES[name]
  if (example) command.addHelpText('after', `\nExample:\n  ${breakLine(`chatelaine ${example}`, ' \\')}`)
  for (const inner of command.commands) describeSyntax(inner, `${name} ${inner.name()}`)
}

function wordOf(argument: Argument): string {
  const word = argument.variadic ? `${argument.name()}...` : argument.name()
  return argument.required ? `<${word}>` : `[${word}]`
}

/** Breaks a long command line before its flags; in an example, as a shell takes it. */
function breakLine(line: string, end: string): string {
  return line.length <= LONGEST_LINE ? line : line.replaceAll(' --', `${end}\n    --`)
}
