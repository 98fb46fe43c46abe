/** Secrets on their way in: from the environment, typed unseen, or a line of standard input; never from a flag. */
import { createInterface, type Interface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { ASKED, UsageError } from './values.ts'

/** Puts secrets in the place of every ASKED, deep. @throws UsageError where there is none */
export async function askSecrets(value: unknown, name = ''): Promise<unknown> {
  if (value === ASKED) return askSecret(name)
  if (Array.isArray(value)) return inTurn(value.map((item) => () => askSecrets(item, name)))
  if (typeof value !== 'object' || value === null) return value
  const keys = Object.keys(value)
  const values = await inTurn(keys.map((key) => () => askSecrets((value as Record<string, unknown>)[key], key)))
  return Object.fromEntries(keys.map((key, index) => [key, values[index]]))
}

async function inTurn(asks: (() => Promise<unknown>)[]): Promise<unknown[]> {
  const answers: unknown[] = []
  for (const ask of asks) answers.push(await ask())
  return answers
}

/** `newPassword` → `CHATELAINE_NEW_PASSWORD`. The key that is asked about is not the one that asks. */
export function variableOf(name: string): string {
  if (name === 'apiKey') return 'CHATELAINE_ASKED_API_KEY'
  return `CHATELAINE_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`
}

async function askSecret(name: string): Promise<string> {
  const given = process.env[variableOf(name)]
  if (given) return given
  const line = process.stdin.isTTY ? await typeUnseen(name) : await readLine()
  if (line) return line
  throw new UsageError(`${name} is needed: set ${variableOf(name)}, or give it as a line of standard input.`)
}

async function typeUnseen(name: string): Promise<string> {
  process.stderr.write(`${name}: `)
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const terminal = createInterface({ input: process.stdin, output: nowhere, terminal: true })
  try {
    return await terminal.question('')
  } finally {
    terminal.close()
    process.stderr.write('\n')
  }
}

let input: Interface | null = null
let lines: AsyncIterator<string> | null = null

async function readLine(): Promise<string> {
  input ??= createInterface({ input: process.stdin })
  lines ??= input[Symbol.asyncIterator]()
  const { value } = await lines.next()
  return value ?? ''
}

/** Whoever writes may leave the pipe open: nothing more is waited for. */
export function stopReading() {
  input?.close()
  process.stdin.unref?.()
}
