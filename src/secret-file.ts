/** Secrets in files, as Docker, Kubernetes and systemd give them. */
import { readFileSync } from 'node:fs'

/** Reads a secret without the newline at its end. Returns what is wrong with the file, where something is. */
export function readSecretFile(path: string): { text: string } | { problem: string } {
  try {
    const text = readFileSync(path, 'utf8').replace(/\r?\n$/, '')
    return text === '' ? { problem: 'is empty' } : { text }
  } catch (error) {
    return { problem: `can’t be read (${(error as NodeJS.ErrnoException).code})` }
  }
}
