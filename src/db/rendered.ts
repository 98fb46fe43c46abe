import { type SQL, sql } from 'drizzle-orm'
import { PgDialect } from 'drizzle-orm/pg-core'
import { type Connection, runStatement } from './database.ts'

/** Stands for a value of the run in a statement, as a parameter of this type of SQL. */
export type Parameter<Values> = (sqlType: string, read: (values: Values) => unknown) => SQL

/** Runs a statement with its values. */
export type Rendered<Values, Row> = (on: Connection, values: Values) => Promise<Row[]>

const dialect = new PgDialect()

/** A statement whose text is written once and prepared: only its values differ. */
export function render<Values, Row extends object>(
  build: (parameter: Parameter<Values>) => SQL,
): Rendered<Values, Row> {
  const readers = new Map<unknown, (values: Values) => unknown>()
  const { sql: text, params } = dialect.sqlToQuery(
    build((sqlType, read) => {
      const placeholder = sql.placeholder(String(readers.size))
      readers.set(placeholder, read)
      return sql`${placeholder}::${sql.raw(sqlType)}`
    }),
  )
  return async (on, values) => {
    const given = params.map((param) => {
      const read = readers.get(param)
      return read ? read(values) : param
    })
    return (await runStatement(on, text, given, true)) as Row[]
  }
}
