/** Answers to the byte, for asserting that two can’t be told apart. */
import type { TestApp } from './app.ts'
import { post } from './post.ts'

export interface RawAnswer {
  status: number
  headers: [string, string][]
  body: string
}

/** The whole answer to a document sent with this key or these headers, without what differs from answer to answer. */
export async function rawAnswer(
  app: TestApp,
  credential: string | Record<string, string>,
  document: string,
  variables: object,
): Promise<RawAnswer> {
  const own = typeof credential === 'string' ? { 'api-key': credential } : credential
  const response = await post(app.url, own, { query: document, variables })
  const headers = [...response.headers].filter(([name]) => name !== 'date' && name !== 'x-request-id')
  return { status: response.status, headers, body: response.body }
}
