/** The options of a command, and the values that a command line gives them. */
import { type Command, Option } from 'commander'
import {
  type GraphQLInputObjectType,
  type GraphQLInputType,
  isEnumType,
  isInputObjectType,
  isScalarType,
} from 'graphql'
import { type CommandSpec, isList, namedOf, PAGE_PARAMETERS, type Parameter } from './commands.ts'
import { variableOf } from './secrets.ts'
import { shortcutsOf } from './shortcuts.ts'
import { ASKED, namesOfValues, readValue, UsageError } from './values.ts'

/** The options of one command line, by the names of their parameters. */
export type Flags = Record<string, string | string[] | boolean | undefined>

/** Adds the positional argument and the options of a command. */
export function addOptions(command: Command, spec: CommandSpec) {
  const { positional, parameters, hasInput } = spec
  if (positional) {
    const word = isList(positional.type) ? `${positional.name}...` : positional.name
    command.argument(`<${word}>`, positional.description)
  }
  const shortcuts = shortcutsOf(spec)
  for (const parameter of parameters) {
    const shortcut = shortcuts.find(({ flag }) => flag === parameter.flag)
    command.addOption(optionOf({ ...parameter, description: shortcut?.description ?? describe(parameter) }))
  }
  const taken = new Set(parameters.map(({ flag }) => flag))
  for (const { flag, description, isRepeatable } of shortcuts) {
    if (!taken.has(flag)) command.option(`--${flag} <value${isRepeatable ? '...' : ''}>`, description)
  }
  if (spec.isPaged) command.addOption(new Option('--all', 'show the whole list').conflicts(PAGE_PARAMETERS))
  if (hasInput) command.addOption(clearOption(parameters))
}

/** In the descriptions of the API null is what removes a value; on the command line that is `--clear`. */
const REMOVES = /\bnull removes\b/

/** Describes an option in the words of the command line, with the values that it takes. */
function describe({ flag, description, type }: Parameter): string {
  return [description.replace(REMOVES, `--clear ${flag} removes`), ...describeValues(namedOf(type))].join(' ')
}

function describeValues(type: GraphQLInputType): string[] {
  if (isEnumType(type)) return [`One of ${namesOfValues(type)}.`]
  if (!isInputObjectType(type)) return []
  return [`Parts: ${partsOf(type, '').join(', ')}.`]
}

/** Describes parts as they are written: `role=…`, `everywhere=true`, `kind=HUMAN|SERVICE`, `username.startsWith=…`. */
function partsOf(type: GraphQLInputObjectType, path: string): string[] {
  return Object.values(type.getFields()).flatMap(({ name, type: given, extensions }) => {
    const named = namedOf(given)
    if (extensions.isSecret) return `${path}${name}=-`
    if (isEnumType(named)) return `${path}${name}=${namesOfValues(named, '|')}`
    // The inputs of all mutations would fill pages.
    if (isInputObjectType(named))
      return path === '' && name !== 'mutation' ? partsOf(named, `${name}.`) : `${path}${name}.…`
    return isScalarType(named) && named.name === 'Boolean' ? `${path}${name}=true` : `${path}${name}=…`
  })
}

/** `--clear` is listed where there is something to remove; it is taken everywhere, as null is by the API. */
function clearOption(parameters: Parameter[]): Option {
  const names = parameters.filter(({ description }) => REMOVES.test(description)).map(({ flag }) => flag)
  return new Option('--clear <names...>', `remove these values: ${names.join(', ')}`).hideHelp(names.length === 0)
}

function optionOf({ name, flag, type, description, isRequired, isSecret }: Parameter): Option {
  if (isSecret) return new Option(`--${flag}`, `${description} Asked for, or from ${variableOf(name)}.`)
  const named = namedOf(type)
  const isFlag = isScalarType(named) && named.name === 'Boolean' && !isList(type)
  const value = isFlag ? '[true|false]' : `<value${isList(type) ? '...' : ''}>`
  return new Option(`--${flag} ${value}`, description).makeOptionMandatory(isRequired)
}

/** Reads the variables of a command. @throws UsageError */
export function readVariables(
  spec: CommandSpec,
  word: string | string[] | undefined,
  flags: Flags,
): Record<string, unknown> {
  const { positional, hasInput } = spec
  const values: Record<string, unknown> = {}
  if (positional && word !== undefined) values[positional.name] = readValue(positional.flag, positional.type, word)
  for (const parameter of spec.parameters) Object.assign(values, readFlag(parameter, flags[parameter.name]))
  for (const name of [flags.clear ?? []].flat()) values[clearedName(spec, String(name))] = null
  for (const shortcut of shortcutsOf(spec)) shortcut.apply(flags, values)
  if (!hasInput) return values
  // `dryRun` is the only argument beside `input`.
  const { dryRun, ...input } = values
  return dryRun === undefined ? { input } : { input, dryRun }
}

/** Reads a value under its name; empty where its flag was not given. A secret is asked for later. */
function readFlag(
  { name, flag, type, isSecret, isRequired }: Parameter,
  given: Flags[string],
): Record<string, unknown> {
  if (isSecret) return isRequired || given ? { [name]: ASKED } : {}
  return given === undefined ? {} : { [name]: readValue(flag, type, given) }
}

/** @throws UsageError with a message that names what can be cleared */
function clearedName({ parameters }: CommandSpec, given: string): string {
  const clearable = parameters.filter(({ name, isRequired }) => !isRequired && name !== 'dryRun')
  const found = clearable.find(({ name, flag }) => given === name || given === flag)
  if (found) return found.name
  throw new UsageError(`--clear knows no "${given}", but ${clearable.map(({ flag }) => flag).join(', ')}.`)
}
