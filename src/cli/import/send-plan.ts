/** Sends a plan: what users need, then the users, then what needs users. What is there already stays as it is. */
import { setTimeout as wait } from 'node:timers/promises'
import type { Result, Send } from '../send.ts'
import type { Terminal } from '../terminal.ts'
import type { Plan, Problem, Step, UserItem } from './plan.ts'
import { startProgress } from './progress.ts'

export type Status = 'created' | 'updated' | 'unchanged' | 'failed'

/** What became of one thing. */
export interface Outcome {
  name: string
  status: Status
  why?: string
}

interface Sending {
  terminal: Terminal
  send: Send
  dryRun: boolean
  /** What a dry run would have made: whatever needs it cannot be tried. */
  planned: Set<string>
  note(outcome: Outcome): void
}

/** The permissions and levels that users would gain, where it is a dry run. */
export interface Sent {
  gained: number
}

/** The server refused the import as a whole. */
export class ImportStoppedError extends Error {
  override name = 'ImportStoppedError'
  readonly result: Result
  constructor(result: Result) {
    super(result.errors?.[0]?.message ?? '')
    this.result = result
  }
}

/** @throws ImportStoppedError where the caller may not import, or the server does not answer */
export async function sendPlan(plan: Plan, to: Pick<Sending, 'terminal' | 'send' | 'dryRun' | 'note'>): Promise<Sent> {
  const sending: Sending = { ...to, planned: new Set() }
  await sendSteps(sending, [...plan.before.values()], 'things')
  const gained = await sendUsers(sending, plan.users)
  await sendSteps(sending, plan.after, 'levels and credentials')
  return { gained }
}

async function sendSteps(sending: Sending, steps: Step[], what: string) {
  const progress = startProgress(sending.terminal, steps.length, what)
  try {
    for (const [index, step] of steps.entries()) {
      progress.show(index)
      sending.note({ name: step.name, ...(await sendStep(sending, step)) })
    }
  } finally {
    progress.end()
  }
}

async function sendStep({ send, dryRun, planned }: Sending, step: Step): Promise<Omit<Outcome, 'name'>> {
  const { name, mutation, input, needs } = step
  const isGrant = mutation.startsWith('grant')
  if (needs.some((need) => planned.has(need))) return { status: 'created' }
  const result = await sendPatiently(send, documentOf(mutation, isGrant ? 'changed' : '__typename'), { input, dryRun })
  const answer = answerOf(result, mutation)
  if (isError(answer)) {
    const isThere = answer.code === 'CONFLICT' && answer.message.includes('already')
    return isThere ? { status: 'unchanged' } : { status: 'failed', why: answer.message }
  }
  if (isGrant && answer.changed === false) return { status: 'unchanged' }
  if (dryRun) planned.add(name)
  return { status: 'created' }
}

const MOST_USERS = 100
/** The server takes bodies of 256 KiB. */
const MOST_CHARACTERS = 150_000

async function sendUsers(sending: Sending, users: UserItem[]): Promise<number> {
  const progress = startProgress(sending.terminal, users.length, 'users')
  let [done, gained] = [0, 0]
  try {
    for (const batch of batchesOf(users)) {
      progress.show(done)
      gained += await sendBatch(sending, batch)
      done += batch.length
    }
    return gained
  } finally {
    progress.end()
  }
}

function batchesOf(users: UserItem[]): UserItem[][] {
  const batches: UserItem[][] = []
  let size = MOST_CHARACTERS
  for (const user of users) {
    const { length } = JSON.stringify(user)
    const batch = batches.at(-1)
    if (batch && batch.length < MOST_USERS && size + length <= MOST_CHARACTERS) batch.push(user)
    else batches.push([user])
    size = batch === batches.at(-1) ? size + length : length
  }
  return batches
}

interface UserResult {
  index: number
  status: string
  message: string | null
}

const USERS_DOCUMENT = 'results { index status message } accessDiff { gained }'

