/** The servers that a person is signed in to, in a file that only they can read. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, isAbsolute, join } from 'node:path'
import type { Terminal } from './terminal.ts'
import { UsageError } from './values.ts'

/** A server, and with what it is asked. */
export interface Profile {
  url: string
  username: string
  /** A key, or the token of a session. */
  key: string
  isSession: boolean
  /** The end of the session or key; null where it has none. */
  expiresAt: string | null
}

export interface Profiles {
  /** The name of the profile that commands use; null where they use none. */
  current: string | null
  profiles: Record<string, Profile>
}

type Env = Terminal['env']

/** Returns the path of the file; null where the user of the process has no folder for it. @throws UsageError */
function pathOf({ XDG_CONFIG_HOME, APPDATA, HOME }: Env): string | null {
  if (XDG_CONFIG_HOME && !isFolder(XDG_CONFIG_HOME))
    throw new UsageError('XDG_CONFIG_HOME must be the absolute path of a folder, like /home/bob/.config.')
  const folder = XDG_CONFIG_HOME || APPDATA || (HOME && join(HOME, '.config'))
  return folder ? join(folder, 'chatelaine', 'profiles.json') : null
}

/** Whether it is a folder, or can be made. */
function isFolder(path: string): boolean {
  return isAbsolute(path) && statSync(parentThatExists(path)).isDirectory()
}

function parentThatExists(path: string): string {
  return existsSync(path) ? path : parentThatExists(dirname(path))
}

/** Reads the profiles; none where there is no file. @throws UsageError where other users can read the file */
export function readProfiles(env: Env): Profiles {
  const path = pathOf(env)
  const text = path === null ? null : readOwn(path)
  if (text === null) return { current: null, profiles: {} }
  try {
    const { current, profiles } = JSON.parse(text) as Profiles
    return { current, profiles: { ...profiles } }
  } catch {
    throw new UsageError(`${path} is damaged: remove it, and sign in again with "chatelaine login".`)
  }
}

function readOwn(path: string): string | null {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (!stats) return null
  // It holds keys: a copy that others can read is as bad as a lost key.
  if (process.platform !== 'win32' && (stats.mode & 0o077) !== 0)
    throw new UsageError(`${path} holds keys, and other users can read it: run "chmod 600 ${path}".`)
  return readFileSync(path, 'utf8')
}

/** Writes the profiles, as a whole or not at all. @throws UsageError */
export function writeProfiles(env: Env, profiles: Profiles) {
  const path = pathOf(env)
  if (path === null) throw new UsageError('Set XDG_CONFIG_HOME or HOME: profiles are kept in a folder there.')
  const part = `${path}.${process.pid}.part`
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    writeFileSync(part, `${JSON.stringify(profiles, null, 2)}\n`, { mode: 0o600, flag: 'wx' })
    renameSync(part, path)
  } catch (error) {
    rmSync(part, { force: true })
    throw new UsageError(`${path} can’t be written (${(error as NodeJS.ErrnoException).code}).`)
  }
}

/** Returns a profile by its name. @throws UsageError with the names that there are */
export function findProfile({ profiles }: Profiles, name: string): Profile {
  const profile = Object.hasOwn(profiles, name) ? profiles[name] : undefined
  if (profile) return profile
  const names = Object.keys(profiles)
  const known = names.length > 0 ? `There are ${names.join(', ')}.` : 'There is none: run "chatelaine login".'
  throw new UsageError(`There is no profile "${name}". ${known}`)
}
