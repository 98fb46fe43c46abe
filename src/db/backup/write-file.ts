import { createHash, randomBytes } from 'node:crypto'
import { createWriteStream, renameSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { BackupError, type Contents, createCounter, type Progress, type TableSummary } from './contents.ts'

/**
 * Writes a backup into a file that only this operating system user can read. The file is under its name only when it is
 * whole and on the disk.
 *
 * The format is gzip of lines of JSON: the header; before the rows of each table, its name in an array; each row as an object;
 * and at the end `["sha256", …]` of all lines before.
 * @throws BackupError
 */
export async function writeBackup(contents: Contents, path: string, report: Progress) {
  const part = `${path}.${randomBytes(4).toString('hex')}.part`
  try {
    const file = createWriteStream(part, { flags: 'wx', mode: 0o600, flush: true })
    await pipeline(Readable.from(linesOf(contents, report)), createGzip(), file)
    renameSync(part, path)
    await flushFolder(dirname(path))
  } catch (error) {
    rmSync(part, { force: true })
    throw explainFile(error, path)
  }
}

/** A file that was renamed has its new name on the disk only after this. */
async function flushFolder(path: string) {
  const folder = await open(path)
  await folder.sync().finally(() => folder.close())
}

/** Says why a file can't be written or read, where that is the reason. */
export function explainFile(error: unknown, path: string): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException
  if (code === undefined || syscall === undefined) return error
  if (code === 'ENOSPC') return new BackupError(`There is no room for the file "${path}".`)
  const done = { open: 'opened', read: 'read' }[syscall] ?? 'written'
  return new BackupError(`The file "${path}" can’t be ${done} (${code}).`)
}

async function* linesOf({ header, batches }: Contents, report: Progress): AsyncGenerator<string> {
  const hash = createHash('sha256')
  const hashed = (text: string) => {
    hash.update(text)
    return text
  }
  yield hashed(`${JSON.stringify(header)}\n`)
  const counter = createCounter(report)
  let current: TableSummary | null = null
  for await (const batch of batches()) {
    if (batch.table !== current) yield hashed(`${JSON.stringify([batch.table.name])}\n`)
    current = batch.table
    yield hashed(`${batch.rows.join('\n')}\n`)
    counter.add(batch)
  }
  counter.refuseDifference(header)
  yield endLine(hash.digest('hex'))
}

export const END = '["sha256",'

export function endLine(sha256: string): string {
  return `${END}"${sha256}"]\n`
}
