import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import {
  BackupError,
  type Batch,
  type Contents,
  createCounter,
  FORMAT,
  type Header,
  type TableSummary,
} from './contents.ts'
import { END, endLine, explainFile } from './write-file.ts'

/** Opens a backup in a file. Nothing but the header is read before `batches`. @throws BackupError */
export async function openBackup(path: string): Promise<Contents> {
  for await (const [line] of readLines(path)) {
    const header = parseHeader(line)
    return { header, batches: () => readBatches(path, header) }
  }
  throw new BackupError(NO_BACKUP)
}

const NO_BACKUP = 'The file is not a backup of Chatelaine.'

function parseHeader(line: string | undefined): Header {
  try {
    const header = JSON.parse(line ?? '') as Header
    if (header.format === FORMAT && header.migrations.length > 0 && header.tables.length > 0) return header
  } catch {}
  throw new BackupError(NO_BACKUP)
}

function damaged(reason: string): BackupError {
  return new BackupError(`The backup is damaged: ${reason}.`)
}

/** Reads the rows. @throws BackupError where a byte is missing or is not as it was written */
async function* readBatches(path: string, header: Header): AsyncGenerator<Batch> {
  const counter = createCounter(() => {})
  const reader = createReader(header)
  for await (const lines of readLines(path)) {
    for (const batch of reader.read(lines)) {
      counter.add(batch)
      yield batch
    }
  }
  if (!reader.isWhole()) throw damaged('its end is missing')
  counter.refuseDifference(header)
}

/** Knows which table the lines belong to, and adds up their hash. */
function createReader({ tables }: Header) {
  const hash = createHash('sha256')
  const byName = new Map(tables.map((table) => [table.name, table]))
  let isFirst = true
  let isWhole = false
  let table: TableSummary | undefined

  /** Returns whether the line is a row. */
  function take(line: string): boolean {
    if (isWhole) throw damaged('more follows its end')
    if (line.startsWith(END)) {
      isWhole = `${line}\n` === endLine(hash.digest('hex'))
      if (!isWhole) throw damaged('its checksum is another')
      return false
    }
    hash.update(`${line}\n`)
    if (line.startsWith('{') && !isFirst) return true
    if (!isFirst) table = byName.get(line.slice(2, -2))
    isFirst = false
    return false
  }
  return {
    isWhole: () => isWhole,
    *read(lines: string[]): Generator<Batch> {
      let rows: string[] = []
      for (const line of lines) {
        const before = table
        if (take(line)) rows.push(line)
        else if (before && rows.length > 0) {
          yield { table: before, rows }
          rows = []
        }
      }
      if (rows.length === 0) return
      if (!table) throw damaged('it has rows of no table')
      yield { table, rows }
    },
  }
}

/** Reads the file in pieces of whole lines. Texts in JSON can hold what other readers take for the end of a line. */
async function* readLines(path: string): AsyncGenerator<string[]> {
  const unzipped = createGunzip()
  // The error of either stream is thrown by the loop.
  const done = pipeline(createReadStream(path), unzipped).catch((error: unknown) => unzipped.destroy(error as Error))
  unzipped.setEncoding('utf8')
  let rest = ''
  try {
    for await (const text of unzipped as AsyncIterable<string>) {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      if (lines.length > 0) yield lines
    }
  } catch (error) {
    throw explainRead(error, path)
  } finally {
    unzipped.destroy()
    await done
  }
  if (rest !== '') throw damaged('its end is missing')
}

function explainRead(error: unknown, path: string): unknown {
  const { code = '', message } = error as NodeJS.ErrnoException
  if (!code.startsWith('Z_')) return explainFile(error, path)
  return message === 'incorrect header check' ? new BackupError(NO_BACKUP) : damaged(message)
}
