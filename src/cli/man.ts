/** Writes the manual page, from what the help is made of. */
import type { Command } from 'commander'
import { VERSION } from '../version.ts'
import { EXAMPLES } from './examples.ts'
import { TOPICS } from './topics.ts'

const EXIT_CODES = [
  ['0', 'Done; also where nothing had to be done.'],
  ['1', 'The answer is no, or it failed for a reason without a code of its own.'],
  ['2', 'Bad input: the command line, or a value in it, is not valid.'],
  ['3', 'Unavailable: the server or database can’t be reached or can’t do it now, or the outcome is unknown.'],
  ['4', 'Not found: what was named does not exist, or you may not see it.'],
  ['5', 'Forbidden: you may not do it, or are not known.'],
  ['6', 'It exists already, or the current state does not allow it.'],
]

const ENVIRONMENT = [
  ['CHATELAINE_URL', 'The address of the server.'],
  ['CHATELAINE_API_KEY', 'The key or token with which that server is asked.'],
  ['CHATELAINE_PROFILE', 'The profile to use.'],
  ['XDG_CONFIG_HOME', 'The folder in which chatelaine/profiles.json is.'],
]

/** Returns the page in the language of man(7). */
export function manualPage(program: Command): string {
  const options = program.createHelp().visibleOptions(program)
  const topics = TOPICS.flatMap(({ name, summary, commands }) => [
    `.SH ${name.toUpperCase()}`,
    inRoff(summary),
    ...commands.flatMap((one) => describe(program.commands.find((command) => command.name() === one))),
  ])
  const lines = [
    `.TH CHATELAINE 1 "" "chatelaine ${VERSION}" "User Commands"`,
    ...['.SH NAME', `chatelaine \\- ${inRoff(program.description())}`],
    ...['.SH SYNOPSIS', '.B chatelaine', '.I command', '[options]'],
    ...['.SH OPTIONS', ...options.flatMap(({ flags, description }) => entry(flags, description))],
    ...topics,
    ...['.SH ENVIRONMENT', ...ENVIRONMENT.flatMap(([name = '', text = '']) => entry(name, text))],
    ...['.SH EXIT STATUS', ...EXIT_CODES.flatMap(([code = '', text = '']) => entry(code, text))],
  ]
  return `${lines.join('\n')}\n`
}

function describe(command: Command | undefined, above = ''): string[] {
  if (!command) return []
  const name = `${above}${command.name()}`
  const help = command.createHelp()
  const example = EXAMPLES[name]
  return [
    `.SS ${inRoff(help.commandUsage(command).replace(/\s+/g, ' ')).replace(/^chatelaine /, '')}`,
    ...command
      .description()
      .split('\n')
      .filter(Boolean)
      .flatMap((text) => [inRoff(text), '.PP']),
    ...command.registeredArguments.flatMap((argument) => entry(argument.name(), argument.description)),
    ...help
      .visibleOptions(command)
      .filter(({ long }) => long !== '--help')
      .flatMap((option) => entry(option.flags, option.description)),
    ...(example ? ['.PP', 'Example:', '.EX', `chatelaine ${inRoff(example)}`, '.EE'] : []),
    ...command.commands.flatMap((inner) => describe(inner, `${name} `)),
  ]
}

function entry(term: string, text: string): string[] {
  return ['.TP', `.B ${inRoff(term)}`, inRoff(text)]
}

/** A dash is a minus, a backslash is none of the language, and a line does not begin with a request. */
function inRoff(text: string): string {
  return text
    .replaceAll('\n', ' ')
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/, '\\&$1')
}
