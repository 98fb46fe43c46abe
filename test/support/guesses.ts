/** Guesses at passwords from many addresses, for a server that trusts loopback as a proxy. */
import { type Answer, type Client, startApp, type TestApp } from './app.ts'
import { basic, PASSWORD, SIGN_IN, VIEWER } from './sessions.ts'

/** Whoever sends requests: an app, or another server of its database. */
interface Requester {
  as(headers: Record<string, string>): Pick<Client, 'send'>
}

/** One guess, from this address. */
export type Guess = (app: Requester, address: string, username: string, password: string) => Promise<Answer>

export const bySignIn: Guess = (app, address, username, password) =>
  app.as(at(address)).send(SIGN_IN, { username, password })

export const byBasic: Guess = (app, address, username, password) =>
  app.as({ ...at(address), ...basic(username, password) }).send(VIEWER)

/** The header by which a proxy says where a request is from. */
export function at(address: string): { 'x-forwarded-for': string } {
  return { 'x-forwarded-for': address }
}

/** A server that takes addresses from a proxy on this machine. */
export function startBehindProxy(): TestApp {
  return startApp({ trustedProxies: ['loopback'] })
}

/** What came of a guess: `in`, `wrong`, `limited`, or what else was answered. */
export function outcomeOf({ status, errors, data }: Answer): string {
  const code = errors[0]?.extensions.code
  if (code === undefined && (data?.signIn?.token || data?.viewer?.user)) return 'in'
  if (code === 'UNAUTHENTICATED' && status === 401) return 'wrong'
  if (data?.signIn?.code === 'WRONG_CREDENTIALS' && status === 200) return 'wrong'
  return code === 'RATE_LIMITED' ? 'limited' : `${status} ${code}`
}

/** So many wrong guesses one after the other, each another; gives what came of each. */
export async function guessWrong(
  app: Requester,
  times: number,
  address: string,
  { username = 'bob', guess = bySignIn, from = 0 }: { username?: string; guess?: Guess; from?: number } = {},
): Promise<string[]> {
  const outcomes = []
  for (let made = 0; made < times; made++) {
    outcomes.push(outcomeOf(await guess(app, address, username, `wrong guess ${from + made}`)))
  }
  return outcomes
}

/** What comes of the right password. */
export async function guessRight(
  app: Requester,
  address: string,
  { username = 'bob', guess = bySignIn }: { username?: string; guess?: Guess } = {},
): Promise<string> {
  return outcomeOf(await guess(app, address, username, PASSWORD))
}

/** How often each outcome came. */
export function countOf(outcomes: string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const outcome of outcomes) counts[outcome] = (counts[outcome] ?? 0) + 1
  return counts
}
