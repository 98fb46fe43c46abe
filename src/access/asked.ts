/** Questions as rows of the one statement that answers them. */
import { sql } from 'drizzle-orm'
import { levelName } from '../authority/levels.ts'
import { EVERYTHING } from '../authority/permissions.ts'
import { describePlace } from '../authority/places.ts'
import type { Demand } from '../authority/requirement.ts'
import type { NamedNeed } from '../errors.ts'
import type { Question } from './questions.ts'

/** A permission, or a level; at a place by the names that were typed, or by ids for the kind PLACE. */
export interface AskedRow {
  kind: 'EVERYWHERE' | 'ORGANIZATION' | 'PROJECT' | 'CONTROLLER' | 'MODEL' | 'PLACE'
  permission?: string
  access?: number
  project?: string | null
  organization?: string | null
  controller?: string
  model?: string
  organizationId?: string | null
  projectId?: string | null
  controllerId?: string | null
  modelId?: string | null
}

/** The columns of a row as the statement reads them. */
export const ASKED_COLUMNS = sql`id text, kind text, permission text, project text, organization text, controller text, model text, access int, "organizationId" uuid, "projectId" uuid, "controllerId" uuid, "modelId" uuid`

/** What is asked but for mutations, whose rules make the rows. */
export function rowOf({ permission, controller, model }: Question): AskedRow {
  if (permission) {
    const { permission: word, project, organization } = permission
    return { kind: kindOf(permission), permission: word, project, organization }
  }
  if (controller) return { kind: 'CONTROLLER', ...controller }
  return { kind: 'MODEL', ...model }
}

function kindOf({ project, organization }: { project?: string | null; organization?: string | null }) {
  if (typeof project === 'string') return 'PROJECT'
  return typeof organization === 'string' ? 'ORGANIZATION' : 'EVERYWHERE'
}

/** What would have to be held, by the names that were typed. */
export function needOf(row: AskedRow): NamedNeed {
  const what = row.permission ?? levelName(row.kind === 'MODEL', row.access ?? 0)
  return { what, where: placeOf(row) }
}

function placeOf({ kind, project, organization, controller, model }: AskedRow): string {
  if (kind === 'PROJECT') return describePlace('project', project ?? null)
  if (kind === 'ORGANIZATION') return describePlace('organization', organization ?? null)
  if (kind === 'CONTROLLER') return describePlace('controller', controller ?? null)
  return kind === 'MODEL' ? describePlace('model', `${controller}/${model}`) : describePlace('everywhere', null)
}

/** A demand of a rule that something held can meet. */
export function demandRows(demand: Demand): AskedRow[] {
  if (demand.kind === 'permission') return [{ kind: 'PLACE', permission: demand.word, ...demand.scope }]
  if (demand.kind === 'level') {
    const { controller, model } = demand.on
    const place = { organizationId: controller.organizationId, controllerId: controller.id, modelId: model?.id ?? null }
    return [{ kind: 'PLACE', access: demand.level, ...place }]
  }
  const isAdministration = demand.kind === 'administrator' || (demand.kind === 'peer' && demand.isAdministrator)
  return isAdministration ? [{ kind: 'PLACE', permission: EVERYTHING }] : []
}
