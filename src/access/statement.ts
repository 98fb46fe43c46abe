/** The statement that answers questions, and the part of it that reads who they are about. */
import { type SQL, sql } from 'drizzle-orm'
import type { Caller, CallerKey } from '../authority/caller.ts'
import { callerStatement } from '../authority/caller-statement.ts'
import { allows, authorityOf, coversSql, held, limitsOf, NOW } from '../authority/held.ts'
import { heldLevels, levelsOf } from '../authority/held-levels.ts'
import { CONTROLLER_LEVEL } from '../authority/levels.ts'
import { isUnchanged } from '../authority/versions.ts'
import type { Connection } from '../db/database.ts'
import { ForbiddenError } from '../errors.ts'
import type { Context } from '../graphql/context.ts'
import type { CallerScope } from '../read/spec.ts'
import { literal } from '../read/sql.ts'
import type { AskedRow } from './asked.ts'
import { given, granters, grantorsOf } from './grantors.ts'
import { askedSubject, type Parties, type Subject, shapeOf } from './subject.ts'
import { askedTargets, type Kind, kindsOf, shapeOfKind } from './target.ts'
import { type Way, waysTo } from './ways.ts'

/** `NOT_FOUND` means that the caller can't see it, `HIDDEN` that the subject of a mutation can't see it. */
export type AccessCode = 'ALLOWED' | 'NOT_HELD' | 'INACTIVE' | 'HIDDEN' | 'NOT_FOUND'

/** How much of an answer is asked for: the code alone, the ways that lead to it too, or also the users that could grant it. */
export type Depth = 'CODE' | 'WAYS' | 'GRANTORS'

/** What is asked, about which subject and by which caller. */
export interface Asking extends Parties {
  /** The time to answer for; null means now. */
  at: Date | null
  depth: Depth
}

export interface SubjectRow {
  id: string
  organizationId: string
  createdAt: string
  key: CallerKey | null
  mayAsk: boolean
}

/** The answer of the statement to one row. */
export interface Part {
  code: AccessCode
  ways: Way[]
  grantors: string[]
}

const SUBJECT_COLUMNS = sql`s.id, s.organization_id as "organizationId", s.created_at as "createdAt", s.key, s.may_ask as "mayAsk"`

/** The questions, each with an id of its own. */
type Run = Asking & { kinds: Kind[] }

const subjectStatement = callerStatement<Parties, SubjectRow>({
  callerOf: ({ caller }) => caller,
  shape: ({ subject }) => shapeOf(subject),
  build: (caller, parameter, { subject }) =>
    sql`select ${SUBJECT_COLUMNS} from (${askedSubject(caller, subject, parameter, NOW)}) as s`,
})

/** @throws ForbiddenError where the caller may see the subject, but not ask about it */
export async function readSubjectRow(db: Connection, caller: Caller, subject: Subject): Promise<SubjectRow | null> {
  const [row] = await subjectStatement(db, { caller, subject })
  return mayAskAbout(row)
}

function mayAskAbout<Row extends SubjectRow>(row: Row | undefined): Row | null {
  if (!row || row.mayAsk) return row ?? null
  const { id, organizationId } = row
  const where = { organizationId, projectId: null, controllerId: null, modelId: null }
  throw new ForbiddenError([{ what: 'access.check', where }], { targetType: 'User', targetId: id, organizationId })
}

/** The answer to the row with this id; ways and grantors are missing where they are not asked for. */
type AnsweredRow = { id: string } & Pick<Part, 'code'> & Partial<Part>

/** There is always one row; where there is no subject, its columns are null. */
interface AnswerRow extends SubjectRow {
  isProven: boolean
  parts: AnsweredRow[]
}

const answerStatement = callerStatement<Run, AnswerRow>({
  callerOf: ({ caller }) => caller,
  shape: ({ caller: { basis }, subject, at, depth, kinds }) =>
    [basis ? 'proven' : '', shapeOf(subject), at ? 'then' : 'now', depth, ...kinds.map(shapeOfKind)].join(),
  build(caller, parameter, run) {
    const isProven = run.caller.basis ? isUnchanged(caller) : literal(true)
    const time = run.at === null ? NOW : parameter('timestamptz', ({ at }) => at?.toISOString())
    const { relations, ruling, answer } = run.depth === 'CODE' ? codes(run, time) : ways(caller, run, time)
    const rowsOf = (index: number) => parameter('text', ({ kinds }) => textOf(kinds[index]?.rows ?? []))
    const read = [
      sql`subject as materialized (${askedSubject(caller, run.subject, parameter, time)})`,
      sql`asked as materialized (${askedTargets(caller, time, run.kinds, rowsOf)})`,
      ...relations,
    ]
    return sql`with ${sql.join(read, sql`, `)}
    select p."isProven", ${SUBJECT_COLUMNS}, (
      select coalesce(json_agg(json_build_object('id', q.id, 'code', ${CODE}${answer})), '[]'::json)
      from asked as q, lateral (select q.*) as t, lateral ${ruling} as w
    ) as parts
    from (select ${isProven} as "isProven") as p left join subject as s on true`
  },
})

