/** People with passwords, and the ways they say who they are. */
import { expect } from 'vitest'
import type { Client, TestApp } from './app.ts'
import { change } from './change.ts'
import { snapshot } from './rows.ts'

/** A good password: long, and on no list. */
export const PASSWORD = 'correct horse battery'
/** Another one. */
export const OTHER_PASSWORD = 'staple a paper moon'

export const VIEWER = '{ viewer { user { username } } }'

export const SIGN_IN = `mutation ($username: String!, $password: String!) {
  signIn(input: { username: $username, password: $password }) {
    __typename ... on SignInPayload { token expiresAt mustChangePassword } ... on MutationError { code message } } }`

export const SIGN_OUT =
  'mutation { signOut { __typename ... on SignOutPayload { changed } ... on MutationError { message } } }'

export const SIGN_OUT_EVERYWHERE = `mutation ($input: SignOutEverywhereInput!) { signOutEverywhere(input: $input) {
  __typename ... on SignOutEverywherePayload { ended user { username } } ... on MutationError { code message } } }`

export interface Person {
  id: string
  /** Null where none was asked for. */
  key: string | null
}

/** A person who signs in with PASSWORD, as if they had chosen it, without a key unless `withApiKey` says otherwise. */
export async function createPerson(app: TestApp, username: string, input: object = {}): Promise<Person> {
  const whole = { username, password: PASSWORD, mustChangePassword: false, ...input }
  const made = await change(app.root, 'createUser', whole, 'secret user { id }')
  return { id: made.user.id, key: made.secret }
}

export interface SignedIn {
  token: string
  expiresAt: string
  mustChangePassword: boolean
  client: Client
}

/** Begins a session. */
export async function signIn(
  app: TestApp,
  username: string,
  password = PASSWORD,
  headers: Record<string, string> = {},
): Promise<SignedIn> {
  const { signIn: made } = await app.as(headers).ok(SIGN_IN, { username, password })
  expect(made.__typename, JSON.stringify(made)).toBe('SignInPayload')
  const { token, expiresAt, mustChangePassword } = made
  return { token, expiresAt, mustChangePassword, client: app.as(bearer(token)) }
}

/** The header of a session. */
export function bearer(token: string): { authorization: string } {
  return { authorization: `Bearer ${token}` }
}

/** The header of HTTP Basic, in UTF-8. */
export function basic(username: string, password: string): { authorization: string } {
  return { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` }
}

/** Runs something that must leave everything but the counts of guesses as it is; gives its result. */
export async function withoutChange<T>(app: TestApp, act: () => Promise<T>): Promise<T> {
  const rows = async () => ({ ...(await snapshot(app)), password_guesses: 'may be counted' })
  const before = await rows()
  const result = await act()
  expect(await rows()).toEqual(before)
  return result
}
