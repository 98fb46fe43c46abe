import type { SQL } from 'drizzle-orm'
import type { Connection } from '../db/database.ts'
import { type Parameter, type Rendered, render } from '../db/rendered.ts'
import type { CallerFlag, CallerScope } from '../read/spec.ts'
import type { Caller } from './caller.ts'

/**
 * A statement about a caller, whose text is written once for each combination of the caller's flags and of `shape`. The flags
 * that `build` asks for are found out as it is built.
 */
export function callerStatement<Values, Row extends object>(given: {
  callerOf(values: Values): Caller
  /** What else decides the text. */
  shape?(values: Values): string
  build(caller: CallerScope, parameter: Parameter<Values>, values: Values): SQL
}): Rendered<Values, Row> {
  const { callerOf, shape = () => '' } = given
  const flags = new Map<string, CallerFlag>()
  const statements = new Map<string, Rendered<Values, Row>>()
  const keyOf = (values: Values) => {
    const caller = callerOf(values)
    return `${shape(values)} ${[...flags.values()].map(({ of }) => (of(caller) ? 1 : 0)).join('')}`
  }

  function build(values: Values): Rendered<Values, Row> {
    const known = flags.size
    const statement = render<Values, Row>((parameter) =>
      given.build(scopeOf(callerOf, values, parameter, flags), parameter, values),
    )
    // The keys of other statements lack the flags that were not known.
    if (flags.size > known) statements.clear()
    statements.set(keyOf(values), statement)
    return statement
  }

  return (on: Connection, values: Values) => (statements.get(keyOf(values)) ?? build(values))(on, values)
}

/** The caller of a statement: flags are noted, and each value is one parameter, however often it is used. */
function scopeOf<Values>(
  callerOf: (values: Values) => Caller,
  values: Values,
  parameter: Parameter<Values>,
  flags: Map<string, CallerFlag>,
): CallerScope {
  const params = new Map<string, SQL>()
  return {
    flag(flag) {
      flags.set(flag.name, flag)
      return flag.of(callerOf(values))
    },
    param({ name, sqlType, of }) {
      const param = params.get(name) ?? parameter(sqlType, (run) => of(callerOf(run)))
      params.set(name, param)
      return param
    },
  }
}
