import { Command, CommanderError, Option } from 'commander'
import { isScalarType } from 'graphql'
import { ConfigError, readConfig } from '../config.ts'
import { openDatabase } from '../db/database.ts'
import { FolderInUseError } from '../db/embedded.ts'
import { DatabaseUnreachableError, migrate, NewerDatabaseError, PendingMigrationsError } from '../db/migrate.ts'
import { SealError } from '../encryption/keyring.ts'
import { openKeyring } from '../encryption/open.ts'
import { schema } from '../graphql/schema.ts'
import { bootstrapAndPrint } from './bootstrap.ts'
import { type CommandSpec, deriveCommands, isList, namedOf } from './commands.ts'
import { completionScript } from './completion.ts'
import { documentOf } from './document.ts'
import { rotateEncryptionKey, rotateSigningKey } from './keys.ts'
import { formatJson, formatResult, printable } from './print.ts'
import { askSecrets, variableOf } from './secrets.ts'
import { type Result, sendInProcess, sendOverHttp, UnreachableError } from './send.ts'
import { serve } from './serve.ts'
import { shortcutsOf } from './shortcuts.ts'
import type { Terminal } from './terminal.ts'
import { ASKED, readValue, UsageError } from './values.ts'

/** The exit codes, which scripts can read. */
const EXIT = { done: 0, refused: 1, usage: 2, unreachable: 3 }

const HELP = `
Without --url a command works on the database itself, as the operator. With --url it asks a server over HTTP, with the
key in CHATELAINE_API_KEY. Values with several parts are written key=value,key=value and can be repeated.

Exit codes: 0 done · 1 refused, or not possible · 2 wrong usage · 3 server or database out of reach`

type Flags = Record<string, string | string[] | boolean | undefined>

/** Runs one command line and returns the exit code. */
export async function main(args: string[], terminal: Terminal): Promise<number> {
  const run: Run = { terminal, exitCode: EXIT.done }
  try {
    await createProgram(run).parseAsync(args, { from: 'user' })
    return run.exitCode
  } catch (error) {
    return report(error, terminal)
  }
}

/** The state of one command line while it runs. */
interface Run {
  terminal: Terminal
  exitCode: number
}

function createProgram(run: Run): Command {
  const { terminal } = run
  const { env, stdout, stderr } = terminal
  const program = new Command('chatelaine')
    .description('Administers who may do what: users, API keys, organizations, projects and roles.')
    .option('--url <address>', 'the address of a server, like http://127.0.0.1:4000/graphql', env.CHATELAINE_URL)
    .option('--json', 'print the answer as JSON')
    .addHelpText('after', HELP)
    .exitOverride()
    .configureOutput({ writeOut: (text) => stdout.write(text), writeErr: (text) => stderr.write(text) })
  program
    .command('serve')
    .description('Migrate the database and serve the API.')
    .action(() => serve(readConfig(env), stdout))
  program
    .command('migrate')
    .description('Bring the database up to date, and make root where it is missing.')
    .action(() => migrateOnly(terminal))
  program
    .command('rotate-signing-key')
    .description('Sign the tokens of sessions with a new key from now on; those signed before stay good.')
    .action(() => rotateSigningKey(readConfig(env), stdout))
  program
    .command('rotate-encryption-key')
    .description(
      'Seal what is kept encrypted again: with the first key of ENCRYPTION_KEY, while servers run; with a new key where a data folder keeps its own. Interrupted, it can be repeated.',
    )
    .action(() => rotateEncryptionKey(readConfig(env), stdout))
  program
    .command('completion')
    .argument('<shell>', 'bash, zsh or fish')
    .description('Print the script that completes commands and flags in a shell: source <(chatelaine completion bash).')
    .action((shell: string) => {
      stdout.write(completionScript(program, shell))
    })
  for (const spec of deriveCommands(schema)) addCommand(run, program, spec)
  return program
}

async function migrateOnly({ env, stdout }: Terminal) {
  const config = readConfig(env)
  const database = await openDatabase(config)
  try {
    await migrate(database)
    const keyring = openKeyring(config)
    stdout.write('The database is up to date.\n')
    await bootstrapAndPrint({ database, keyring }, config, stdout)
  } finally {
    await database.close()
  }
}

function addCommand(run: Run, program: Command, spec: CommandSpec) {
  const [summary = ''] = spec.description.split('\n')
  const command = program.command(spec.name).summary(summary.replace(/\. .*/, '.')).description(spec.description)
  const { positional } = spec
  if (positional) {
    const word = isList(positional.type) ? `${positional.name}...` : positional.name
    command.argument(`<${word}>`, positional.description)
  }
  const taken = new Set(spec.parameters.map(({ flag }) => flag))
  for (const parameter of spec.parameters) command.addOption(optionOf(parameter))
  for (const { flag, description, isRepeatable } of shortcutsOf(spec)) {
    if (!taken.has(flag)) command.option(`--${flag} <value${isRepeatable ? '...' : ''}>`, description)
  }
  if (spec.hasInput) command.option('--clear <names...>', 'set these values to nothing')
  command.exitOverride().action(async (...received) => {
    const flags: Flags = received.at(-2)
    const asked = readVariables(spec, positional ? received[0] : undefined, flags)
    await runCommand(run, program, spec, await askSecrets(run.terminal, asked))
  })
}

