import { getTableColumns, type SQL, sql } from 'drizzle-orm'
import { PgDialect, type PgTable } from 'drizzle-orm/pg-core'
import { type Connection, runStatement } from './database.ts'

/** Stands for a value of the run in a statement, as a parameter of this type of SQL; null leaves the type to the database. */
export type Parameter<Values> = (sqlType: string | null, read: (values: Values) => unknown) => SQL

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
      return sqlType === null ? sql`${placeholder}` : sql`${placeholder}::${sql.raw(sqlType)}`
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

/** Inserts rows into a table: the values of its columns by their names in Drizzle, read from a relation where there is one. */
export function insertSql(table: PgTable, values: Record<string, SQL>, from: SQL = sql``): SQL {
  const columns = getTableColumns(table)
  const names = Object.keys(values).map((name) => sql.identifier(columns[name as never]?.name ?? name))
  return sql`insert into ${table} (${sql.join(names, sql`, `)}) select ${sql.join(Object.values(values), sql`, `)} ${from}`
}

/** A part of a statement, as its text and its values: parts of the same text differ in nothing but their values. */
export interface Part {
  text: string
  values: unknown[]
}

/** Splits SQL that is short: to write its text is work for each run. */
export function partOf(query: SQL): Part {
  const { sql: text, params } = dialect.sqlToQuery(query)
  return { text, values: params }
}

/** The SQL of a part, with a parameter in place of each of its values. */
export function sqlOf({ text }: Part, parameter: (index: number) => SQL): SQL {
  const [first = '', ...others] = text.split(/\$\d+/)
  return sql.join([sql.raw(first), ...others.map((rest, index) => sql`${parameter(index)}${sql.raw(rest)}`)])
}
