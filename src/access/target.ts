import { type SQL, sql } from 'drizzle-orm'
import { isVisible } from '../authority/visibility.ts'
import { controllers, models, organizations, projects } from '../db/tables.ts'
import { Controller } from '../entities/controller/type.ts'
import { Model } from '../entities/model/type.ts'
import { Organization } from '../entities/organization/type.ts'
import { Project } from '../entities/project/type.ts'
import type { CallerScope } from '../read/spec.ts'
import { literal } from '../read/sql.ts'
import type { AskedRow } from './asked.ts'
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

/** What questions of one kind name, and which of it by id. A name never looks like an id. */
export interface Kind {
  kind: AskedRow['kind']
  byId: string[]
}

/** The kinds of these questions, each once. */
export function kindsOf(rows: AskedRow[]): Kind[] {
  const kinds = rows.map((row) => {
    const references = ['organization', 'project', 'controller', 'model'] as const
    return { kind: row.kind, byId: row.kind === 'PLACE' ? [] : references.filter((reference) => row[`${reference}Id`]) }
  })
  return [...new Map(kinds.map((kind) => [nameOfKind(kind), kind])).values()]
}

/** The name of a kind, by which the statement finds its questions. */
export function nameOfKind({ kind, byId }: Kind): string {
  return [kind, ...byId].join(' ')
}

/**
 * The relation target(missing, organization_id, project_id, controller_id, model_id): what the question q is about, as
 * the caller sees it. `missing` is NOT_FOUND where the caller can't see it, and NOT_HELD where it did not exist at that
 * time. @param kinds the kinds of the questions
 */
export function askedTarget(caller: CallerScope, time: SQL, kinds: Kind[]): SQL {
  const nothing = sql`select null as missing, null::uuid as organization_id, null::uuid as project_id, null::uuid as controller_id, null::uuid as model_id where false`
  const arms = kinds.map(
    (kind) => sql`${TARGETS[kind.kind](caller, time, kind)} where q.kind = ${literal(nameOfKind(kind))}`,
  )
  return sql`(${sql.join([nothing, ...arms], sql` union all `)})`
}

const TARGETS: Record<AskedRow['kind'], (caller: CallerScope, time: SQL, kind: Kind) => SQL> = {
  EVERYWHERE: () => sql`select null, null::uuid, null::uuid, null::uuid, null::uuid`,
  PLACE: (caller) => sql`
    select case when ${isKnown} then null else 'NOT_FOUND' end,
      coalesce(q."organizationId", c.organization_id), q."projectId", q."controllerId", q."modelId"
    from (select) as one
    left join organizations as o on o.id = q."organizationId" and ${mayName.organization(caller)}
    left join projects as p on p.id = q."projectId" and ${mayName.project(caller)}
    left join controllers as c on c.id = q."controllerId" and ${mayName.controller(caller)}
    left join models as m on m.id = q."modelId" and ${mayName.model(caller)}`,
  ORGANIZATION: (caller, time, kind) => sql`
    select case when o.id is null then 'NOT_FOUND' when o.created_at > ${time} then 'NOT_HELD' end, o.id, null, null, null
    from (select) as one left join organizations as o on ${names('o', 'name_key', 'organization', kind)} and ${mayName.organization(caller)}`,
  PROJECT: (caller, time, kind) => sql`
    select case when p.id is null then 'NOT_FOUND' when p.created_at > ${time} then 'NOT_HELD' end, p.organization_id, p.id, null, null
    from (select) as one left join projects as p on ${names('p', 'code_key', 'project', kind)} and ${mayName.project(caller)}`,
  CONTROLLER: (caller, _time, kind) => sql`
    select case when c.id is null then 'NOT_FOUND' end, c.organization_id, null, c.id, null
    from (select) as one left join controllers as c on ${names('c', 'name_key', 'controller', kind)} and c.deleted_at is null and ${mayName.controller(caller)}`,
  MODEL: (caller, _time, kind) => sql`
    select case when m.id is null then 'NOT_FOUND' end, c.organization_id, null, c.id, m.id
    from (select) as one left join (
      controllers as c join models as m on m.controller_id = c.id and c.deleted_at is null and m.deleted_at is null
        and ${mayName.model(caller)}
    ) on ${names('c', 'name_key', 'controller', kind)} and ${names('m', 'name_key', 'model', kind)}`,
}
