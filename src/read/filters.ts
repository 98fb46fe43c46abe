import { and, not, type SQL, sql } from 'drizzle-orm'
import type { Builder, Filter, TypeOption } from './declarations.ts'
import type { ArgumentScope, Row } from './spec.ts'

/** Creates filters, each on one indexed column, with a small input of typed operators. */
export function createFilters(builder: Builder, dateTime: TypeOption) {
  const nameFilter = builder.inputType('NameFilter', {
    description: 'A filter on names, which ignores the case of A to Z; a name must fit every key given.',
    fields: (t) => ({
      equals: t.string({ description: 'The name is equal to this text.' }),
      in: t.stringList({ description: 'The name is one of these.' }),
      startsWith: t.string({ description: 'The name begins with this text.' }),
    }),
  })
  const timeFilter = builder.inputType('TimeFilter', {
    description: 'A filter on points in time; a time must fit every key given.',
    fields: (t) => ({
      from: t.field({ type: dateTime, description: 'At this time or later.' }),
      to: t.field({ type: dateTime, description: 'Before this time.' }),
    }),
  })

  /** Creates a filter on a column that contains the lower case of a name. */
  function name(column: string, description: string): Filter {
    return {
      type: nameFilter,
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
      type: timeFilter,
      description,
      column,
      where: (row, args, path) =>
        and(
          when(args, `${path}.from`, (p) => sql`${at(row, column)} >= ${args.param(p, 'timestamptz', isoText)}`),
          when(args, `${path}.to`, (p) => sql`${at(row, column)} < ${args.param(p, 'timestamptz', isoText)}`),
        ),
    }
  }

  /** Creates a filter on a column that has one of the values of an enum. */
  function choice(column: string, type: TypeOption, description: string): Filter {
    return {
      type,
      description,
      column,
      where: (row, args, path) => sql`${at(row, column)} = ${args.param(path, 'text', asIs)}`,
    }
  }

  /** Creates a filter that keeps, where its argument has this value, the rows of which the condition holds, and otherwise the others. */
  function whether(value: boolean, condition: (row: Row) => SQL, description: string): Filter {
    return {
      type: 'Boolean',
      description,
      where: (row, args, path) =>
        args.matches(path, String(value), (given) => given === value) ? condition(row) : not(condition(row)),
    }
  }

  /** Creates a filter on what has not been since a time, or never was. */
  function notSince(column: string, description: string): Filter {
    return {
      type: dateTime,
      description,
      where(row, args, path) {
        const since = args.param(path, 'timestamptz', isoText)
        return sql`(${at(row, column)} is null or ${at(row, column)} < ${since})`
      },
    }
  }

  return { name, time, choice, whether, notSince }
}

/** The half-open range of all texts with this prefix, which an index in byte order can scan. */
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

/** Returns the lower case of a text, as the database stores it in key columns: of A to Z alone. */
export const lowerCase = (text: string) => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
const lowerCases = (texts: string[]) => texts.map(lowerCase)
const asIs = (value: string) => value
const isoText = (time: Date) => time.toISOString()
/** Returns the end of the range of a prefix: no text sorts after its prefix followed by the highest character. */
const afterPrefix = (text: string) => `${lowerCase(text)}\u{10ffff}`
