/**
 * Answers questions about access, from the relations that also refuse and hide. Every fact that bears on a question is
 * a way: one that lets, or one that is a single step away from it. All questions are one statement; where mutations are
 * asked about, what their rules demand is found before it.
 */
import { type SQL, sql } from 'drizzle-orm'
import type { GraphQLSchema } from 'graphql'
import type { Caller, CallerKey } from '../authority/caller.ts'
import { held, heldLevels, limitsOf, NOW } from '../authority/held.ts'
import { nameEach } from '../authority/places.ts'
import type { Connection } from '../db/database.ts'
import { ForbiddenError, InvalidInputError, type NamedNeed } from '../errors.ts'
import type { Context } from '../graphql/context.ts'
import { REQUEST_DEADLINE_MS } from '../graphql/context.ts'
import { badUserInput } from '../read/errors.ts'
import { ASKED_COLUMNS, type AskedRow, needOf, rowOf } from './asked.ts'
import { given, granters, grantorsOf, MOST_GRANTORS } from './grantors.ts'
import type { Question } from './questions.ts'
import { type Ruling, ruleOn } from './rulings.ts'
import { readSubject, type Subject, subjectOf } from './subject.ts'
import { targetOf } from './target.ts'
import { MOST_WAYS, WAY_CODES, type Way, waysTo } from './ways.ts'

/** `NOT_FOUND`: the caller sees no such thing. `HIDDEN`: who would call the mutation does not. */
export type AccessCode = 'ALLOWED' | 'NOT_HELD' | 'INACTIVE' | 'HIDDEN' | 'NOT_FOUND'

export interface AccessAnswer {
  code: AccessCode
  ways: Way[]
  needs: NamedNeed[]
  grantors: string[]
}

export interface Asking {
  caller: Caller
  subject: Subject
  questions: Question[]
  /** Null is now. */
  at: Date | null
  /** Are the names of who could grant it asked for? */
  wantsGrantors: boolean
}

interface SubjectRow {
  id: string
  organizationId: string
  createdAt: string
  key: CallerKey | null
  mayAsk: boolean
}

/** What the statement answers to one row. */
type Part = Omit<AccessAnswer, 'needs'>

/**
 * Null where the subject is hidden from the caller, missing, or a key that does not work.
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
  const needed = await nameAllNeeds(ctx.services.database.db, asking.caller, schema, rulings)
  return rows.map((mine, n) => {
    const answered = mine.map((_row, place) => parts.get(`${n} ${place}`) as Part)
    const ruling = rulings.get(n)
    if (ruling) return { ...answerOf(ruling, answered, subject), needs: needed.get(n) ?? [] }
    const [part] = answered as [Part]
    return { ...part, needs: needsOf(part, mine[0] as AskedRow) }
  })
}

/** What is missing for each mutation, with its places named, in one statement. */
async function nameAllNeeds(db: Connection, caller: Caller, schema: GraphQLSchema, rulings: Map<number, Ruling>) {
  const all = [...rulings].flatMap(([n, ruling]) => ruling.needs.map((need) => ({ n, need })))
  const named = await nameEach(
    db,
    caller,
    schema,
    all.map(({ need }) => need),
  )
  const needed = new Map<number, NamedNeed[]>()
  for (const [place, { n }] of all.entries()) needed.set(n, [...(needed.get(n) ?? []), named[place] as NamedNeed])
  return new Map([...needed].map(([n, needs]) => [n, unique(needs, JSON.stringify)]))
}

function needsOf({ code }: Part, row: AskedRow): NamedNeed[] {
  return code === 'NOT_HELD' ? [needOf(row)] : []
}

function answerOf({ code, isTheirs }: Ruling, parts: Part[], { createdAt }: SubjectRow): Part {
  const isAllowed = code === 'ALLOWED'
  const own = isTheirs ? [ownWay(createdAt)] : []
  const ways = parts.flatMap((part) => part.ways).filter((way) => (way.code === 'ALLOWED') === isAllowed)
  const grantors = isAllowed ? [] : parts.flatMap((part) => part.grantors)
  return {
    code,
    ways: nearestFirst(unique([...own, ...ways], JSON.stringify)).slice(0, MOST_WAYS),
    grantors: unique(grantors, (name) => name.toLowerCase())
      .sort((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1))
      .slice(0, MOST_GRANTORS),
  }
}

/** Several demands of a rule may be met by one fact, and lacked by one user. */
function unique<Item>(items: Item[], keyOf: (item: Item) => string): Item[] {
  return [...new Map(items.map((item) => [keyOf(item), item])).values()]
}

