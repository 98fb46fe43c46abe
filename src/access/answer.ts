/**
 * Answers questions about access, from the same relations that refuse requests and hide rows. Every fact that matters
 * for a question is a way: it allows what is asked, or is a single step away from allowing it. One statement answers
 * all questions; for mutations, the requirements of their rules are determined before it.
 */
import type { GraphQLSchema } from 'graphql'
import type { Caller } from '../authority/caller.ts'
import { groupAlternatives, nameEach } from '../authority/places.ts'
import type { Connection } from '../db/database.ts'
import { type Alternatives, InvalidInputError } from '../errors.ts'
import type { Context } from '../graphql/context.ts'
import { badUserInput } from '../read/errors.ts'
import { type AskedRow, missingOfRow, rowOf } from './asked.ts'
import { MOST_GRANTORS } from './grantors.ts'
import type { Question } from './questions.ts'
import { type Ruling, ruleOn } from './rulings.ts'
import { type Asking, type Part, readParts, readSubjectRow, type SubjectRow } from './statement.ts'
import { readSubject } from './subject.ts'
import { MOST_WAYS, WAY_CODES, type Way } from './ways.ts'

export interface AccessAnswer extends Part {
  missing: Alternatives
}

/** Questions and how their answers are to be. */
export interface Asked extends Asking {
  questions: Question[]
}

/**
 * The answers in the order of the questions; null where the subject is hidden, missing, or a key that is not valid.
 * @throws ForbiddenError where the caller may see the subject, but not ask about it
 */
export async function answerQuestions(
  ctx: Context,
  schema: GraphQLSchema,
  asking: Asked,
): Promise<AccessAnswer[] | null> {
  const rulings = await ruleOnMutations(ctx, asking)
  const rows = asking.questions.map((question, n) => rulings.get(n)?.rows ?? [rowOf(question)])
  const asked = rows.flatMap((some, n) => some.map((row, place) => ({ id: `${n} ${place}`, ...row })))
  const found = await readParts(ctx, asking, asked)
  if (found === null) return null
  const { subject, parts } = found
  const missing = await nameAllMissing(ctx.services.database.db, asking.caller, schema, rulings)
  return rows.map((mine, n) => {
    const answered = mine.map((_row, place) => parts.get(`${n} ${place}`) as Part)
    const ruling = rulings.get(n)
    if (ruling) return { ...answerOf(ruling, answered, subject), missing: missing.get(n) ?? [] }
    const [part] = answered as [Part]
    return { ...part, missing: part.code === 'NOT_HELD' ? [[missingOfRow(mine[0] as AskedRow)]] : [] }
  })
}

/** The missing requirements of each mutation, with their scopes and resources named, in one statement. */
async function nameAllMissing(db: Connection, caller: Caller, schema: GraphQLSchema, rulings: Map<number, Ruling>) {
  const all = [...rulings].flatMap(([n, ruling]) => ruling.missing.map((missing) => ({ n, missing })))
  const named = await nameEach(
    db,
    caller,
    schema,
    all.map(({ missing }) => missing),
  )
  const places = Map.groupBy(all.keys(), (place) => all[place]?.n ?? 0)
  const at = <Item>(items: Item[], some: number[]) => some.map((place) => items[place] as Item)
  return new Map(
    [...places].map(([n, some]) => {
      const missing = at(all, some).map((one) => one.missing)
      return [n, groupAlternatives(missing, at(named, some))]
    }),
  )
}

function answerOf({ code, isTheirs }: Ruling, parts: Part[], { createdAt }: SubjectRow): Part {
  const isAllowed = code === 'ALLOWED'
  const own = isTheirs ? [ownWay(createdAt)] : []
  const ways = parts.flatMap((part) => part.ways).filter((way) => (way.code === 'ALLOWED') === isAllowed)
  const grantors = isAllowed ? [] : parts.flatMap((part) => part.grantors)
  return {
    code,
    ways: nearestFirst(uniqueBy([...own, ...ways], JSON.stringify)).slice(0, MOST_WAYS),
    grantors: uniqueBy(grantors, (name) => name.toLowerCase())
      .sort((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1))
      .slice(0, MOST_GRANTORS),
  }
}

/** Removes duplicates: one fact can meet several requirements of a rule, and one user can grant several. */
function uniqueBy<Item>(items: Item[], keyOf: (item: Item) => string): Item[] {
  return [...new Map(items.map((item) => [keyOf(item), item])).values()]
}

/** The order in which the statement returns ways: by what prevents them, and then the longest lasting first. */
function nearestFirst(ways: Way[]): Way[] {
  const end = ({ until }: Way) => (until === null ? Number.MAX_VALUE : Date.parse(until))
  return ways.toSorted((a, b) => WAY_CODES.indexOf(a.code) - WAY_CODES.indexOf(b.code) || end(b) - end(a))
}

function ownWay(since: string): Way {
  const nowhere = {
    organization: null,
    project: null,
    scope: null,
    controller: null,
    model: null,
    throughModel: null,
    level: null,
  }
  return { code: 'ALLOWED', via: 'SELF', grantedBy: null, role: null, ...nowhere, keyLimits: [], since, until: null }
}

/** The ruling on each mutation that is asked about, by the index of its question. */
async function ruleOnMutations(ctx: Context, { caller, subject, questions }: Asked): Promise<Map<number, Ruling>> {
  const rulings = new Map<number, Ruling>()
  if (!questions.some(({ mutation }) => mutation)) return rulings
  await ctx.services.database.transaction(async (tx) => {
    const row = await readSubjectRow(tx, caller, subject)
    const isOwn = 'caller' in subject
    const who = row && (isOwn ? subject.caller : await readSubject(tx, row))
    for (const [n, { mutation }] of questions.entries()) {
      const [call] = Object.entries(mutation ?? {})
      if (!call) continue
      const rule = () => (who ? ruleOn(tx, ctx, { asker: caller, subject: who, isOwn, call }) : INACTIVE)
      rulings.set(n, await namingInput(`input.questions.${n}.mutation.${call[0]}`, rule))
    }
  })
  return rulings
}

const INACTIVE: Ruling = { code: 'INACTIVE', missing: [], rows: [], isTheirs: false }

/** @throws BAD_USER_INPUT where the input is invalid, like a role on a scope where it can't be held */
async function namingInput<Result>(path: string, work: () => Promise<Result> | Result): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof InvalidInputError) throw badUserInput(`"${path}": ${error.message}`)
    throw error
  }
}
