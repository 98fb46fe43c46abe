/** A bar on standard error, where that is a terminal. */
import type { Terminal } from '../terminal.ts'

const WIDTH = 30

export interface Progress {
  show(done: number): void
  end(): void
}

export function startProgress({ stderr }: Pick<Terminal, 'stderr'>, total: number, what: string): Progress {
  if (!stderr.isTTY || total === 0) return { show() {}, end() {} }
  return {
    show(done) {
      const filled = Math.round((done / total) * WIDTH)
      stderr.write(`\r[${'#'.repeat(filled)}${' '.repeat(WIDTH - filled)}] ${done} of ${total} ${what}`)
    },
    end: () => stderr.write('\r\u001b[K'),
  }
}
