import { and, type SQL, sql } from 'drizzle-orm'
import type { Builder, Filter, TypeOption } from './declarations.ts'
import type { ArgumentScope, Row } from './spec.ts'

/** Filters on one indexed column each, by a small input of typed operators. */
export function createFilters(builder: Builder, dateTime: TypeOption) {
  const nameFilter = builder.inputType('NameFilter', {
    description: 'Fits names, whatever their case; every key given must fit.',
    fields: (t) => ({
      equals: t.string({ description: 'The whole name.' }),
      in: t.stringList({ description: 'One of these names.' }),
      startsWith: t.string({ description: 'The beginning of the name.' }),
    }),
  })
  const timeFilter = builder.inputType('TimeFilter', {
    description: 'Fits points in time; every key given must fit.',
    fields: (t) => ({
      from: t.field({ type: dateTime as never, description: 'At this time or later.' }),
      until: t.field({ type: dateTime as never, description: 'Before this time.' }),
    }),
  })

  /** On a column that holds the lower case of a name. */
  function name(column: string, description: string): Filter {
    return {
      type: nameFilter as unknown as TypeOption,
      description,
      column,
      where: (row, args, path) =>
        and(
          when(args, `${path}.equals`, (p) => sql`${at(row, column)} = ${args.param(p, 'text', lowerCase)}`),
          when(args, `${path}.in`, (p) => sql`${at(row, column)} = any(${args.param(p, 'text[]', lowerCases)})`),
          when(args, `${path}.startsWith`, (p) => startsWith(row, column, args, p)),
        ),
    }
  }

  function time(column: string, description: string): Filter {
    return {
      type: timeFilter as unknown as TypeOption,
      description,
      column,
      where: (row, args, path) =>
        and(
          when(args, `${path}.from`, (p) => sql`${at(row, column)} >= ${args.param(p, 'timestamptz', isoText)}`),
          when(args, `${path}.until`, (p) => sql`${at(row, column)} < ${args.param(p, 'timestamptz', isoText)}`),
        ),
    }
  }

  return { name, time }
}

/** The half-open range of all texts with this beginning: what an index in byte order can scan. */
function startsWith(row: Row, column: string, args: ArgumentScope, path: string): SQL {
  const from = args.param(path, 'text', lowerCase)
  const until = args.param(path, 'text', afterPrefix)
  return sql`(${at(row, column)} >= ${from} and ${at(row, column)} < ${until})`
}

function when(args: ArgumentScope, path: string, condition: (path: string) => SQL): SQL | undefined {
  return args.has(path) ? condition(path) : undefined
}

function at(row: Row, column: string) {
  return sql`${row[column]}`
}

/** As the database keeps it in the columns of keys. */
export const lowerCase = (text: string) => text.toLowerCase()
const lowerCases = (texts: string[]) => texts.map(lowerCase)
const isoText = (time: Date) => time.toISOString()
/** Names are ASCII, so that no name sorts after its prefix followed by the highest character. */
const afterPrefix = (text: string) => `${text.toLowerCase()}\u{10ffff}`
