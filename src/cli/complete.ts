/** What a shell offers for the word that is being typed: commands, flags, and names from the server. */
import type { Command, Option } from 'commander'
import { type GraphQLInputType, isEnumType, isInputObjectType, isRequiredInputField, isScalarType } from 'graphql'
import { type CommandSpec, namedOf, type Parameter } from './commands.ts'
import { summarize } from './help.ts'
import { type Kind, namesFromServer } from './names.ts'
import { readProfiles } from './profiles.ts'
import type { Terminal } from './terminal.ts'
import { TOPICS } from './topics.ts'

/** A value, and what is said about it. */
export interface Candidate {
  value: string
  about?: string
}

/** The program and the commands of the schema. */
interface Known {
  program: Command
  specs: CommandSpec[]
}

type Names = (kind: Kind, start: string) => Promise<Candidate[]>

/** Returns what fits the last of the words, which come after the name of the program. */
export async function complete(terminal: Terminal, known: Known, words: string[]): Promise<Candidate[]> {
  const { program } = known
  const current = words.at(-1) ?? ''
  const before = words.slice(0, -1)
  const names: Names = (kind, start) => namesFromServer(terminal, optionsIn(before), kind, start)
  const command = findCommand(program, before)
  const candidates = await candidatesOf({ terminal, known, command, before, current, names })
  return candidates.filter(({ value }) => value.toLowerCase().startsWith(current.toLowerCase()))
}

interface Place {
  terminal: Terminal
  known: Known
  command: Command
  /** The words before the current one. */
  before: string[]
  current: string
  names: Names
}

/** Returns the command that the words name, with the command in it, such as `ensure role`. */
function findCommand(program: Command, words: string[]): Command {
  let command = program
  for (const word of words) command = command.commands.find((one) => one.name() === word) ?? command
  return command
}

/** The words that say which server is asked. */
function optionsIn(words: string[]): { url?: string; profile?: string } {
  const after = (flag: string) => {
    const place = words.indexOf(flag)
    return place >= 0 ? words[place + 1] : undefined
  }
  const [url, profile] = [after('--url'), after('--profile')]
  return { ...(url && { url }), ...(profile && { profile }) }
}

async function candidatesOf(place: Place): Promise<Candidate[]> {
  const { command, known, current, before } = place
  const last = before.at(-1)
  const options = [...command.options, ...known.program.options]
  const flag = last === undefined ? undefined : options.find(({ long, short }) => long === last || short === last)
  if (flag && (flag.required || flag.optional)) return valuesOf(place, flag)
  if (current.startsWith('-'))
    return [...command.options, ...(command === known.program ? [] : known.program.options)].flatMap(flagOf)
  if (command.commands.length > 0) return listed(command)
  // The values of a list are words without a flag of their own.
  const list = [...before].reverse().find((word) => word.startsWith('--'))
  const variadic = command.options.find(({ long, variadic: isVariadic }) => isVariadic && long === list)
  return variadic ? valuesOf(place, variadic) : argumentsOf(place)
}

function flagOf({ long, description, hidden }: Option): Candidate[] {
  return long && !hidden ? [{ value: long, about: firstPart(description) }] : []
}

function firstPart(text: string): string {
  return text.replaceAll('\n', ' ').split(/\. |; /)[0] ?? ''
}

const FORMS = ['table', 'wide', 'json', 'csv']

async function valuesOf(place: Place, { long }: Option): Promise<Candidate[]> {
  const { terminal, known, command, names, current } = place
  if (long === '--profile') return Object.keys(readProfiles(terminal.env).profiles).map(plain)
  if (long === '--output') return FORMS.map(plain)
  const spec = known.specs.find(({ name }) => name === command.name())
  const parameter = spec?.parameters.find(({ flag }) => `--${flag}` === long)
  if (parameter) return valuesOfType(parameter, parameter.type, current, names)
  const kind = KINDS[long?.slice(2) ?? '']
  return kind ? names(kind, current) : []
}

/** What a parameter of this name names. */
const KINDS: Record<string, Kind> = {
  user: 'users',
  role: 'roles',
  project: 'projects',
  organization: 'organizations',
  controller: 'controllers',
  permissions: 'permissions',
  permission: 'permissions',
  addPermissions: 'permissions',
  removePermissions: 'permissions',
  basePermissions: 'permissions',
  addBasePermissions: 'permissions',
  removeBasePermissions: 'permissions',
}

