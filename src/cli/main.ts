/** The command line. What a command does is loaded when it runs: help and completion need none of the server's code. */
import { Command } from 'commander'
import type { Config } from '../config.ts'
import { VERSION } from '../version.ts'
import { readApi } from './api.ts'
import { type CommandSpec, deriveCommands } from './commands.ts'
import { completionScript } from './completion.ts'
import { addOptions, type Flags, readVariables } from './options.ts'
import { describeError } from './report.ts'
import { EXIT, runCommand } from './run-command.ts'
import { askSecrets } from './secrets.ts'
import type { Terminal } from './terminal.ts'

const HELP = `
Without --url a command works on the database itself, as the operator. With --url it asks a server over HTTP, with the
key in CHATELAINE_API_KEY. Values with several parts are written key=value,key=value and can be repeated.

Exit codes: 0 done · 1 refused, or not possible · 2 wrong usage · 3 server or database out of reach`

/** Runs one command line and returns the exit code. */
export async function main(args: string[], terminal: Terminal): Promise<number> {
  const run: Run = { terminal, exitCode: EXIT.done }
  try {
    await createProgram(run).parseAsync(args, { from: 'user' })
    return run.exitCode
  } catch (error) {
    const { text, exitCode } = await describeError(error)
    terminal.stderr.write(text)
    return exitCode
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
    .version(VERSION, '--version', 'print the version')
    .addHelpText('after', HELP)
    .exitOverride()
    .configureOutput({ writeOut: (text) => stdout.write(text), writeErr: (text) => stderr.write(text) })
  program
    .command('serve')
    .description('Migrate the database and serve the API.')
    .action(async () => {
      const { serve } = await import('./serve.ts')
      run.exitCode = await serve(await configOf(terminal), terminal)
    })
  program
    .command('migrate')
    .description('Bring the database up to date, and make root where it is missing.')
    .action(async () => (await import('./migrate.ts')).migrateOnly(terminal))
  program
    .command('rotate-signing-key')
    .description('Sign the tokens of sessions with a new key from now on. Tokens that were signed before stay valid.')
    .option(
      '--withdraw <kid>',
      'withdraw this key, which leaked, instead: every server refuses the tokens that it signed at once, and where it is the key that signs, a new key takes over',
    )
    .action(async ({ withdraw }: { withdraw?: string }) => {
      const { rotateSigningKey } = await import('./keys.ts')
      await rotateSigningKey(await configOf(terminal), stdout, withdraw)
    })
  program
    .command('rotate-encryption-key')
    .description(
      'Encrypt all secrets again: with the first key of ENCRYPTION_KEY, while servers run, or with a new key where a data folder keeps its own key. If it is interrupted, repeat it.',
    )
    .action(async () => {
      const { rotateEncryptionKey } = await import('./keys.ts')
      await rotateEncryptionKey(await configOf(terminal), stdout)
    })
  program
    .command('export-audit')
    .argument('<file>', 'the file to write, which must not exist')
    .option('--before <time>', 'only events before this time, like 2026-01-31 or 2026-01-31T12:00:00Z')
    .description('Write the audit to a file: one event a line as JSON, the oldest first.')
    .action(async (file: string, { before }: { before?: string }) => {
      const { exportAudit } = await import('./export/export-audit.ts')
      run.exitCode = await exportAudit(terminal, { ...program.opts(), file, before })
    })
  addImportCommand(run, program)
  addExportCommand(run, program)
  addBackupCommands(program, terminal)
  program
    .command('completion')
    .argument('<shell>', 'bash, zsh or fish')
    .description('Print the script that completes commands and flags in a shell: source <(chatelaine completion bash).')
    .action((shell: string) => {
      stdout.write(completionScript(program, shell))
    })
  for (const spec of deriveCommands(readApi())) addCommand(run, program, spec)
  return program
}

/** @throws ConfigError */
async function configOf({ env }: Terminal): Promise<Config> {
  const { readConfig } = await import('../config.ts')
  return readConfig(env)
}

function addBackupCommands(program: Command, terminal: Terminal) {
  program
    .command('backup')
    .argument('<file>', 'the file, which is replaced if it exists')
    .description('Write the whole database into a file, while servers run. The file does not hold the encryption key.')
    .action(async (file: string) => {
      const { backUp } = await import('./backup.ts')
      await backUp(await configOf(terminal), file, terminal)
    })
  program
    .command('restore')
    .argument('<file>', 'a file of "backup"')
    .description('Load a backup into an empty database, with the encryption key of its server: all of it, or nothing.')
    .action(async (file: string) => {
      const { restore } = await import('./backup.ts')
      await restore(await configOf(terminal), file, terminal)
    })
  program
    .command('move')
    .requiredOption('--to <address>', 'an empty PostgreSQL, like postgres://user@host:5432/database, with PGPASSWORD')
    .description('Copy the embedded database into an empty PostgreSQL, while no server runs: all of it, or nothing.')
    .action(async ({ to }: { to: string }) => (await import('./backup.ts')).move(terminal, to))
}

function collect(value: string, before: string[]): string[] {
  return [...before, value]
}

function addImportCommand(run: Run, program: Command) {
  program
    .command('import')
    .argument('<files...>', 'files of the other system; - is standard input')
    .requiredOption('--from <system>', 'listthedocs, docs-host, atscale, user-api, csv or chatelaine')
    .option('--organization <name>', 'the organization that users and projects belong to; by default your own')
    .option(
      '--role <group=ROLE>',
      'the role for a group or a role of the other system; it can be repeated',
      collect,
      [],
    )
    .option('--dry-run', 'print what would be imported, and save nothing')
    .option('--report <file>', 'write what could not be taken to this file')
    .description(
      'Bring users of another system with their roles, keys and passwords. If it is interrupted, repeat it: what is there stays as it is.',
    )
    .action(async (files: string[], options: { from: string }) => {
      const { importFiles } = await import('./import/import.ts')
      run.exitCode = await importFiles(run.terminal, { ...program.opts(), ...options, files })
    })
}

function addExportCommand(run: Run, program: Command) {
  program
    .command('export')
    .argument('<what>', 'users, grants or audit')
    .option('--format <format>', 'jsonl for one JSON object a line, or csv', 'jsonl')
    .option('--at <time>', 'grants as they were at this time, like 2026-01-31 or 2026-01-31T12:00:00Z')
    .option('--before <time>', 'only events of the audit before this time')
    .option('--file <file>', 'write to this file, which must not exist, instead of standard output')
    .description('Write all users, grants or events of the audit that you may see. "import" takes users back.')
    .action(async (what: string, options: { format: string }) => {
      const { exportAll } = await import('./export/export.ts')
      run.exitCode = await exportAll(run.terminal, { ...program.opts(), ...options, what })
    })
}

function addCommand(run: Run, program: Command, spec: CommandSpec) {
  const [summary = ''] = spec.description.split('\n')
  const command = program.command(spec.name).summary(summary.replace(/\. .*/, '.')).description(spec.description)
  addOptions(command, spec)
  command.exitOverride().action(async (...received) => {
    const flags: Flags = received.at(-2)
    const asked = readVariables(spec, spec.positional ? received[0] : undefined, flags)
    const variables = await askSecrets(run.terminal, asked)
    run.exitCode = await runCommand(run.terminal, { ...program.opts(), spec, variables, all: flags.all === true })
  })
}
