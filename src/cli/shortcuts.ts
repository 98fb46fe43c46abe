/** Flags in addition to those of the schema: the flags of the commands that this program replaces. */
import type { CommandSpec } from './commands.ts'
import { UsageError } from './values.ts'

interface Shortcut {
  flag: string
  /** It takes the place of the schema's description where the flag is one of the schema. */
  description: string
  isRepeatable: boolean
  /** Writes the given flags into the values of the input. */
  apply(flags: Record<string, unknown>, values: Record<string, unknown>): void
}

export function shortcutsOf(spec: CommandSpec): Shortcut[] {
  const takes = (name: string) => spec.hasInput && spec.parameters.some((parameter) => parameter.name === name)
  return [
    ...(takes('displayName') ? [firstName, lastName] : []),
    ...(takes('roles') && takes('displayName') ? [role] : []),
    ...(takes('ifExists') ? [update] : []),
  ]
}

const ALONE = 'for a name of one part use --display-name.'

const firstName: Shortcut = {
  flag: 'first-name',
  description: 'joined with --last-name, which it needs, to the display name',
  isRepeatable: false,
  apply(flags, values) {
    const names = [flags.firstName, flags.lastName].filter((name) => name !== undefined)
    // One of them alone would erase the other from the name that is there.
    if (names.length === 1) throw new UsageError(`--first-name and --last-name need each other: ${ALONE}`)
    if (names.length === 2 && values.displayName === undefined) values.displayName = names.join(' ')
  },
}

const lastName: Shortcut = {
  flag: 'last-name',
  description: 'joined with --first-name, which it needs, to the display name',
  isRepeatable: false,
  apply() {},
}

const role: Shortcut = {
  flag: 'role',
  description: 'a role to hold everywhere; can be repeated',
  isRepeatable: true,
  apply(flags, values) {
    const roles = [flags.role ?? []].flat().map((name) => ({ role: name, everywhere: true }))
    if (roles.length > 0) values.roles = [...((values.roles as unknown[]) ?? []), ...roles]
  },
}

/** Scripts repeat commands: running a command again updates what exists. */
const update: Shortcut = {
  flag: 'if-exists',
  description: 'FAIL or UPDATE: what happens where it exists already; UPDATE by default.',
  isRepeatable: false,
  apply(_flags, values) {
    values.ifExists ??= 'UPDATE'
  },
}
