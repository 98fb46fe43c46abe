/**
 * What is different where the JSON of the database is the answer itself: values stand in it as clients see them. What only
 * the executor can answer is not compiled.
 */
import { type SQL, sql } from 'drizzle-orm'
import {
  type GraphQLEnumType,
  type GraphQLOutputType,
  getNamedType,
  getNullableType,
  isEnumType,
  isListType,
  isScalarType,
} from 'graphql'
import type { Compilation } from './compilation.ts'
import type { CallerFlag } from './spec.ts'
import { literal } from './sql.ts'

/** Something is selected that only the executor can answer: an ordinary resolver, or what the caller may not read. */
export class NotFinalError extends Error {}

/** The scalars whose values are in the database as they are in the answer. */
const AS_THEY_ARE = new Set(['String', 'ID', 'Int', 'Float', 'Boolean', 'DateTime', 'EmailAddress', 'Duration'])

/** @throws NotFinalError where the caller is not in the scope, so that the executor has to refuse it */
export function requireScope(c: Compilation, scope: CallerFlag | undefined) {
  if (c.isFinal && scope && !c.caller.flag(scope)) throw new NotFinalError()
}

/** A value of a field as clients see it. @throws NotFinalError */
export function leafSql(c: Compilation, value: SQL, type: GraphQLOutputType): SQL {
  if (!c.isFinal) return value
  const named = getNamedType(type)
  if (isScalarType(named) && AS_THEY_ARE.has(named.name)) return value
  if (!isEnumType(named)) throw new NotFinalError()
  return enumSql(value, named, isListType(getNullableType(type)))
}

function enumSql(value: SQL, type: GraphQLEnumType, isList: boolean): SQL {
  const renamed = type.getValues().filter((one) => one.value !== one.name)
  if (renamed.length === 0) return value
  if (isList) throw new NotFinalError()
  const cases = type.getValues().map((one) => sql`when ${literal(one.value)} then ${literal(one.name)}`)
  return sql`case ${value} ${sql.join(cases, sql` `)} end`
}

/**
 * A value that the caller may read where the verdict allows it, and otherwise null. In a final answer a row where it does not
 * makes the statement fail, so that the executor answers, with its error.
 */
export function guardedSql(c: Compilation, value: SQL, verdict: SQL): SQL {
  if (!c.isFinal) return sql`case when ${verdict} then ${value} end`
  return sql`case when ${verdict} then to_json(${value}) else to_json(1 / (${verdict})::int) end`
}

/** A cursor as clients see it, from its JSON. */
export function cursorSql(c: Compilation, json: SQL): SQL {
  if (!c.isFinal) return json
  return sql`translate(encode(convert_to(${json}, 'UTF8'), 'base64'), '+/=' || chr(10), '-_')`
}
