/**
 * Answers questions about access, from the same relations that refuse requests and hide rows. Every fact that matters
 * for a question is a way: it allows what is asked, or is a single step away from allowing it. One statement answers
 * all questions; for mutations, the requirements of their rules are determined before it.
 */
import { type SQL, sql } from 'drizzle-orm'
import type { GraphQLSchema } from 'graphql'
import type { Caller, CallerKey } from '../authority/caller.ts'
import { held, limitsOf, NOW } from '../authority/held.ts'
import { heldLevels } from '../authority/held-levels.ts'
import { groupAlternatives, nameEach } from '../authority/places.ts'
import { type Connection, readRows } from '../db/database.ts'
import { type Alternatives, ForbiddenError, InvalidInputError } from '../errors.ts'
import type { Context } from '../graphql/context.ts'
import { badUserInput } from '../read/errors.ts'
import { ASKED_COLUMNS, type AskedRow, missingOfRow, rowOf } from './asked.ts'
import { given, granters, grantorsOf, MOST_GRANTORS } from './grantors.ts'
import type { Question } from './questions.ts'
import { type Ruling, ruleOn } from './rulings.ts'
import { askedSubject, readSubject, type Subject } from './subject.ts'
import { askedTarget } from './target.ts'
import { MOST_WAYS, WAY_CODES, type Way, waysTo } from './ways.ts'

/** `NOT_FOUND` means that the caller can't see it, `HIDDEN` that the subject of a mutation can't see it. */
export type AccessCode = 'ALLOWED' | 'NOT_HELD' | 'INACTIVE' | 'HIDDEN' | 'NOT_FOUND'

export interface AccessAnswer {
  code: AccessCode
  ways: Way[]
  missing: Alternatives
  grantors: string[]
}

export interface Asking {
  caller: Caller
  subject: Subject
  questions: Question[]
  /** The time to answer for; null means now. */
  at: Date | null
  /** True where the names of users that could grant it are requested. */
  wantsGrantors: boolean
}

interface SubjectRow {
  id: string
  organizationId: string
  createdAt: string
  key: CallerKey | null
  mayAsk: boolean
}

/** The answer of the statement to one row. */
type Part = Omit<AccessAnswer, 'missing'>

/**
 * The answers in the order of the questions; null where the subject is hidden, missing, or a key that is not valid.
 * @throws ForbiddenError where the caller may see the subject, but not ask about it
 */
export async function answerQuestions(
  ctx: Context,
  schema: GraphQLSchema,
  asking: Asking,
): Promise<AccessAnswer[] | null> {
  const rulings = await ruleOnMutations(ctx, asking)
  const rows = asking.questions.map((question, n) => rulings.get(n)?.rows ?? [rowOf(question)])
  const found = await readParts(ctx.services.database.db, asking, rows)
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
async function ruleOnMutations(ctx: Context, { caller, subject, questions }: Asking): Promise<Map<number, Ruling>> {
  const rulings = new Map<number, Ruling>()
  if (!questions.some(({ mutation }) => mutation)) return rulings
  await ctx.services.database.transaction(async (tx) => {
    const row = await readSubjectRow(tx, askedSubject(caller, subject, NOW))
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

/** @throws ForbiddenError where the caller may see the subject, but not ask about it */
async function readSubjectRow(db: Connection, subject: SQL): Promise<SubjectRow | null> {
  const [row] = await readRows<SubjectRow>(db, sql`select ${SUBJECT_COLUMNS} from (${subject}) as s`)
  return mayAskAbout(row)
}

const SUBJECT_COLUMNS = sql`s.id, s.organization_id as "organizationId", s.created_at as "createdAt", s.key, s.may_ask as "mayAsk"`

function mayAskAbout<Row extends SubjectRow>(row: Row | undefined): Row | null {
  if (!row || row.mayAsk) return row ?? null
  const { id, organizationId } = row
  const where = { organizationId, projectId: null, controllerId: null, modelId: null }
  throw new ForbiddenError([{ what: 'access.check', where }], { targetType: 'User', targetId: id, organizationId })
}

/**
 * The answer to each row, by the index of its question and its index in that question, in one statement. The subject is
 * a scalar in it, so that the statement does not scan what other users hold.
 */
async function readParts(db: Connection, { caller, subject, at, wantsGrantors }: Asking, rows: AskedRow[][]) {
  const asked = rows.flatMap((some, n) => some.map((row, place) => ({ id: `${n} ${place}`, ...row })))
  // The database does not accept a lone surrogate as text, and no name contains one.
  const text = JSON.stringify(asked, (_name, value) => (typeof value === 'string' ? value.toWellFormed() : value))
  const time = at === null ? NOW : sql`${at.toISOString()}::timestamptz`
  const answer = sql`json_build_object('id', q.id,
    'code', case when t.missing = 'NOT_FOUND' then t.missing when not s.active then 'INACTIVE' when t.missing is not null then t.missing when w.is_allowed then 'ALLOWED' else 'NOT_HELD' end,
    'ways', case when t.missing is null then coalesce(w.ways, '[]'::json) else '[]'::json end,
    'grantors', ${wantsGrantors && at === null ? sql`case when t.missing is null and s.active and not w.is_allowed and not s.limited then ${grantorsOf(caller)} else '[]'::json end` : sql`'[]'::json`})`
  const [row] = await readRows<SubjectRow & { parts: (Part & { id: string })[] }>(
    db,
    sql`
    with subject as materialized (${askedSubject(caller, subject, time)}),
    facts as materialized (select h.* from ${held(time)} as h where h.user_id = (select s.id from subject as s)),
    levels as materialized (select h.* from ${heldLevels(time)} as h where h.user_id = (select s.id from subject as s)),
    limits as materialized (select l.* from subject as s, lateral ${limitsOf(sql`s.api_key_id`, time)} as l),
    asked as materialized (select * from json_to_recordset(${text}::text::json) as q(${ASKED_COLUMNS})),
    granters as materialized (${granters}),
    given as materialized (${given})
    select ${SUBJECT_COLUMNS}, (
      select coalesce(json_agg(${answer}), '[]'::json) from asked as q, lateral ${askedTarget(caller, time)} as t, lateral ${waysTo(caller)} as w
    ) as parts
    from subject as s`,
  )
  const found = mayAskAbout(row)
  if (!found) return null
  return { subject: found, parts: new Map(found.parts.map(({ id, ...part }) => [id, part])) }
}
