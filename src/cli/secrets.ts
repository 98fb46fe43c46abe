/** Reads secrets: from the environment, from hidden typing, or from a line of standard input; never from a flag. */
import { createInterface, type Interface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import type { Terminal } from './terminal.ts'
import { ASKED, UsageError } from './values.ts'

/** Replaces every ASKED with its secret, at any depth. @throws UsageError where a secret is not given */
export async function askSecrets(
  terminal: Terminal,
  values: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  const lines = createLineReader(terminal)
  try {
    return (await fill(values, '')) as Record<string, unknown>
  } finally {
    lines.stop()
  }

  async function fill(value: unknown, name: string): Promise<unknown> {
    if (value === ASKED) return askSecret(terminal, lines, name)
    if (Array.isArray(value)) return inTurn(value.map((item) => () => fill(item, name)))
    if (typeof value !== 'object' || value === null) return value
    const keys = Object.keys(value)
    const filled = await inTurn(keys.map((key) => () => fill((value as Record<string, unknown>)[key], key)))
    return Object.fromEntries(keys.map((key, index) => [key, filled[index]]))
  }
}

async function inTurn(asks: (() => Promise<unknown>)[]): Promise<unknown[]> {
  const answers: unknown[] = []
  for (const ask of asks) answers.push(await ask())
  return answers
}

/** The caller's own key, as it is asked for. */
export const OWN_KEY = 'API key'

/** The key that a command asks about has a variable of its own: it is not the caller's key. */
const VARIABLES: Record<string, string> = { apiKey: 'CHATELAINE_ASKED_API_KEY', [OWN_KEY]: 'CHATELAINE_API_KEY' }

/** `newPassword` → `CHATELAINE_NEW_PASSWORD`. */
export function variableOf(name: string): string {
  return VARIABLES[name] ?? `CHATELAINE_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`
}

async function askSecret(terminal: Terminal, lines: LineReader, name: string): Promise<string> {
  const given = terminal.env[variableOf(name)]
  if (given) return given
  const line = terminal.stdin.isTTY ? await typeUnseen(terminal, name) : await lines.next()
  if (line) return line
  throw new UsageError(`${name} is needed: set ${variableOf(name)}, or give it as a line of standard input.`)
}

async function typeUnseen({ stdin, stderr }: Terminal, name: string): Promise<string> {
  stderr.write(`${name}: `)
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const prompt = createInterface({ input: stdin, output: nowhere, terminal: true })
  try {
    return await prompt.question('')
  } finally {
    prompt.close()
    stderr.write('\n')
  }
}

interface LineReader {
  next(): Promise<string>
  /** Stops reading: the process that writes may leave the pipe open, and nothing more is waited for. */
  stop(): void
}

function createLineReader({ stdin }: Terminal): LineReader {
  let input: Interface | null = null
  let lines: AsyncIterator<string> | null = null
  return {
    async next() {
      input ??= createInterface({ input: stdin })
      lines ??= input[Symbol.asyncIterator]()
      const { value } = await lines.next()
      return value ?? ''
    },
    stop() {
      input?.close()
      stdin.unref?.()
    },
  }
}
