import type { Terminal } from './terminal.ts'

/** The state of one command line while it runs. */
export interface Run {
  terminal: Terminal
  exitCode: number
}
