/** `login`, `use`, `whoami` and `logout`: the servers that a person works with. */
import { createInterface } from 'node:readline/promises'
import { EXIT, exitCodeOf, isErrorMember } from './exit.ts'
import type { Output } from './output.ts'
import { formatJson, formatResult } from './print.ts'
import { findProfile, type Profile, readProfiles, writeProfiles } from './profiles.ts'
import { say, sayErrors } from './run-command.ts'
import { askSecrets, OWN_KEY } from './secrets.ts'
import { overHttp, type Result, UnreachableError } from './send.ts'
import { findTarget, type TargetOptions } from './target.ts'
import type { Terminal } from './terminal.ts'
import { ASKED, UsageError } from './values.ts'

/** How a person wants to sign in. */
interface Login {
  url: string | undefined
  username?: string
  /** True for an API key in place of a password. */
  withKey: boolean
  name?: string
}

const VIEWER = `{ viewer { mustChangePassword expiresAt user { username } apiKey { label hint } session { expiresAt } } }`
const SIGN_IN = `mutation ($input: SignInInput!) { signIn(input: $input) { __typename
  ... on SignInPayload { token } ... on MutationError { code message } } }`
const SIGN_OUT =
  'mutation { signOut { __typename ... on SignOutPayload { changed } ... on MutationError { code message } } }'

interface Viewer {
  mustChangePassword: boolean
  expiresAt: string | null
  user: { username: string }
  apiKey: { label: string; hint: string } | null
  session: object | null
}

/** Signs in with a password or a key, and keeps it as the current profile. Returns the exit code. @throws UsageError */
export async function login(terminal: Terminal, { url: given, username, withKey, name }: Login): Promise<number> {
  const profiles = readProfiles(terminal.env)
  const url = addressOf(given ?? (profiles.current ? profiles.profiles[profiles.current]?.url : undefined))
  warnOfPlainText(terminal, url)
  const signedIn = withKey ? await askKey(terminal) : await signIn(terminal, url, username)
  if (typeof signedIn === 'number') return signedIn
  const { viewer, exitCode } = await readViewer(terminal, url, signedIn)
  if (!viewer) return exitCode
  const isSession = viewer.session !== null
  const profile = { url, username: viewer.user.username, key: signedIn, isSession, expiresAt: viewer.expiresAt }
  const kept = name ?? new URL(url).host
  writeProfiles(terminal.env, { current: kept, profiles: { ...profiles.profiles, [kept]: profile } })
  terminal.stdout.write(`Signed in to ${url} as ${profile.username}${untilOf(profile)}. The profile is "${kept}".\n`)
  if (viewer.mustChangePassword)
    say(
      terminal,
      'This password was set by another user: choose your own with "chatelaine change-password --current-password".',
    )
  return EXIT.done
}

/** The address of a server is taken without the path of its API. @throws UsageError */
function addressOf(given: string | undefined): string {
  const url = given === undefined ? null : URL.parse(given)
  if (!url || !/^https?:$/.test(url.protocol))
    throw new UsageError('Name the server: chatelaine login https://chatelaine.example.com')
  return url.pathname === '/' ? new URL('/graphql', url).href : String(given)
}

function warnOfPlainText(terminal: Terminal, url: string) {
  const { protocol, hostname } = new URL(url)
  if (protocol === 'http:' && !/^(localhost|127\.|\[::1\]$)/.test(hostname))
    say(terminal, 'The address begins with http: others on the way can read what is sent.')
}

async function askKey(terminal: Terminal): Promise<string> {
  return String((await askSecrets(terminal, { [OWN_KEY]: ASKED }))[OWN_KEY])
}

/** Returns the token of a new session, or the exit code where there is none. */
async function signIn(terminal: Terminal, url: string, given: string | undefined): Promise<string | number> {
  const username = given ?? (await askUsername(terminal))
  const { password } = await askSecrets(terminal, { password: ASKED })
  const result = await overHttp(url, undefined)(SIGN_IN, { input: { username, password } })
  const { signIn: answer } = (result.data ?? {}) as { signIn?: { token: string } }
  if (answer && !isErrorMember(answer)) return answer.token
  if (isErrorMember(answer)) say(terminal, answer.message)
  else sayErrors(terminal, result)
  return exitCodeOf('signIn', result)
}

