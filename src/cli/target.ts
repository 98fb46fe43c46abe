/** What a command is sent to: a server with a key, or the database itself. */
import { printable } from './cells.ts'
import { findProfile, readProfiles } from './profiles.ts'
import type { Terminal } from './terminal.ts'
import { UsageError } from './values.ts'

/** The options of the program that say where a command goes. */
export interface TargetOptions {
  url?: string
  profile?: string
  local?: boolean
}

export interface Target {
  url: string
  key: string | undefined
  /** The name of the profile that is used; null where the address was given. */
  profile: string | null
}

/**
 * Returns the server; null for the database. A profile's key is sent to no other server than its own, and CHATELAINE_API_KEY to
 * no profile's. @throws UsageError
 */
export function findTarget({ env }: Terminal, { url, profile, local }: TargetOptions): Target | null {
  if ([url, profile, local].filter(Boolean).length > 1)
    throw new UsageError('--url, --profile and --local exclude each other.')
  if (local) return null
  const address = url || (profile ? undefined : env.CHATELAINE_URL)
  if (address) return { url: address, key: env.CHATELAINE_API_KEY || keyOf(env, address), profile: null }
  const profiles = readProfiles(env)
  const chosen = profile || env.CHATELAINE_PROFILE || profiles.current
  if (!chosen) return null
  if (!profile && chosen === env.CHATELAINE_PROFILE && !Object.hasOwn(profiles.profiles, chosen))
    throw noProfile(chosen)
  const { url: own, key } = findProfile(profiles, chosen)
  return { url: own, key, profile: chosen }
}

function noProfile(name: string): UsageError {
  const shown = printable(name.slice(0, 40))
  return new UsageError(
    `CHATELAINE_PROFILE must be the name of a profile, which "chatelaine login" keeps, not "${shown}".`,
  )
}

/** Returns the key of the current profile, if it is of this server. */
function keyOf(env: Terminal['env'], url: string): string | undefined {
  const { current, profiles } = readProfiles(env)
  const profile = current === null ? undefined : profiles[current]
  return profile?.url === url ? profile.key : undefined
}
