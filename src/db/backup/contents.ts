/** What a backup holds, whether it comes from a database or from a file. */

import { VERSION } from '../../version.ts'

/** The version of the format of a backup. A program reads this one and older ones. */
export const FORMAT_VERSION = 1
export const FORMAT = 'chatelaine backup'

/** The backup can't be made, read or loaded; the message says why, and nothing was changed. */
export class BackupError extends Error {
  override name = 'BackupError'
}

/** One table of a backup. The fingerprint is the sum of the hashes of its rows, in any order. */
export interface TableSummary {
  schema: string
  name: string
  rows: number
  fingerprint: string
}

/** The first line of a backup. */
export interface Header {
  format: typeof FORMAT
  version: number
  /** The version of the program that made it. */
  program: string
  createdAt: string
  /** The migrations that its database had, the last of which names the schema. */
  migrations: string[]
  tables: TableSummary[]
}

/** Rows of one table. Each row is a JSON object in text, as the database wrote it: no number or text of it is changed on the way. */
export interface Batch {
  table: TableSummary
  rows: string[]
}

export interface Contents {
  header: Header
  /** Reads all rows, from the first one at each call. @throws BackupError where they are not what the header says */
  batches(): AsyncIterable<Batch>
}

/** Is called as rows are written or loaded, with the number of rows of the table that are done. */
export type Progress = (table: TableSummary, done: number) => void

export function createHeader(migrations: string[], tables: TableSummary[]): Header {
  const createdAt = new Date().toISOString()
  return { format: FORMAT, version: FORMAT_VERSION, program: VERSION, createdAt, migrations, tables }
}

/** @throws BackupError where this program can't know all that the backup holds */
export function refuseNewerBackup(header: Header, knownMigrations: readonly string[]) {
  const unknown = header.migrations.filter((name) => !knownMigrations.includes(name))
  if (header.version <= FORMAT_VERSION && unknown.length === 0) return
  const reason = unknown.length > 0 ? `it has ${unknown.join(', ')}` : `its format has version ${header.version}`
  throw new BackupError(
    `The backup belongs to a newer version of Chatelaine (${reason}): restore it with version ${header.program}.`,
  )
}

/** Counts the rows of each table as batches pass by. */
export function createCounter(report: Progress) {
  const done = new Map<TableSummary, number>()
  return {
    add({ table, rows }: Batch) {
      const count = (done.get(table) ?? 0) + rows.length
      done.set(table, count)
      report(table, count)
    },
    /** @throws BackupError where the rows are not as many as the header says */
    refuseDifference({ tables }: Header) {
      for (const table of tables) {
        const count = done.get(table) ?? 0
        if (count === table.rows) continue
        throw new BackupError(`The backup is damaged: it has ${count} rows of ${table.name} instead of ${table.rows}.`)
      }
    },
  }
}