function optionOf({ name, flag, type, description, isRequired, isSecret }: CommandSpec['parameters'][number]): Option {
  if (isSecret) return new Option(`--${flag}`, `${description} Asked for, or from ${variableOf(name)}.`)
  const named = namedOf(type)
  const isFlag = isScalarType(named) && named.name === 'Boolean' && !isList(type)
  const value = isFlag ? '[true|false]' : `<value${isList(type) ? '...' : ''}>`
  return new Option(`--${flag} ${value}`, description).makeOptionMandatory(isRequired)
}

function readVariables(spec: CommandSpec, word: string | string[] | undefined, flags: Flags): Record<string, unknown> {
  const { positional, hasInput } = spec
  const values: Record<string, unknown> = {}
  if (positional && word !== undefined) values[positional.name] = readValue(positional.flag, positional.type, word)
  for (const parameter of spec.parameters) Object.assign(values, readFlag(parameter, flags[parameter.name]))
  for (const name of [flags.clear ?? []].flat()) values[clearedName(spec, String(name))] = null
  for (const shortcut of shortcutsOf(spec)) shortcut.apply(flags, values)
  if (!hasInput) return values
  // `dryRun` is the only argument beside `input`.
  const { dryRun, ...input } = values
  return dryRun === undefined ? { input } : { input, dryRun }
}

/** Reads a value under its name; empty where its flag was not given. A secret is asked for later. */
function readFlag(
  { name, flag, type, isSecret, isRequired }: CommandSpec['parameters'][number],
  given: Flags[string],
): Record<string, unknown> {
  if (isSecret) return isRequired || given ? { [name]: ASKED } : {}
  return given === undefined ? {} : { [name]: readValue(flag, type, given) }
}

/** @throws UsageError with a message that names what can be cleared */
function clearedName({ parameters }: CommandSpec, given: string): string {
  const clearable = parameters.filter(({ name, isRequired }) => !isRequired && name !== 'dryRun')
  const found = clearable.find(({ name, flag }) => given === name || given === flag)
  if (found) return found.name
  throw new UsageError(`--clear knows no "${given}", but ${clearable.map(({ flag }) => flag).join(', ')}.`)
}

async function runCommand(run: Run, program: Command, spec: CommandSpec, variables: Record<string, unknown>) {
  const { env, stdout } = run.terminal
  const { url, json } = program.opts<{ url?: string; json?: boolean }>()
  const document = documentOf(spec, variables)
  const result = url
    ? await sendOverHttp(url, env.CHATELAINE_API_KEY, document, variables)
    : await sendInProcess(readConfig(env), run.terminal, document, variables)
  if (json) stdout.write(`${formatJson(result)}\n`)
  else printResult(run.terminal, spec, result)
  run.exitCode = exitCodeOf(spec, result)
}

/** Writes one line for people to standard error. */
function say({ stderr }: Terminal, text: string) {
  stderr.write(`chatelaine: ${printable(text)}\n`)
}

function printResult(terminal: Terminal, spec: CommandSpec, { data, errors }: Result) {
  if (errors?.some((error) => error.extensions?.code === 'UNAUTHENTICATED')) {
    return say(terminal, 'The server asks for a valid API key: put it into CHATELAINE_API_KEY.')
  }
  for (const { message, path } of errors ?? []) {
    const where = path && path.length > 1 ? ` (${path.join('.')})` : ''
    say(terminal, `${message}${where}`)
  }
  const value = data?.[spec.field.name]
  if (isErrorMember(value)) say(terminal, value.message)
  else if (value !== null && value !== undefined) terminal.stdout.write(`${formatResult(value)}\n`)
  else if (!errors) say(terminal, NOTHING[spec.field.name] ?? 'Not found.')
}

/** The text for a field that is null for another reason than that an object was not found. */
const NOTHING: Record<string, string> = {
  viewer: 'The operator is no user. With --url and a key it is the key’s owner who asks.',
}

function isErrorMember(value: unknown): value is { code: string; message: string } {
  return typeof value === 'object' && value !== null && 'code' in value && 'message' in value
}

function exitCodeOf(spec: CommandSpec, { data, errors }: Result): number {
  const value = data?.[spec.field.name] ?? null
  if (value !== null) return isErrorMember(value) ? EXIT.refused : EXIT.done
  const codes = errors?.map((error) => error.extensions?.code) ?? []
  if (codes.includes('INTERNAL_SERVER_ERROR') || codes.includes('OUTCOME_UNKNOWN')) return EXIT.unreachable
  return codes.includes('BAD_USER_INPUT') ? EXIT.usage : EXIT.refused
}

/** Reports what stopped the command, and returns the exit code. */
function report(error: unknown, { stderr }: Terminal): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage
  const known = [
    ConfigError,
    DatabaseUnreachableError,
    FolderInUseError,
    NewerDatabaseError,
    PendingMigrationsError,
    SealError,
    UnreachableError,
    UsageError,
  ]
  const { message, stack } = error as Error
  stderr.write(`chatelaine: ${known.some((kind) => error instanceof kind) ? message : stack}\n`)
  if (error instanceof UsageError) return EXIT.usage
  const isOutOfReach = error instanceof UnreachableError || error instanceof DatabaseUnreachableError
  return isOutOfReach ? EXIT.unreachable : EXIT.refused
}