async function askUsername({ stdin, stderr }: Terminal): Promise<string> {
  if (!stdin.isTTY) throw new UsageError('Name the user: chatelaine login --username bob, or --with-key.')
  const prompt = createInterface({ input: stdin, output: stderr })
  try {
    return await prompt.question('username: ')
  } finally {
    prompt.close()
  }
}

async function readViewer(terminal: Terminal, url: string, key: string | undefined) {
  const result: Result = await overHttp(url, key)(VIEWER, {})
  const viewer = (result.data?.viewer ?? null) as Viewer | null
  if (!viewer) sayErrors(terminal, result)
  return { viewer, exitCode: exitCodeOf('viewer', result) }
}

function untilOf({ expiresAt }: Pick<Profile, 'expiresAt'>): string {
  return expiresAt === null ? '' : ` until ${expiresAt.replace(/\.\d+Z$/, 'Z')}`
}

/** Makes a profile the current one, or lists all. Returns the exit code. @throws UsageError */
export function use(
  terminal: Terminal,
  name: string | undefined,
  { form, look }: Pick<Output, 'form' | 'look'>,
): number {
  const profiles = readProfiles(terminal.env)
  if (name !== undefined) {
    const { url, username } = findProfile(profiles, name)
    writeProfiles(terminal.env, { ...profiles, current: name })
    terminal.stdout.write(`Commands are sent to ${url} as ${username}.\n`)
    return EXIT.done
  }
  const rows = Object.entries(profiles.profiles).map(([profile, { url, username, isSession, expiresAt }]) => {
    return {
      profile,
      isCurrent: profile === profiles.current,
      url,
      username,
      by: isSession ? 'password' : 'key',
      expiresAt,
    }
  })
  terminal.stdout.write(`${form === 'json' ? formatJson(rows) : formatResult(rows, look)}\n`)
  return EXIT.done
}

/** Says as which user, by what and where commands are done. Returns the exit code. @throws UsageError */
export async function whoAmI(
  terminal: Terminal,
  options: TargetOptions,
  { form, look }: Pick<Output, 'form' | 'look'>,
): Promise<number> {
  const target = findTarget(terminal, options)
  if (!target) {
    const who = { user: 'the operator', server: 'none: commands work on the database of the configuration' }
    terminal.stdout.write(`${form === 'json' ? formatJson({ user: null, server: null }) : formatResult(who, look)}\n`)
    return EXIT.done
  }
  const { viewer, exitCode } = await readViewer(terminal, target.url, target.key)
  if (!viewer) return exitCode
  const by = viewer.apiKey ? `the key "${viewer.apiKey.label}" (…${viewer.apiKey.hint})` : 'a session'
  const { expiresAt } = viewer
  const who = { user: viewer.user.username, server: target.url, profile: target.profile, by, expiresAt }
  terminal.stdout.write(`${form === 'json' ? formatJson(who) : formatResult(who, look)}\n`)
  return EXIT.done
}

/** Ends the session of a profile and forgets the profile. Returns the exit code. @throws UsageError */
export async function logout(terminal: Terminal, given: string | undefined): Promise<number> {
  const profiles = readProfiles(terminal.env)
  const name = given ?? profiles.current
  if (name === null) throw new UsageError('You are not signed in to a server.')
  const profile = findProfile(profiles, name)
  const { [name]: _, ...others } = profiles.profiles
  writeProfiles(terminal.env, { current: profiles.current === name ? null : profiles.current, profiles: others })
  terminal.stdout.write(`The profile "${name}" is forgotten. ${await endSession(profile)}\n`)
  return EXIT.done
}

/** Ends the session at its server and says what became of it. */
async function endSession({ url, key, isSession }: Profile): Promise<string> {
  if (!isSession) return 'Its API key stays valid; "chatelaine revoke-api-key" ends a key.'
  try {
    await overHttp(url, key)(SIGN_OUT, {})
    return 'Its session is ended.'
  } catch (error) {
    if (!(error instanceof UnreachableError)) throw error
    return 'Its server can’t be reached: the session ends by itself.'
  }
}
