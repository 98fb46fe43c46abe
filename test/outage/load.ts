/** Sixteen requests a second, half of them changes, and what became of each. */
import { setTimeout as wait } from 'node:timers/promises'
import { changeDocument } from '../support/change.ts'

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

/** A change that makes something of this name. */
interface Change {
  mutation: string
  input(name: string): object
}

export interface Load {
  /** Waits until so many requests were sent, and so much longer. */
  untilSent(count: number, milliseconds: number): Promise<void>
  /** Sends no more, and returns all answers. */
  stop(): Promise<Answered[]>
}

const EVERY_MS = 1000 / 16
const QUERY = '{ viewer { user { username } } }'

const ORGANIZATION: Change = { mutation: 'createOrganization', input: (name) => ({ name }) }
/** It writes to many tables: a user, a key and a grant. */
const USER: Change = {
  mutation: 'createUser',
  input: (username) => ({ username, roles: [{ role: 'auditor', everywhere: true }] }),
}

/** Begins to ask the server at this address with this key; `prefix` begins each name. The changes make organizations, and users where wanted. */
export function startLoad(url: string, key: string, prefix: string, withUsers = false): Load {
  const answers: Promise<Answered>[] = []
  const reached = new Map<number, () => void>()
  let count = 0
  const timer = setInterval(() => {
    const name = count++ % 2 === 0 ? `${prefix}-${count}` : null
    answers.push(send(url, key, name, withUsers && count % 4 === 1 ? USER : ORGANIZATION))
    reached.get(count)?.()
  }, EVERY_MS)
  return {
    async untilSent(wanted, milliseconds) {
      await new Promise<void>((resolve) => reached.set(wanted, resolve))
      await wait(milliseconds)
    },
    stop() {
      clearInterval(timer)
      return Promise.all(answers)
    },
  }
}

/** Sends one request; a status of 0 is no answer at all. */
export async function send(url: string, key: string, name: string | null, change = ORGANIZATION): Promise<Answered> {
  const started = Date.now()
  const asked =
    name === null
      ? { query: QUERY }
      : { query: changeDocument(change.mutation), variables: { input: change.input(name) } }
  const headers = { 'content-type': 'application/json', 'api-key': key }
  const { status, code } = await fetch(url, { method: 'POST', headers, body: JSON.stringify(asked) })
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
  const [value] = Object.values<{ __typename?: string; user?: { username: string } }>(data ?? {})
  const isAnswered = value?.user?.username === 'root' || value?.__typename?.endsWith('Payload')
  return {
    status: response.status,
    code: errors?.[0]?.extensions?.code ?? (isAnswered ? null : (value?.__typename ?? null)),
  }
}
