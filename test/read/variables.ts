/** The variables of a random document: declared while it is written, given anew for each of its runs. */
import type { Random } from './random.ts'

/** `undefined` is a variable not given at all. `sofar` are the values of the variables declared before it. */
export type MakeValue = (random: Random, sofar: Record<string, unknown>) => unknown

interface Variable {
  name: string
  type: string
  make: MakeValue
}

export function createVariables(random: Random) {
  const declared: Variable[] = []

  /** `$name`, new or one that has been used before for the same. */
  function use(kind: string, type: string, make: MakeValue): string {
    const same = declared.filter((variable) => variable.name.startsWith(`${kind}_`) && variable.type === type)
    const shared = same.length > 0 && random.chance(0.4) ? random.pick(same) : undefined
    if (shared) return `$${shared.name}`
    return declare(kind, type, make)
  }

  /** `$name`, always a new one. */
  function declare(kind: string, type: string, make: MakeValue): string {
    const variable = { name: `${kind}_${declared.length}`, type, make }
    declared.push(variable)
    return `$${variable.name}`
  }

  function header(): string {
    return declared.length === 0 ? '' : `(${declared.map(({ name, type }) => `$${name}: ${type}`).join(', ')})`
  }

  /** Values for one run. */
  function values(of: Random): Record<string, unknown> {
    const values: Record<string, unknown> = {}
    for (const { name, make } of declared) {
      const value = make(of, values)
      if (value !== undefined) values[name] = value
    }
    return values
  }

  return { use, declare, header, values }
}

export type Variables = ReturnType<typeof createVariables>
