/** Servers that keep callers, asked without HTTP in between. */
import { isDeepStrictEqual } from 'node:util'
import { BadCredentialError } from '../../../src/authentication/bad-credential.ts'
import { identify } from '../../../src/authentication/identify.ts'
import { AuthorityChangedError, createProof } from '../../../src/authentication/kept.ts'
import type { Caller } from '../../../src/authority/caller.ts'
import type { Services } from '../../../src/services.ts'
import type { TestApp } from '../../support/app.ts'
import { openTestServices } from '../../support/services.ts'

export type Headers = Record<string, string>

/** One more server on the same database. */
export function openServer(app: TestApp): Promise<Services> {
  return openTestServices(app.database)
}

const ORIGIN = { requestId: 'a request', address: null }

function identifyBy(services: Services, headers: Headers, isFresh: boolean): Promise<Caller | null> {
  return identify(services, (name) => headers[name], ORIGIN, isFresh)
}

/** Whether the server has kept the caller, and the database says that nothing of them has changed. */
export async function isProven(services: Services, headers: Headers): Promise<boolean> {
  const caller = await identifyBy(services, headers, false)
  const proof = createProof(services.database, caller)
  if (!proof) throw new Error('The caller is not kept.')
  return proof.complete().then(
    () => true,
    (error: unknown) => {
      if (error instanceof AuthorityChangedError) return false
      throw error
    },
  )
}

/** Makes the server keep the caller as they are now; gives them, or null where the credential is not valid. */
export async function keep(services: Services, headers: Headers): Promise<Caller | null> {
  return identifyBy(services, headers, true).catch((error: unknown) => {
    if (error instanceof BadCredentialError) return null
    throw error
  })
}

/** The caller as the server has kept them. */
export function keptBy({ keptCallers }: Services, headers: Headers) {
  const token = headers.authorization?.replace('Bearer ', '')
  return keptCallers.get({ apiKey: headers['api-key'] ?? null, user: token ? { token } : null })?.caller
}

type Comparison = 'unknown' | 'changed' | 'equal' | 'different'

/** Compares the caller that the server has kept, where they are proven, with the caller that it reads now. */
export async function compareKept(services: Services, headers: Headers): Promise<Comparison> {
  const kept = keptBy(services, headers)
  if (!kept) return (await keep(services, headers)) === null ? 'unknown' : 'changed'
  const isEqual = await isProven(services, headers)
  const fresh = await keep(services, headers)
  if (!isEqual) return 'changed'
  return isDeepStrictEqual(inOrder({ ...kept, basis: null }), fresh && inOrder(fresh)) ? 'equal' : 'different'
}

/** The rows of an authority have no order. Their ends are compared in milliseconds. */
function inOrder(caller: Caller): Caller {
  const sorted = <Row>(rows: readonly Row[]) =>
    [...rows].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
  const authority = caller.authority.map(({ until, ...row }) => ({
    ...row,
    until: until && new Date(until).toISOString(),
  }))
  return { ...caller, authority: sorted(authority), levels: sorted(caller.levels) }
}
