/** The commands that bring users from another system, and that write what is here. */
import type { Command } from 'commander'
import type { Run } from './run.ts'

export function addDataCommands(program: Command, run: Run) {
  const { terminal } = run
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
      run.exitCode = await importFiles(terminal, { ...options, target: program.opts(), files })
    })
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
      run.exitCode = await exportAll(terminal, { ...options, target: program.opts(), what })
    })
}

function collect(value: string, before: string[]): string[] {
  return [...before, value]
}
