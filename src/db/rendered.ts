import { type SQL, sql } from 'drizzle-orm'
import { PgDialect } from 'drizzle-orm/pg-core'
import { type Connection, runStatement } from './database.ts'

/** Stands for a value of the run in a statement, as a parameter of this type of SQL. */
export type Parameter<Values> = (sqlType: string, read: (values: Values) => unknown) => SQL

const dialect = new PgDialect()

/** A statement whose text is written once, at its first run, and prepared: only its values differ. */
export function rendered<Values, Row extends object>(build: (parameter: Parameter<Values>) => SQL) {
  const readers = new Map<unknown, (values: Values) => unknown>()
  const parameter: Parameter<Values> = (sqlType, read) => {
    const placeholder = sql.placeholder(String(readers.size))
    readers.set(placeholder, read)
    return sql`${placeholder}::${sql.raw(sqlType)}`
  }
  let written: { sql: string; params: unknown[] } | undefined
  return async (on: Connection, values: Values): Promise<Row[]> => {
    written ??= dialect.sqlToQuery(build(parameter))
    const params = written.params.map((param) => {
      const read = readers.get(param)
      return read ? read(values) : param
    })
    return (await runStatement(on, written.sql, params, true)) as Row[]
  }
}