/** As one statement orders them: by what stands between, and then the longest lasting first. */
function nearestFirst(ways: Way[]): Way[] {
  const end = ({ until }: Way) => (until === null ? Number.MAX_VALUE : Date.parse(until))
  return ways.toSorted((a, b) => WAY_CODES.indexOf(a.code) - WAY_CODES.indexOf(b.code) || end(b) - end(a))
}

function ownWay(since: string): Way {
  const nowhere = { organization: null, project: null, controller: null, model: null, throughModel: null, level: null }
  return { code: 'ALLOWED', via: 'SELF', grantedBy: null, role: null, ...nowhere, keyLimits: [], since, until: null }
}

/** What becomes of each mutation that is asked about, by the place of its question. */
async function ruleOnMutations(ctx: Context, { caller, subject, questions }: Asking): Promise<Map<number, Ruling>> {
  const rulings = new Map<number, Ruling>()
  if (!questions.some(({ mutation }) => mutation)) return rulings
  await ctx.services.database.transaction(async (tx) => {
    const row = await readSubjectRow(tx, subjectOf(caller, subject, NOW))
    const isOwn = 'caller' in subject
    const who = row && (isOwn ? subject.caller : await readSubject(tx, row))
    for (const [n, { mutation }] of questions.entries()) {
      const [call] = Object.entries(mutation ?? {})
      if (!call) continue
      if (Date.now() - ctx.startedAt > REQUEST_DEADLINE_MS) throw new Error('The questions took too long.')
      const rule = () => (who ? ruleOn(tx, ctx, { asker: caller, subject: who, isOwn, call }) : INACTIVE)
      rulings.set(n, await namingInput(`input.questions.${n}.mutation.${call[0]}`, rule))
    }
  })
  return rulings
}

const INACTIVE: Ruling = { code: 'INACTIVE', needs: [], rows: [], isTheirs: false }

/** @throws BAD_USER_INPUT where the input can't be what it is, like a role where it can't be held */
async function namingInput<Result>(path: string, work: () => Promise<Result> | Result): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof InvalidInputError) throw badUserInput(`"${path}": ${error.message}`)
    throw error
  }
}

/** @throws ForbiddenError */
async function readSubjectRow(db: Connection, subject: SQL): Promise<SubjectRow | null> {
  const [row] = await db.execute<SubjectRow & Record<string, unknown>>(
    sql`select ${SUBJECT_COLUMNS} from (${subject}) as s`,
  )
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
 * The answer to each row, by its question and its place there, in one statement. The subject is a scalar in it, so that
 * what others hold is not looked through.
 */
async function readParts(db: Connection, { caller, subject, at, wantsGrantors }: Asking, rows: AskedRow[][]) {
  const asked = rows.flatMap((some, n) => some.map((row, place) => ({ id: `${n} ${place}`, ...row })))
  // A lone surrogate is no text to the database, and no name either.
  const text = JSON.stringify(asked, (_name, value) => (typeof value === 'string' ? value.toWellFormed() : value))
  const time = at === null ? NOW : sql`${at.toISOString()}::timestamptz`
  const answer = sql`json_build_object('id', q.id,
    'code', case when t.missing = 'NOT_FOUND' then t.missing when not s.active then 'INACTIVE' when t.missing is not null then t.missing when w.is_allowed then 'ALLOWED' else 'NOT_HELD' end,
    'ways', case when t.missing is null then coalesce(w.ways, '[]'::json) else '[]'::json end,
    'grantors', ${wantsGrantors && at === null ? sql`case when t.missing is null and s.active and not w.is_allowed and not s.limited then ${grantorsOf(caller)} else '[]'::json end` : sql`'[]'::json`})`
  const [row] = await db.execute<SubjectRow & { parts: (Part & { id: string })[] } & Record<string, unknown>>(sql`
    with subject as materialized (${subjectOf(caller, subject, time)}),
    facts as materialized (select h.* from ${held(time)} as h where h.user_id = (select s.id from subject as s)),
    levels as materialized (select h.* from ${heldLevels(time)} as h where h.user_id = (select s.id from subject as s)),
    limits as materialized (select l.* from subject as s, lateral ${limitsOf(sql`s.api_key_id`, time)} as l),
    asked as materialized (select * from json_to_recordset(${text}::text::json) as q(${ASKED_COLUMNS})),
    granters as materialized (${granters}),
    given as materialized (${given})
    select ${SUBJECT_COLUMNS}, (
      select coalesce(json_agg(${answer}), '[]'::json) from asked as q, lateral ${targetOf(caller, time)} as t, lateral ${waysTo(caller)} as w
    ) as parts
    from subject as s`)
  const found = mayAskAbout(row)
  if (!found) return null
  return { subject: found, parts: new Map(found.parts.map(({ id, ...part }) => [id, part])) }
}
