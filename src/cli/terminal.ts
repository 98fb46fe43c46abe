import type { Readable, Writable } from 'node:stream'

/** What a command line reads from and writes to: the process, or a replacement for it. */
export interface Terminal {
  env: Record<string, string | undefined>
  stdin: Readable & { isTTY?: boolean; unref?(): void }
  /** The columns are known only where a person looks at it. */
  stdout: Writable & { isTTY?: boolean; columns?: number }
  stderr: Writable & { isTTY?: boolean }
}
