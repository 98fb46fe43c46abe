/** The command line. What a command does is loaded when it runs: help and completion need none of the server's code. */
import { Command } from 'commander'
import { VERSION } from '../version.ts'
import { addAccessCommands } from './access-commands.ts'
import { addAccountCommands } from './account-commands.ts'
import { readApi } from './api.ts'
import { type CommandSpec, deriveCommands } from './commands.ts'
import { addDataCommands } from './data-commands.ts'
import { addEnsureCommands } from './ensure-commands.ts'
import { EXIT } from './exit.ts'
import { describeSyntax, formatOverview, helpWidth, printHelpOf } from './help.ts'
import { addOptions, type Flags, readVariables } from './options.ts'
import type { Run } from './run.ts'
import { addBackupCommands, addServerCommands } from './server-commands.ts'
import { addShellCommands } from './shell-commands.ts'
import type { Terminal } from './terminal.ts'

/** Runs one command line and returns the exit code. */
export async function main(args: string[], terminal: Terminal): Promise<number> {
  // "open users" is "users", but not done: its options are those of the command.
  const isOpen = args[0] === 'open' && args.length > 1 && !['-h', '--help'].includes(args[1] ?? '')
  const run: Run = { terminal, exitCode: EXIT.done, isOpen }
  try {
    const words = isOpen ? args.slice(1) : args
    await createProgram(run, words).parseAsync(words, { from: 'user' })
    return run.exitCode
  } catch (error) {
    const { describeError } = await import('./report.ts')
    const { text, exitCode } = await describeError(error)
    terminal.stderr.write(text)
    return exitCode
  }
}

function createProgram(run: Run, args: string[]): Command {
  const { terminal } = run
  const { stdout, stderr } = terminal
  const program = new Command('chatelaine')
    .description('Administers who may do what: users, API keys, roles, controllers and models.')
    .option('--url <address>', 'the address of a server, like http://127.0.0.1:4000/graphql')
    .option('--profile <name>', 'the server of this profile, to which you signed in')
    .option('--local', 'no server, but the database of the configuration, as the operator')
    .option('-o, --output <form>', 'table, wide (with ids, nothing shortened), json or csv')
    .option('--json', 'the same as -o json: the whole answer')
    .option('--csv', 'the same as -o csv')
    .option('--fields <names>', 'show these fields: username,email,organization.name')
    .version(VERSION, '--version', 'print the version')
    .helpCommand(false)
    .showHelpAfterError('Add --help for the syntax and an example.')
    .helpOption('-h, --help', 'print this help, or that of a command')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      getOutHelpWidth: () => helpWidth(terminal),
      getErrHelpWidth: () => helpWidth(terminal),
    })
  // The usage error of an unknown command is short; `--help` is not.
  program.helpInformation = () => formatOverview(program)
  // What is opened is not done: there are no commands that would do something.
  if (!run.isOpen) addOwnCommands(program, run)
  const specs = needsApi(program, args) ? deriveCommands(readApi()) : []
  if (!run.isOpen) addShellCommands(program, run, specs)
  for (const spec of specs) addCommand(run, program, spec, args)
  for (const command of program.commands) if (isWanted(command.name(), args)) describeSyntax(command)
  return program
}

function addOwnCommands(program: Command, run: Run) {
  program
    .command('help')
    .argument('[topic]', 'a topic, a command, or all')
    .description('Explain a topic or a command, or list all commands.')
    .action((name?: string) => printHelpOf(program, run.terminal, name))
  addServerCommands(program, run)
  addBackupCommands(program, run)
  addDataCommands(program, run)
  addAccessCommands(program, run)
  addAccountCommands(program, run)
  addEnsureCommands(program, run)
}

/** What is made of the schema takes most of the time of a command that does not need it. */
function needsApi(program: Command, [first = '--help']: string[]): boolean {
  if (NEEDING_API.includes(first)) return true
  return !['--version', '--help', '-h'].includes(first) && program.commands.every((command) => command.name() !== first)
}

const NEEDING_API = ['help', 'complete', 'man', 'open']

/** Whether the options of a command matter: those of eighty commands take as long as the rest. */
function isWanted(name: string, args: string[]): boolean {
  return args.includes(name) || args[0] === 'man'
}

function addCommand(run: Run, program: Command, spec: CommandSpec, args: string[]) {
  const command = program.command(spec.name).description(spec.description)
  if (!isWanted(spec.name, args)) return
  addOptions(command, spec)
  command.exitOverride().action(async (...received) => {
    const flags: Flags = received.at(-2)
    const asked = readVariables(spec, spec.positional ? received[0] : undefined, flags)
    const [{ readOutput }, { askSecrets }, { runCommand }] = await Promise.all([
      import('./output.ts'),
      import('./secrets.ts'),
      import('./run-command.ts'),
    ])
    const output = readOutput(run.terminal, spec, program.opts())
    if (run.isOpen)
      return (await import('./link.ts')).printLink(run.terminal, {
        spec,
        variables: asked,
        output,
        target: program.opts(),
      })
    const variables = await askSecrets(run.terminal, asked)
    const target = program.opts()
    run.exitCode = await runCommand(run.terminal, { spec, variables, output, target, all: flags.all === true })
  })
}
