/** Questions as rows of the single statement that answers them. */

import { sql } from 'drizzle-orm'
import { levelName } from '../authority/levels.ts'
import { EVERYTHING } from '../authority/permissions.ts'
import { nameRequirement, type PlaceNames } from '../authority/places.ts'
import type { Requirement } from '../authority/requirement.ts'
import type { NamedRequirement } from '../errors.ts'
import { uuidOfReference } from '../graphql/references.ts'
import type { Question } from './questions.ts'

/** A permission or a level. Its scope or resource is given by the names in the input, or by ids for the kind PLACE. */
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

/** The columns of a row, as the statement reads them from its JSON. */
export const ASKED_COLUMNS = sql`id text, permission text, project text, organization text, controller text, model text, access int, "organizationId" uuid, "projectId" uuid, "controllerId" uuid, "modelId" uuid`

/** The row of a question that is not about a mutation. The rows of a mutation come from its rule. */
export function rowOf({ permission, controller, model }: Question): AskedRow {
  if (permission) {
    const { permission: word, project, organization } = permission
    return withIds({ kind: scopeKindOf(permission), permission: word, project, organization })
  }
  if (controller) return withIds({ kind: 'CONTROLLER', ...controller })
  return withIds({ kind: 'MODEL', ...model })
}

/** Adds the ids of references that are ids. No name has the form of an id. */
function withIds(row: AskedRow): AskedRow {
  const id = (prefix: string, reference: string | null | undefined) => uuidOfReference(prefix, reference ?? '')
  return {
    ...row,
    organizationId: id('organization', row.organization),
    projectId: id('project', row.project),
    controllerId: id('controller', row.controller),
    modelId: id('model', row.model),
  }
}

function scopeKindOf({ project, organization }: { project?: string | null; organization?: string | null }) {
  if (typeof project === 'string') return 'PROJECT'
  return typeof organization === 'string' ? 'ORGANIZATION' : 'EVERYWHERE'
}

/** The requirement of a row, by the names in the input. */
export function missingOfRow(row: AskedRow): NamedRequirement {
  const what = row.permission ?? levelName(row.kind === 'MODEL', row.access ?? 0)
  return nameRequirement({ what, where: null }, namesOf(row))
}

function namesOf(row: AskedRow): PlaceNames {
  const { kind, project = null, organization = null } = row
  const [controller, model] = [row.controller ?? null, row.model ?? null]
  const nothing = { organization: null, project: null, controller: null, model: null }
  if (kind === 'PROJECT') return { kind: 'project', ...nothing, project }
  if (kind === 'ORGANIZATION') return { kind: 'organization', ...nothing, organization }
  if (kind === 'CONTROLLER') return { kind: 'controller', ...nothing, controller }
  return kind === 'MODEL' ? { kind: 'model', ...nothing, controller, model } : { kind: 'everywhere', ...nothing }
}

/** The rows of a requirement of a rule; none where it can't be met by something that is held. */
export function requirementRows(requirement: Requirement): AskedRow[] {
  if (requirement.kind === 'permission') return [{ kind: 'PLACE', permission: requirement.word, ...requirement.scope }]
  if (requirement.kind === 'level') {
    const { controller, model } = requirement.on
    const place = { organizationId: controller.organizationId, controllerId: controller.id, modelId: model?.id ?? null }
    return [{ kind: 'PLACE', access: requirement.level, ...place }]
  }
  const isAdministration =
    requirement.kind === 'administrator' || (requirement.kind === 'peer' && requirement.isAdministrator)
  return isAdministration ? [{ kind: 'PLACE', permission: EVERYTHING }] : []
}
