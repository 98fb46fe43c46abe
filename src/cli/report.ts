import { CommanderError } from 'commander'
import { EXIT } from './exit.ts'
import { UnreachableError } from './send.ts'
import { UsageError } from './values.ts'

/** What stopped a command, as its standard error says it, and its exit code. */
export interface Report {
  text: string
  exitCode: number
}

/** Describes an error. What only the server's code throws is known only to that, which is then loaded already. */
export async function describeError(error: unknown): Promise<Report> {
  if (error instanceof CommanderError) return { text: '', exitCode: error.exitCode === 0 ? EXIT.done : EXIT.badInput }
  if (error instanceof UsageError) return { text: line(error.message), exitCode: EXIT.badInput }
  if (error instanceof UnreachableError) return { text: line(error.message), exitCode: EXIT.unavailable }
  const { describeServerError } = await import('./server-errors.ts')
  const { message, isOutOfReach } = describeServerError(error)
  return { text: line(message), exitCode: isOutOfReach ? EXIT.unavailable : EXIT.failed }
}

function line(message: string | undefined): string {
  return `chatelaine: ${message}\n`
}
