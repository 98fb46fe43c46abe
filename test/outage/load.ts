/** Sixteen requests a second, half of them changes, and what became of each. */

export interface Answered {
  /** The name that the change gives; null for a query. */
  name: string | null
  status: number
  /** The code of the first error; null where there is none. */
  code: string | null
  afterMs: number
  /** When the answer arrived, in milliseconds since 1970. */
  at: number
}

export interface Load {
  /** Sends no more, and returns all answers. */
  stop(): Promise<Answered[]>
}

const EVERY_MS = 1000 / 16
const CHANGE = 'mutation ($name: String!) { createOrganization(input: { name: $name }) { __typename } }'
const QUERY = '{ viewer { user { username } } }'

/** Begins to ask the server at this address with this key; `prefix` begins each name. */
export function startLoad(url: string, key: string, prefix: string): Load {
  const answers: Promise<Answered>[] = []
  let count = 0
  const timer = setInterval(() => {
    const name = count++ % 2 === 0 ? `${prefix}-${count}` : null
    answers.push(send(url, key, name))
  }, EVERY_MS)
  return {
    stop() {
      clearInterval(timer)
      return Promise.all(answers)
    },
  }
}

/** Sends one request; a status of 0 is no answer at all. */
export async function send(url: string, key: string, name: string | null): Promise<Answered> {
  const started = Date.now()
  const body = JSON.stringify(name === null ? { query: QUERY } : { query: CHANGE, variables: { name } })
  const headers = { 'content-type': 'application/json', 'api-key': key }
  const { status, code } = await fetch(url, { method: 'POST', headers, body })
    .then(readAnswer)
    .catch(() => ({ status: 0, code: 'NO_ANSWER' }))
  const at = Date.now()
  return { name, status, code, afterMs: at - started, at }
}

/** A proxy before the server answers with a page where it reaches no server. */
const OF_PROXY = 'OF_PROXY'

async function readAnswer(response: Response): Promise<Pick<Answered, 'status' | 'code'>> {
  if (!response.headers.get('content-type')?.includes('json')) return { status: response.status, code: OF_PROXY }
  const { errors, data } = await response.json()
  const typename = data?.createOrganization?.__typename
  const isAnswered = data?.viewer?.user?.username === 'root' || typename === 'CreateOrganizationPayload'
  return { status: response.status, code: errors?.[0]?.extensions?.code ?? (isAnswered ? null : typename) }
}
