import type { Terminal } from './terminal.ts'

/** A line that says how far a long command is, on a terminal. */
export interface Progress {
  hide(): void
  show(more: number): Promise<void>
}

const CLEAR_LINE = '\r\u001b[K'

/** Shows progress where a person waits and does not see the rows themselves; `countAll` is asked once. */
export function createProgress({ stdout, stderr }: Terminal, countAll: () => Promise<string>): Progress {
  if (!stderr.isTTY || stdout.isTTY) return { hide() {}, async show() {} }
  let done = 0
  let total: Promise<string> | null = null
  return {
    hide: () => stderr.write(CLEAR_LINE),
    async show(more) {
      done += more
      total ??= countAll()
      stderr.write(`${done.toLocaleString('en-US')} of ${await total}`)
    },
  }
}
