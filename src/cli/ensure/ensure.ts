/** `ensure`: creates something or brings it to a state, so that scripts can be repeated. */
import { isObject, type Json, printable } from '../cells.ts'
import { EXIT, exitCodeOf, isErrorMember } from '../exit.ts'
import { formatJson } from '../print.ts'
import { note, say, sayErrors, sendBy } from '../run-command.ts'
import type { Result, Send } from '../send.ts'
import type { TargetOptions } from '../target.ts'
import type { Terminal } from '../terminal.ts'
import type { Change, Goal } from './goals.ts'

/** How it is done and printed. */
export interface Manner {
  target: TargetOptions
  isDry: boolean
  isJson: boolean
}

/** What was done, or the result that refuses it. */
type Outcome =
  | { isChanged: boolean; secret?: string | null }
  | { field: string; refused: Result }
  | { conflict: string }

/** Brings a thing to its state, and says `changed` or `unchanged`. Returns the exit code. */
export function ensure(terminal: Terminal, goal: Goal, manner: Manner): Promise<number> {
  return sendBy(terminal, manner.target, async (send) => {
    const found = await find(send, goal)
    return report(terminal, manner, found ? await bring(send, goal, found, manner) : await create(send, goal, manner))
  })
}

/** Makes one change that says itself whether it changed anything. Returns the exit code. */
export function ensureBy(terminal: Terminal, change: Change, manner: Manner): Promise<number> {
  return sendBy(terminal, manner.target, async (send) => report(terminal, manner, await mutate(send, change, manner)))
}

async function find(send: Send, { find: { field, args, selection } }: Goal): Promise<Json | null> {
  const names = Object.keys(args)
  const variables = names.map((name) => `$${name}: String!`).join(', ')
  const call = `${field}(${names.map((name) => `${name}: $${name}`).join(', ')})`
  const { data } = await send(`query (${variables}) { ${call} { ${selection} } }`, args)
  const found = data?.[field]
  return isObject(found) ? found : null
}

/** Another script may create it at the same moment: then it is there, and is brought to its state. */
async function create(send: Send, goal: Goal, manner: Manner): Promise<Outcome> {
  const outcome = await mutate(send, goal.create, manner)
  const isTaken = 'refused' in outcome && exitCodeOf(outcome.field, outcome.refused) === EXIT.exists
  const found = isTaken ? await find(send, goal) : null
  return found ? bring(send, goal, found, manner) : outcome
}

async function bring(send: Send, goal: Goal, found: Json, manner: Manner): Promise<Outcome> {
  const change = goal.update(found)
  if (typeof change === 'string') return { conflict: `${goal.name} ${change}` }
  if (change === null) return { isChanged: false }
  const outcome = await mutate(send, change, manner)
  if (!('isChanged' in outcome) || manner.isDry) return outcome
  // The server may write a value in its own form, such as an address in small letters.
  return { isChanged: JSON.stringify(await find(send, goal)) !== JSON.stringify(found) }
}

/** What is asked of the payloads that say more than that it was done. */
const SELECTED: Record<string, string> = {
  ...{ createUser: 'secret', createServiceUser: 'secret' },
  ...{ grantRoles: 'changed', grantControllerAccess: 'changed', grantModelAccess: 'changed' },
}

async function mutate(send: Send, { field, input }: Change, { isDry }: Manner): Promise<Outcome> {
  const type = `${field.slice(0, 1).toUpperCase()}${field.slice(1)}`
  const selected = SELECTED[field]
  const payload = selected ? `... on ${type}Payload { ${selected} }` : ''
  const document = `mutation ($input: ${type}Input!, $dryRun: Boolean!) { ${field}(input: $input, dryRun: $dryRun) {
    __typename ${payload} ... on MutationError { code message } } }`
  const result = await send(document, { input, dryRun: isDry })
  const made = result.data?.[field]
  if (!isObject(made) || isErrorMember(made)) return { field, refused: result }
  return { isChanged: made.changed !== false, secret: made.secret as string | null | undefined }
}

function report(terminal: Terminal, { isDry, isJson }: Manner, outcome: Outcome): number {
  if ('conflict' in outcome) {
    say(terminal, `It can’t be brought to this state: ${outcome.conflict}.`)
    return EXIT.exists
  }
  if ('refused' in outcome) return refuse(terminal, outcome)
  const { isChanged, secret } = outcome
  const words = [isChanged ? 'changed' : 'unchanged', ...(secret ? [`secret: ${printable(secret)}`] : [])]
  terminal.stdout.write(
    isJson ? `${formatJson({ changed: isChanged, ...(secret && { secret }) })}\n` : `${words.join('\n')}\n`,
  )
  if (isDry) note(terminal, 'Nothing was changed: this was a dry run.')
  return EXIT.done
}

function refuse(terminal: Terminal, { field, refused }: { field: string; refused: Result }): number {
  const made = refused.data?.[field]
  if (isErrorMember(made)) say(terminal, made.message)
  else sayErrors(terminal, refused)
  return exitCodeOf(field, refused)
}
