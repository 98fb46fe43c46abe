/** Writes the address of GraphiQL with the query of a command. */
import { parse, print } from 'graphql'
import type { CommandSpec } from './commands.ts'
import { documentOf } from './document.ts'
import type { Output } from './output.ts'
import { findTarget, type TargetOptions } from './target.ts'
import type { Terminal } from './terminal.ts'
import { UsageError } from './values.ts'

/** A command that is not done. */
interface Shown {
  spec: CommandSpec
  variables: Record<string, unknown>
  output: Output
  target: TargetOptions
}

/** Prints the link. Secrets are left out: an address is kept in the history of a browser. @throws UsageError */
export function printLink(terminal: Terminal, { spec, variables, output, target: options }: Shown) {
  const target = findTarget(terminal, options)
  if (!target)
    throw new UsageError('GraphiQL is a page of a server: name it with --url, or sign in with "chatelaine login".')
  const url = new URL(target.url)
  url.searchParams.set('query', print(parse(documentOf(spec, variables, output.fields))))
  if (Object.keys(variables).length > 0) url.searchParams.set('variables', JSON.stringify(variables, null, 2))
  terminal.stdout.write(`${url.href}\n`)
}