const CODE = sql`case when t.missing = 'NOT_FOUND' then t.missing when not s.active then 'INACTIVE' when t.missing is not null then t.missing
  when w.is_allowed then 'ALLOWED' else 'NOT_HELD' end`

/** The parts of the statement that depend on how much is asked for. */
interface Parts {
  /** What is read of the subject, once. */
  relations: SQL[]
  /** The relation with `is_allowed` for the question q about its target t. */
  ruling: SQL
  /** What the answer has beside its code. */
  answer: SQL
}

/** Whether the subject has anything that allows what is asked. Only what the questions are about is read. */
function codes({ subject, kinds }: Run, time: SQL): Parts {
  const holder = {
    userId: sql`(select s.id from subject as s)`,
    apiKeyId: 'username' in subject ? null : sql`(select s.api_key_id from subject as s)`,
  }
  const rows = kinds.flatMap((kind) => kind.rows)
  const [ofPermissions, ofLevels] = [rows.some(({ permission }) => permission), rows.some(({ access }) => access)]
  const authority = sql`authority as materialized (select * from ${authorityOf(holder, time)} as a)`
  const levels = sql`levels as materialized (select l.* from ${levelsOf(holder, time)} as l where l.controller_id = any(array(select t.controller_id from asked as t)))`
  return {
    relations: [...(ofPermissions ? [authority] : []), ...(ofLevels ? [levels] : [])],
    ruling: sql`(select ${ofPermissions ? PERMISSION_IS_HELD : literal(false)} or ${ofLevels ? LEVEL_IS_HELD : literal(false)} as is_allowed)`,
    answer: sql``,
  }
}

const PERMISSION_IS_HELD = sql`exists (
  select from authority as a where q.permission is not null and ${allows(sql`a.what`, sql`q.permission`)} and ${coversSql(sql`a`, sql`t`)})`

const [LOGIN, SUPERUSER] = [literal(CONTROLLER_LEVEL.LOGIN), literal(CONTROLLER_LEVEL.SUPERUSER)]

/** A level on a model includes LOGIN on its controller, and SUPERUSER on a controller every level on its models. */
const LEVEL_IS_HELD = sql`exists (
  select from levels as l where q.access is not null and l.controller_id = t.controller_id and (
    (l.model_id is not distinct from t.model_id and l.level >= q.access)
    or (t.model_id is null and q.access = ${LOGIN})
    or (l.model_id is null and l.level = ${SUPERUSER})))`

/** All that allows what is asked, or is one step away from it. The subject is a scalar, so that only what it holds is read. */
function ways(caller: CallerScope, { at, depth }: Asking, time: SQL): Parts {
  const isOf = (row: SQL) => sql`${row}.user_id = (select s.id from subject as s)`
  const grantors = sql`case when t.missing is null and s.active and not w.is_allowed and not s.limited then ${grantorsOf(caller)} else '[]'::json end`
  const wantsGrantors = depth === 'GRANTORS' && at === null
  return {
    relations: [
      sql`facts as materialized (select h.* from ${held(time)} as h where ${isOf(sql`h`)})`,
      sql`levels as materialized (select h.* from ${heldLevels(time)} as h where ${isOf(sql`h`)})`,
      sql`limits as materialized (select l.* from subject as s, lateral ${limitsOf(sql`s.api_key_id`, time)} as l)`,
      sql`granters as materialized (${granters})`,
      sql`given as materialized (${given})`,
    ],
    ruling: waysTo(caller),
    answer: sql`, 'ways', case when t.missing is null then coalesce(w.ways, '[]'::json) else '[]'::json end,
      'grantors', ${wantsGrantors ? grantors : sql`'[]'::json`}`,
  }
}

/** The rows as JSON, with names in lower case. The database does not accept a lone surrogate as text, and no name contains one. */
function textOf(rows: AskedRow[]): string {
  const key = (name: string | null | undefined) => name?.toLowerCase().toWellFormed()
  const keyed = rows.map(({ kind, project, organization, controller, model, ...row }) => ({
    ...row,
    ...{ project: key(project), organization: key(organization), controller: key(controller), model: key(model) },
  }))
  return JSON.stringify(keyed)
}

/**
 * The answer to each row, by its id, in one statement; null where the subject is hidden or missing.
 * @throws ForbiddenError where the caller may see the subject, but not ask about it
 */
export async function readParts(
  { services, proof }: Pick<Context, 'services' | 'proof'>,
  asking: Asking,
  rows: (AskedRow & { id: string })[],
) {
  const [row] = await answerStatement(services.database.db, { ...asking, kinds: kindsOf(rows) })
  proof?.note(row?.isProven === true)
  const found = mayAskAbout(row?.id ? row : undefined)
  const whole = ({ id, ...part }: AnsweredRow): [string, Part] => [id, { ways: [], grantors: [], ...part }]
  return found && { subject: found, parts: new Map(found.parts.map(whole)) }
}
