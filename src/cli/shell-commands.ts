/** The commands for this program itself. What they do is loaded when they run. */
import type { Command } from 'commander'
import type { CommandSpec } from './commands.ts'
import type { Run } from './run.ts'
import { UsageError } from './values.ts'

export function addShellCommands(program: Command, { terminal: { stdout }, terminal }: Run, specs: CommandSpec[]) {
  program
    .command('completion')
    .argument('<shell>', 'bash, zsh, fish or powershell')
    .description(
      'Print the script for completion in a shell, with names from the server: source <(chatelaine completion bash).',
    )
    .action(async (shell: string) => {
      const { completionScript } = await import('./completion.ts')
      stdout.write(completionScript(shell))
    })
  program
    .command('complete', { hidden: true })
    .argument('[words...]', 'the words after the name of the program')
    .option('--new', 'a new word begins')
    .description('Print what fits the last word, each with what it is.')
    .action(async (words: string[], { new: isNew }: { new?: boolean }) => {
      const [{ complete }, { printable }] = await Promise.all([import('./complete.ts'), import('./cells.ts')])
      const found = await complete(terminal, { program, specs }, isNew ? [...words, ''] : words)
      const lines = found.map(({ value, about }) =>
        [value, about].filter(Boolean).map((text) => printable(String(text))),
      )
      stdout.write(lines.map((line) => `${line.join('\t')}\n`).join(''))
    })
  program
    .command('man')
    .description('Print the manual page: chatelaine man | man -l -')
    .action(async () => {
      const { manualPage } = await import('./man.ts')
      stdout.write(manualPage(program))
    })
  program
    .command('open')
    .argument('<command...>', 'a command of the API with its options; it is not done')
    .description('Print the address of GraphiQL with the query of a command, to try it in a browser.')
    .action(() => {
      throw new UsageError('Write "open" first: chatelaine open users --url http://127.0.0.1:4000/graphql')
    })
}
