import type { Readable, Writable } from 'node:stream'

/** What a command line reads from and writes to: the process, or a replacement for it. */
export interface Terminal {
  env: Record<string, string | undefined>
  stdin: Readable & { isTTY?: boolean; unref?(): void }
  stdout: Writable
  stderr: Writable & { isTTY?: boolean }
}
