import type { Terminal } from './terminal.ts'

/** The state of one command line while it runs. */
export interface Run {
  terminal: Terminal
  exitCode: number
  /** True where a command is not done: the address of GraphiQL with its query is printed. */
  isOpen: boolean
}
