import type { SQL } from 'drizzle-orm'
import { LRUCache } from 'lru-cache'
import type { Connection } from '../db/database.ts'
import { type Parameter, type Rendered, render } from '../db/rendered.ts'
import type { CallerFlag, CallerScope } from '../read/spec.ts'
import type { Caller } from './caller.ts'

/** The shapes that are kept of one statement: a mutation of many items has as many shapes as there are items. */
const MOST_SHAPES = 500

/**
 * A statement whose text is written once for each `shape`, and for each combination of the flags of the callers that it is
 * about. The flags that `build` asks for are found out as it is built.
 */
export function callersStatement<Values, Row extends object>(given: {
  callersOf(values: Values): readonly Caller[]
  /** What else decides the text. */
  shape(values: Values): string
  build(callers: CallerScope[], parameter: Parameter<Values>, values: Values): SQL
}): Rendered<Values, Row> {
  const { callersOf, shape } = given
  const flags = new Map<string, CallerFlag>()
  const statements = new LRUCache<string, Rendered<Values, Row>>({ max: MOST_SHAPES })
  let bits = new WeakMap<Caller, string>()

  function bitsOf(caller: Caller): string {
    const known = bits.get(caller) ?? [...flags.values()].map(({ of }) => (of(caller) ? 1 : 0)).join('')
    bits.set(caller, known)
    return known
  }
  const keyOf = (values: Values) => [shape(values), ...callersOf(values).map(bitsOf)].join(' ')

  function build(values: Values): Rendered<Values, Row> {
    const known = flags.size
    try {
      return render((parameter) => given.build(scopesOf(values, parameter), parameter, values))
    } finally {
      // The keys of other statements lack the flags that were not known.
      if (flags.size > known) {
        statements.clear()
        bits = new WeakMap()
      }
    }
  }

  function scopesOf(values: Values, parameter: Parameter<Values>): CallerScope[] {
    return callersOf(values).map((caller, index) =>
      scopeOf(caller, flags, (sqlType, of) => parameter(sqlType, (run) => of(callersOf(run)[index]))),
    )
  }

  function statementOf(values: Values): Rendered<Values, Row> {
    const known = statements.get(keyOf(values))
    if (known) return known
    const statement = build(values)
    statements.set(keyOf(values), statement)
    return statement
  }

  return (on: Connection, values: Values) => statementOf(values)(on, values)
}

/** The same about one caller. */
export function callerStatement<Values, Row extends object>(given: {
  callerOf(values: Values): Caller
  shape?(values: Values): string
  build(caller: CallerScope, parameter: Parameter<Values>, values: Values): SQL
}): Rendered<Values, Row> {
  const { callerOf, shape = () => '', build } = given
  return callersStatement({
    callersOf: (values) => [callerOf(values)],
    shape,
    build: ([caller], parameter, values) => build(caller as CallerScope, parameter, values),
  })
}

/** A caller of a statement: flags are noted, and each value is one parameter, however often it is used. */
function scopeOf(
  caller: Caller,
  flags: Map<string, CallerFlag>,
  parameter: (sqlType: string, of: (caller: unknown) => unknown) => SQL,
): CallerScope {
  const params = new Map<string, SQL>()
  return {
    flag(flag) {
      flags.set(flag.name, flag)
      return flag.of(caller)
    },
    param({ name, sqlType, of }) {
      const param = params.get(name) ?? parameter(sqlType, of)
      params.set(name, param)
      return param
    },
  }
}
