/** Calls the API over HTTP with a key. */
import { UsageError } from './values.ts'

/** An answer that the API gave. */
export interface Result {
  data?: Record<string, unknown> | null
  errors?: { message: string; path?: (string | number)[]; extensions?: { code?: string } }[]
}

/** Sends one document. */
export type Send = (document: string, variables: object) => Promise<Result>

/** The server could not be reached, or did not answer like a Chatelaine server. */
export class UnreachableError extends Error {
  override name = 'UnreachableError'
}

const HTTP_TIMEOUT_MS = 15_000

/** Sends documents to a server, with a key. The documents can be refused with UnreachableError. @throws UsageError */
export function overHttp(url: string, apiKey: string | undefined, timeoutMs = HTTP_TIMEOUT_MS): Send {
  refuseAddress(url)
  // The library would repeat a wrong header, and so the key.
  if (apiKey && !/^[\x21-\x7e]+$/.test(apiKey))
    throw new UsageError(
      'CHATELAINE_API_KEY must be an API key like chl_…, or a token, of printable ASCII characters without spaces.',
    )
  return (document, variables) => {
    const { waitSeconds } = variables as { waitSeconds?: number }
    const body = JSON.stringify({ query: document, variables })
    return post(url, apiKey, body, timeoutMs + (waitSeconds ?? 0) * 1000)
  }
}

/** The value may hold a password, so it is not repeated. @throws UsageError */
function refuseAddress(text: string) {
  const url = /\s/.test(text) ? null : URL.parse(text)
  if (url && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '') return
  throw new UsageError(
    'CHATELAINE_URL (or --url) must be the address of a server like http://127.0.0.1:4000/graphql, without a name and a password.',
  )
}

/** @throws UnreachableError */
async function post(url: string, apiKey: string | undefined, body: string, timeoutMs: number): Promise<Result> {
  let response: Response
  try {
    response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(apiKey ? { authorization: `Bearer ${apiKey}` } : {}) },
      body,
      // A password or a key is not sent on to an address that nobody gave.
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    })
    const location = response.headers.get('location')
    if (location !== null) throw new Error(`it redirects to ${URL.parse(location, url)}: give that address.`)
    return readResult(await response.json())
  } catch (error) {
    const { cause } = error as { cause?: Error }
    throw new UnreachableError(`No Chatelaine answers at ${url}: ${cause?.message || (error as Error).message}`)
  }
}

/** @throws Error where the answer is not a GraphQL answer */
function readResult(answer: unknown): Result {
  const { data, errors } = (answer ?? {}) as Result
  const hasErrors = Array.isArray(errors) && errors.every((error) => typeof error?.message === 'string')
  if ((data === undefined && !hasErrors) || (errors !== undefined && !hasErrors))
    throw new Error('it answers something else')
  return { data, errors }
}
