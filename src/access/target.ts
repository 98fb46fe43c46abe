import { type SQL, sql } from 'drizzle-orm'
import { isVisible } from '../authority/visibility.ts'
import { controllers, models, organizations, projects } from '../db/tables.ts'
import { Controller } from '../entities/controller/type.ts'
import { Model } from '../entities/model/type.ts'
import { Organization } from '../entities/organization/type.ts'
import { Project } from '../entities/project/type.ts'
import type { CallerScope } from '../read/spec.ts'
import { ASKED_COLUMNS, type AskedRow } from './asked.ts'
import { mayCheckIn } from './subject.ts'

/**
 * What the caller may name, in a statement with the table aliases o, p, c and m; m always stands beside c.
 */
export const mayName = {
  organization: (caller: CallerScope) => isVisible(Organization.visible, organizations, 'o', caller),
  project: (caller: CallerScope) => isVisible(Project.visible, projects, 'p', caller),
  controller: (caller: CallerScope) =>
    sql`(${mayCheckIn(caller, sql`c.organization_id`)} or ${isVisible(Controller.visible, controllers, 'c', caller)})`,
  model: (caller: CallerScope) =>
    sql`(${mayCheckIn(caller, sql`c.organization_id`)} or ${isVisible(Model.visible, models, 'm', caller)})`,
}

const isKnown = sql`(q."organizationId" is null or q."controllerId" is not null or o.id is not null)
  and (q."projectId" is null or p.id is not null) and (q."controllerId" is null or c.id is not null)
  and (q."modelId" is null or m.id is not null)`

/** Whether the row that a question names is this one: by its id, or by its name in lower case where the question has none. */
function names(
  row: string,
  key: string,
  reference: 'organization' | 'project' | 'controller' | 'model',
  { byId }: Kind,
): SQL {
  const [table, id, name] = [row, `${reference}Id`, reference].map((word) => sql.identifier(word))
  if (byId.includes(reference)) return sql`${table}.id = q.${id}`
  return sql`${table}.${sql.identifier(key)} = q.${name}`
}

/** Questions that name the same things in the same way, by name or by id. A name never looks like an id. */
export interface Kind {
  kind: AskedRow['kind']
  byId: string[]
  rows: AskedRow[]
}

const REFERENCES = ['organization', 'project', 'controller', 'model'] as const

/** The questions by their kinds, in the order of the names of these. */
export function kindsOf(rows: AskedRow[]): Kind[] {
  const kinds = new Map<string, Kind>()
  for (const row of rows) {
    const byId = row.kind === 'PLACE' ? [] : REFERENCES.filter((reference) => row[`${reference}Id`])
    const name = [row.kind, ...byId].join(' ')
    const known = kinds.get(name) ?? { kind: row.kind, byId, rows: [] }
    known.rows.push(row)
    kinds.set(name, known)
  }
  return [...kinds].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, kind]) => kind)
}

/** What decides the part of a statement that is about one kind. */
export function shapeOfKind({ kind, byId, rows }: Kind): string {
  const asked = [
    rows.some(({ permission }) => permission) && 'permission',
    rows.some(({ access }) => access) && 'level',
  ]
  return [kind, ...byId, ...asked, rows.length === 1 ? 'one' : 'many'].join(' ')
}

/**
 * The relation (id, permission, access, missing, organization_id, project_id, controller_id, model_id): the questions, and
 * what each is about, as the caller sees it. `missing` is NOT_FOUND where the caller can't see it, and NOT_HELD where it
 * did not exist at that time. @param rowsOf the parameter with the questions of a kind, as JSON
 */
export function askedTargets(caller: CallerScope, time: SQL, kinds: Kind[], rowsOf: (index: number) => SQL): SQL {
  const arms = kinds.map((kind, index) => {
    const { columns, joined = sql`` } = TARGETS[kind.kind](caller, time, kind)
    // The database expects many rows of a function, and would read whole tables for one.
    const limit = kind.rows.length === 1 ? sql`limit 1` : sql``
    return sql`select q.id, q.permission, q.access, ${columns}
      from (select * from json_to_recordset(${rowsOf(index)}::json) as r(${ASKED_COLUMNS}) ${limit}) as q ${joined}`
  })
  return sql.join([NOTHING, ...arms], sql` union all `)
}

const NOTHING = sql`select null as id, null as permission, null::int as access, null as missing,
  null::uuid as organization_id, null::uuid as project_id, null::uuid as controller_id, null::uuid as model_id where false`

/** The columns from `missing` on, and the tables that they are read from. */
interface TargetSql {
  columns: SQL
  joined?: SQL
}

const TARGETS: Record<AskedRow['kind'], (caller: CallerScope, time: SQL, kind: Kind) => TargetSql> = {
  EVERYWHERE: () => ({ columns: sql`null, null::uuid, null::uuid, null::uuid, null::uuid` }),
  PLACE: (caller) => ({
    columns: sql`case when ${isKnown} then null else 'NOT_FOUND' end,
      coalesce(q."organizationId", c.organization_id), q."projectId", q."controllerId", q."modelId"`,
    joined: sql`left join organizations as o on o.id = q."organizationId" and ${mayName.organization(caller)}
      left join projects as p on p.id = q."projectId" and ${mayName.project(caller)}
      left join controllers as c on c.id = q."controllerId" and ${mayName.controller(caller)}
      left join models as m on m.id = q."modelId" and ${mayName.model(caller)}`,
  }),
  ORGANIZATION: (caller, time, kind) => ({
    columns: sql`case when o.id is null then 'NOT_FOUND' when o.created_at > ${time} then 'NOT_HELD' end, o.id, null, null, null`,
    joined: sql`left join organizations as o on ${names('o', 'name_key', 'organization', kind)} and ${mayName.organization(caller)}`,
  }),
  PROJECT: (caller, time, kind) => ({
    columns: sql`case when p.id is null then 'NOT_FOUND' when p.created_at > ${time} then 'NOT_HELD' end, p.organization_id, p.id, null, null`,
    joined: sql`left join projects as p on ${names('p', 'code_key', 'project', kind)} and ${mayName.project(caller)}`,
  }),
  CONTROLLER: (caller, _time, kind) => ({
    columns: sql`case when c.id is null then 'NOT_FOUND' end, c.organization_id, null, c.id, null`,
    joined: sql`left join controllers as c on ${names('c', 'name_key', 'controller', kind)} and c.deleted_at is null and ${mayName.controller(caller)}`,
  }),
  MODEL: (caller, _time, kind) => ({
    columns: sql`case when m.id is null then 'NOT_FOUND' end, c.organization_id, null, c.id, m.id`,
    joined: sql`left join (
        controllers as c join models as m on m.controller_id = c.id and c.deleted_at is null and m.deleted_at is null
          and ${mayName.model(caller)}
      ) on ${names('c', 'name_key', 'controller', kind)} and ${names('m', 'name_key', 'model', kind)}`,
  }),
}
