/** Reads the variables of the environment. Messages name the variable, what is wrong, and a form that would do. */
import { quote } from './quote.ts'
import { readSecretFile } from './secret-file.ts'

export type Environment = Record<string, string | undefined>

/** A setting that prevents the start; the message names the variable and what it must be. */
export class ConfigError extends Error {
  override name = 'ConfigError'
}

/** Reads a whole number. @throws ConfigError */
export function integerVariable(
  environment: Environment,
  name: string,
  fallback: number,
  lowest: number,
  highest: number,
): number {
  const text = environment[name]
  if (!text) return fallback
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (value >= lowest && value <= highest) return value
  throw new ConfigError(`${name} must be a whole number from ${lowest} to ${highest}, not ${quote(text)}.`)
}

/** @throws ConfigError */
export function booleanVariable(environment: Environment, name: string, fallback = false): boolean {
  const text = environment[name]
  if (!text) return fallback
  if (text === 'true' || text === 'false') return text === 'true'
  throw new ConfigError(`${name} must be true or false, not ${quote(text)}.`)
}

const LONGEST_PATH = 150

/** The value of a secret: that of the variable itself, or the content of the file that its `…_FILE` names. It is never repeated. @throws ConfigError */
export function secretVariable(environment: Environment, name: string): string | null {
  const fileVariable = `${name}_FILE`
  const path = environment[fileVariable]
  const given = environment[name]
  if (!path) return given || null
  if (given) throw new ConfigError(`${name} and ${fileVariable} are both set: set one of them.`)
  const read = readSecretFile(path)
  if ('text' in read) return read.text
  throw new ConfigError(
    `${fileVariable}: the file ${quote(path, LONGEST_PATH)} ${read.problem}: it must hold the value of ${name}, and nothing else.`,
  )
}
