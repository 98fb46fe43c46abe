/** Runs documents both ways and compares what came: JSON byte for byte, errors by path, code and message. */
import { type DocumentNode, type ExecutionResult, execute, getOperationAST, getVariableValues } from 'graphql'
import type { Database } from '../../src/db/database.ts'
import { finalFields } from '../../src/read/final-fields.ts'
import { type Reading, readFinal } from '../../src/read/run.ts'
import { admins, type Caller, others } from './callers.ts'
import { data } from './data.ts'
import { contextOf } from './database.ts'
import { randomDocument } from './documents.ts'
import { createOracle } from './oracle.ts'
import { createRandom } from './random.ts'
import { schema } from './schema.ts'

const RUNS_PER_DOCUMENT = 6

const oracle = createOracle(schema)

/** What guards keep from a caller: a resolver that throws is not enough, the value must not be computed. */
function secretsOf({ flags, userId }: Caller): string[] {
  if (flags.includes('admin')) return []
  const emails = data.people.filter(({ id }) => id !== userId).map(({ email }) => email)
  const budgets = data.teams
    .filter(({ ownerId }) => ownerId !== userId)
    .flatMap(({ budget }) => budget?.toString() ?? [])
  return [...emails, ...budgets]
}

export interface Outcome {
  documents: number
  runs: number
  /** How many runs the database answered by itself. */
  finalRuns: number
  /** How many runs had an error, and how many rows of JSON text came in all: what shows that the test is not empty. */
  failedRuns: number
  characters: number
  differences: string[]
}

/** Random documents, each run several times with other variables and callers. Ends at the first difference. */
export async function compareRandom(database: Database, seed: number, documents: number): Promise<Outcome> {
  const outcome: Outcome = { documents: 0, runs: 0, finalRuns: 0, failedRuns: 0, characters: 0, differences: [] }
  for (let n = 0; n < documents; n++) {
    const documentSeed = (seed + n) >>> 0
    const random = createRandom(documentSeed)
    const { source, document, values } = randomDocument(schema, random)
    outcome.documents += 1
    let variables = values(random)
    for (let run = 0; run < RUNS_PER_DOCUMENT; run++) {
      if (run > 0 && random.chance(0.7)) variables = values(random)
      const caller = random.pick(run % 2 ? admins : others)
      const difference = await compareOne(database, document, variables, caller, outcome)
      if (difference) {
        const at = `READ_SEED=${documentSeed} READ_RUNS=1, run ${run}, as ${caller.name}`
        outcome.differences.push(`${at}\n${source}\n${JSON.stringify(variables)}\n${difference}`)
        return outcome
      }
    }
  }
  return outcome
}

/** What differs between the compiled reads and the oracle; null where nothing does. */
export async function compareOne(
  database: Database,
  document: DocumentNode,
  variables: Record<string, unknown>,
  caller: Caller,
  outcome?: Outcome,
): Promise<string | null> {
  let read = ''
  const contextValue = contextOf(database, caller, (_text, rows) => {
    read += JSON.stringify(rows)
  })
  const actual = await execute({ schema, document, variableValues: variables, contextValue })
  const expected = await oracle(document, variables, caller)
  const [actualText, expectedText] = [describe(actual, actual), describe(expected, actual)]
  if (outcome) {
    outcome.runs += 1
    outcome.failedRuns += actual.errors ? 1 : 0
    outcome.characters += expectedText.length
  }
  if (actualText !== expectedText) return differenceOf(actualText, expectedText)
  const final = await answerFinally(document, variables, contextValue.reading)
  if (outcome && final !== null) outcome.finalRuns += 1
  if (final !== null && (actual.errors || final !== JSON.stringify(actual.data)))
    return `final ${differenceOf(final, actualText)}`
  const leaked = secretsOf(caller).find((secret) => read.includes(secret))
  return leaked ? `${leaked} left the database` : null
}

/** What the database answers by itself, without the spaces that it writes; null where it leaves that to the executor. */
async function answerFinally(document: DocumentNode, variables: Record<string, unknown>, reading: Reading) {
  const operation = getOperationAST(document)
  const fields = operation && finalFields(schema, document, operation)
  if (!fields) return null
  const { variableValues } = getVariableValues(schema, operation.variableDefinitions ?? [], variables)
  const text = variableValues && (await readFinal(reading, { variableValues, fields }).catch(() => null))
  return text ? JSON.stringify(JSON.parse(text)) : null
}

/** Where several arguments are wrong, the one that the other side met counts as the one met here. */
function describe(result: ExecutionResult, other: ExecutionResult): string {
  const messages = new Set((other.errors ?? []).map((error) => `${error.path?.join('.')} ${error.message}`))
  const errors = (result.errors ?? []).map(({ path, message, extensions }) => {
    const candidates = (extensions.candidates ?? [message]) as string[]
    const met = candidates.find((one) => messages.has(`${path?.join('.')} ${one}`)) ?? message
    return `${path?.join('.')} ${extensions.code} ${met}`
  })
  return `${JSON.stringify(result.data)} ${JSON.stringify(errors.sort())}`
}

/** Both texts around the first character that differs, then their ends, where the errors are. */
function differenceOf(actual: string, expected: string): string {
  let at = 0
  while (actual[at] === expected[at]) at += 1
  const around = (text: string) =>
    `…${text.slice(Math.max(0, at - 200), at)}▶${text.slice(at, at + 300)}… ${text.slice(-600)}`
  return `compiled ${around(actual)}\noracle   ${around(expected)}`
}