/** Sends some users; those that the server cannot even read are left out. Returns what they would gain. */
async function sendBatch(sending: Sending, batch: UserItem[]): Promise<number> {
  if (batch.length === 0) return 0
  const { send, dryRun, note, planned } = sending
  const items = dryRun ? batch.map((user) => withoutPlanned(user, planned)) : batch
  const variables = { input: { items, onError: 'SKIP' }, dryRun }
  const answer = answerOf(
    await sendPatiently(send, documentOf('importUsers', USERS_DOCUMENT), variables),
    'importUsers',
  )
  if (isError(answer)) {
    const unreadable = problemsByItem(answer)
    for (const [index, why] of unreadable) note({ name: nameOf(batch[index]), status: 'failed', why })
    if (unreadable.size === 0) throw new ImportStoppedError({ errors: [{ message: answer.message }] })
    return sendBatch(
      sending,
      batch.filter((_user, index) => !unreadable.has(index)),
    )
  }
  for (const { index, status, message } of answer.results as UserResult[]) {
    const name = nameOf(batch[index])
    note({ name, status: status.toLowerCase() as Status, ...(message && { why: withoutPosition(message) }) })
    if (dryRun && status === 'CREATED') planned.add(name)
  }
  return (answer.accessDiff as { gained: number } | null)?.gained ?? 0
}

/** The position in a request says nothing to who has a file. */
function withoutPosition(message: string): string {
  return message.replaceAll(/\bitems\.\d+\./g, '')
}

function nameOf(user: UserItem | undefined): string {
  return `user ${user?.username}`
}

/** Without the roles on what a dry run would have made first. */
function withoutPlanned(user: UserItem, planned: Set<string>): UserItem {
  const isPlanned = (kind: string, name: unknown) => planned.has(`${kind} ${name}`)
  const roles = user.roles?.filter(
    ({ role, project, organization }) =>
      !isPlanned('role', role) && !isPlanned('project', project) && !isPlanned('organization', organization),
  )
  const { organization, ...homeless } = user
  return { ...(isPlanned('organization', organization) ? homeless : user), ...(roles && { roles }) } as UserItem
}

interface Issues {
  issues?: { path: string[]; message: string }[]
}

/** What is wrong with which item of the input, of what the server said. */
function problemsByItem({ issues = [] }: Issues): Map<number, string> {
  return new Map(
    issues
      .filter(({ path }) => path[0] === 'items' && /^\d+$/.test(path[1] ?? ''))
      .map(({ path, message }) => [Number(path[1]), `${path.slice(2).join('.')}: ${message}`]),
  )
}

function documentOf(mutation: string, payload: string): string {
  const type = mutation.charAt(0).toUpperCase() + mutation.slice(1)
  return `mutation ($input: ${type}Input!, $dryRun: Boolean!) { ${mutation}(input: $input, dryRun: $dryRun) {
    __typename ... on ${type}Payload { ${payload} } ... on MutationError { code message }
    ... on InvalidInputError { issues { path message } } } }`
}

type Answer = Record<string, unknown>

/** @throws ImportStoppedError where the request was refused as a whole */
function answerOf(result: Result, mutation: string): Answer {
  const answer = result.data?.[mutation]
  if (result.errors || typeof answer !== 'object' || answer === null) throw new ImportStoppedError(result)
  return answer as Answer
}

function isError(answer: Answer): answer is Answer & { code: string; message: string } & Issues {
  return 'code' in answer
}

const MOST_TRIES = 10
/** What passes by itself. An import can be sent again whatever came of it. */
const PASSING = ['RATE_LIMITED', 'UNAVAILABLE', 'OUTCOME_UNKNOWN']

async function sendPatiently(send: Send, document: string, variables: object): Promise<Result> {
  for (let tries = 1; ; tries++) {
    const result = await send(document, variables)
    const isPassing = result.errors?.some(({ extensions }) => PASSING.includes(extensions?.code ?? ''))
    if (!isPassing || tries === MOST_TRIES) return result
    await wait(1000)
  }
}

/** What was not taken, of the plan and of what was sent. */
export function problemsOf(plan: Plan, outcomes: Outcome[]): Problem[] {
  const failed = outcomes.filter(({ status }) => status === 'failed')
  return [...plan.problems, ...failed.map(({ name, why = '' }) => ({ name, why }))]
}
