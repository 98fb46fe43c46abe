/** Reads the files of an import. Nothing of a file is quoted in an error: it holds keys and hashes. */
import { readFile } from 'node:fs/promises'
import type { Terminal } from '../terminal.ts'
import { UsageError } from '../values.ts'
import { isObject, type Json } from './plan.ts'

const LONGEST_LINE = 65_536

/** Reads a file as text, or standard input where it is called `-`. @throws UsageError */
export async function readText({ stdin }: Terminal, file: string): Promise<string> {
  const bytes = file === '-' ? await readAll(stdin) : await readFile(file).catch((error) => refuseFile(file, error))
  const text = bytes.toString().replace(/^\uFEFF/, '')
  if (text.includes('\uFFFD')) throw new UsageError(`${file} is not text in UTF-8.`)
  return text
}

async function readAll(stdin: Terminal['stdin']): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stdin) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}

function refuseFile(file: string, { code }: { code?: string }): never {
  throw new UsageError(`The file "${file}" can’t be read (${code}).`)
}

/** @throws UsageError */
export function readJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new UsageError(`${file} is not JSON: it may be an error page of the other system, or cut off.`)
  }
}

/** Reads the objects of a file that has one on each line. @throws UsageError */
export function readJsonLines(file: string, text: string): { value: Json; at: string }[] {
  refuseLongLines(file, text)
  return text.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return []
    const at = `${file}, line ${index + 1}`
    const value = readJson(at, line)
    if (isObject(value)) return { value, at }
    throw new UsageError(`${at} is no object.`)
  })
}

/** @throws UsageError that names the line */
export function refuseLongLines(file: string, text: string) {
  for (let [from, line] = [0, 1]; from <= text.length; line++) {
    const end = text.indexOf('\n', from)
    const length = (end < 0 ? text.length : end) - from
    if (length > LONGEST_LINE)
      throw new UsageError(`${file}, line ${line} has ${length} characters, but at most ${LONGEST_LINE} are read.`)
    from = end < 0 ? text.length + 1 : end + 1
  }
}
