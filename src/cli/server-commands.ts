/** The commands that are not in the schema: they work on the server or its database. */
import type { Command } from 'commander'
import type { Config } from '../config.ts'
import type { Run } from './run.ts'
import type { Terminal } from './terminal.ts'

/** @throws ConfigError */
async function configOf({ env }: Terminal): Promise<Config> {
  const { readConfig } = await import('../config.ts')
  return readConfig(env)
}

/** Adds the commands with which a server is started and its keys are replaced. */
export function addServerCommands(program: Command, run: Run) {
  const { terminal } = run
  const { stdout } = terminal
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
      run.exitCode = await exportAudit(terminal, { target: program.opts(), file, before })
    })
}

/** Adds the commands that copy the whole database. */
export function addBackupCommands(program: Command, { terminal }: Run) {
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