async function valuesOfType(
  { name }: Pick<Parameter, 'name'>,
  type: GraphQLInputType,
  current: string,
  names: Names,
): Promise<Candidate[]> {
  const named = namedOf(type)
  if (isEnumType(named))
    return named
      .getValues()
      .map((value) => ({ value: value.name.toLowerCase(), about: firstPart(value.description ?? '') }))
  if (isInputObjectType(named)) return partsOf(named, current, names)
  if (isScalarType(named) && named.name === 'Boolean') return ['true', 'false'].map(plain)
  const kind = KINDS[name]
  return kind ? names(kind, current) : []
}

/** Completes the last part of `role=EDITOR,project=ap`. */
async function partsOf(type: GraphQLInputType, current: string, names: Names): Promise<Candidate[]> {
  const fields = isInputObjectType(type) ? type.getFields() : {}
  const done = current.slice(0, current.lastIndexOf(',') + 1)
  const [key = '', value] = current.slice(done.length).split('=')
  if (value === undefined) return [...(done === '' ? await firstOf(type, current, names) : []), ...keysOf(type, done)]
  const field = fields[key]
  if (!field) return []
  const inner = isInputObjectType(namedOf(field.type)) ? [] : await valuesOfType(field, field.type, value, names)
  return inner.map((candidate) => ({ ...candidate, value: `${done}${key}=${candidate.value}` }))
}

function keysOf(type: GraphQLInputType, done: string): Candidate[] {
  const fields = isInputObjectType(type) ? Object.values(type.getFields()) : []
  return fields.map(({ name, description }) => ({ value: `${done}${name}=`, about: firstPart(description ?? '') }))
}

/** The first part can be written without its key. */
async function firstOf(type: GraphQLInputType, current: string, names: Names): Promise<Candidate[]> {
  const field = isInputObjectType(type) ? Object.values(type.getFields()).find(isRequiredInputField) : undefined
  return field ? valuesOfType(field, field.type, current, names) : []
}

function plain(value: string): Candidate {
  return { value }
}

const LEVELS = ['read', 'write', 'admin', 'login', 'add-model', 'superuser']

/** The arguments of commands that are not in the schema, by command and place. */
const ARGUMENTS: Record<string, (Kind | 'topics' | 'shells' | 'profiles' | 'what' | 'on')[]> = {
  help: ['topics'],
  completion: ['shells'],
  use: ['profiles'],
  logout: ['profiles'],
  why: ['users', 'what', 'on'],
  'can-i': ['what', 'on'],
  'who-can': ['what', 'on'],
  grant: ['users', 'roles', 'on'],
  user: ['users'],
  role: ['roles'],
  project: ['projects'],
  controller: ['controllers'],
}

async function argumentsOf(place: Place): Promise<Candidate[]> {
  const { terminal, known, command, before, current, names } = place
  const given = before.slice(before.lastIndexOf(command.name()) + 1).filter((word) => !word.startsWith('-'))
  const spec = known.specs.find(({ name }) => name === command.name())
  const kind = spec && command.parent === known.program ? kindOf(spec) : ARGUMENTS[command.name()]?.[given.length]
  if (kind === undefined || (spec && given.length > 0)) return []
  if (kind === 'topics')
    return [...TOPICS.map(({ name, summary }) => ({ value: name, about: summary })), ...commandsOf(known)]
  if (kind === 'shells') return ['bash', 'zsh', 'fish', 'powershell'].map(plain)
  if (kind === 'profiles') return Object.keys(readProfiles(terminal.env).profiles).map(plain)
  if (kind === 'what') return [...(await names('permissions', current)), ...LEVELS.map(plain)]
  if (kind === 'on') return [...(await names('projects', current)), ...(await names('controllers', current))]
  return names(kind, current)
}

function commandsOf({ program }: Known): Candidate[] {
  return listed(program)
}

function listed(command: Command): Candidate[] {
  const shown = command.commands.filter((one) => one.name() !== 'complete')
  return shown.map((one) => ({ value: one.name(), about: summarize(one) }))
}

/** What the positional argument of a command names; nothing where it is the name of something new. */
function kindOf({ name, positional }: CommandSpec): Kind | undefined {
  if (!positional || /^(create|add)-/.test(name)) return undefined
  return KINDS[positional.name] ?? KINDS[name]
}
