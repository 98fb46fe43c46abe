/** What a command is sent to: a server with a key, or the database itself. */
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
  if (local && profile) throw new UsageError('--local and --profile exclude each other.')
  if (local) return null
  const name = profile ?? (url ? undefined : env.CHATELAINE_PROFILE)
  if (url && name === undefined) return { url, key: env.CHATELAINE_API_KEY || keyOf(env, url), profile: null }
  const profiles = readProfiles(env)
  const chosen = name ?? profiles.current
  if (!chosen) return null
  const { url: address, key } = findProfile(profiles, chosen)
  return { url: address, key, profile: chosen }
}

/** Returns the key of the current profile, if it is of this server. */
function keyOf(env: Terminal['env'], url: string): string | undefined {
  const { current, profiles } = readProfiles(env)
  const profile = current === null ? undefined : profiles[current]
  return profile?.url === url ? profile.key : undefined
}
