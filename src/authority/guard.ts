/** The escalation guard. Rule 1: a caller cannot grant what they do not hold in that scope for that long. Rule 2: a key cannot make a key that lasts longer. */
import { and, type SQL, sql } from 'drizzle-orm'
import { isUsableKey } from '../authentication/validity.ts'
import { readRows, type Transaction } from '../db/database.ts'
import { type Part, partOf, sqlOf } from '../db/rendered.ts'
import { apiKeyLimits, apiKeys, roleGrants, rolePermissions } from '../db/tables.ts'
import { MissingAuthorityError, type MissingRequirement, missingCircumstance } from '../errors.ts'
import type { CallerScope } from '../read/spec.ts'
import {
  type Caller,
  EVERYWHERE,
  type HeldLevel,
  holds,
  holdsEverything,
  inOrganization,
  type Scope,
} from './caller.ts'
import { callersStatement } from './caller-statement.ts'
import { API_KEY_ID, AUTHORITY, IS_OPERATOR, USER_ID } from './caller-values.ts'
import { held, historyOf, holdsAt, knownAuthority, NOW, uncovered } from './held.ts'
import { heldLevels, levelsOf, uncoveredLevels } from './held-levels.ts'
import { levelName } from './levels.ts'
import { wordName } from './permissions.ts'

/** A role that is to be held in a scope until a planned end. */
export interface RoleItem extends Scope {
  roleId: string
  expiresAt: string | null
}

/**
 * What a mutation would grant: permissions as rows of (what, organization_id, project_id, until), levels as rows of
 * (controller_id, model_id, level, until). Null grants nothing.
 */
export interface Given {
  words?: SQL
  levels?: SQL
  /** The planned end of a key that is made or widened; where it is omitted, the key ends as late as it may. */
  keyUntil?: Date | 'NEVER' | null
  /** What of it other users hold, which not every caller may be told. */
  secrecy?: Secrecy
}

/** How what is missing is told where it shows what other users hold. */
interface Secrecy {
  isToldTo(reader: Caller, where: Scope): boolean
  /** The circumstance that is told instead. */
  otherwise(what: string): string
}

export type Granted = Given | null

/** What roles grant in their scopes. */
export function grantedByRoles(items: RoleItem[]): Granted {
  if (items.length === 0) return null
  return {
    words: sql`(
    select p.permission as what, i."organizationId" as organization_id, i."projectId" as project_id, i."expiresAt" as until
    from json_to_recordset(${JSON.stringify(items)}::text::json) as i("roleId" uuid, "organizationId" uuid, "projectId" uuid, "expiresAt" timestamptz)
    join ${rolePermissions} as p on p.role_id = i."roleId" and ${holdsAt(historyOf('p'), NOW)}
  )`,
  }
}

/** Permissions in one scope without a planned end. */
export function grantedPermissions(words: string[], { organizationId, projectId }: Scope): Granted {
  if (words.length === 0) return null
  return {
    words: sql`(select w.what, ${organizationId}::uuid as organization_id, ${projectId}::uuid as project_id, null::timestamptz as until from unnest(${sql.param(words)}::text[]) as w(what))`,
  }
}

/**
 * Permissions added to a role: they are granted to every user who holds the role, in the scope where they hold it, and
 * to every usable key limited to the role, in the scope of its limit. What the owner of the key holds does not matter: a
 * suspension ends, they can be granted more, and behind `controllers.manage` stand the levels that they have.
 */
export function grantedByRoleEdit(roleId: string, words: string[]): Granted {
  if (words.length === 0) return null
  const added = sql`unnest(${sql.param(words)}::text[]) as w(what)`
  return {
    words: sql`(
    select w.what, g.organization_id, g.project_id, g.expires_at as until from ${roleGrants} as g, ${added}
    where g.role_id = ${roleId} and g.ended_at is null and (g.expires_at is null or ${NOW} < g.expires_at)
    union
    select w.what, l.organization_id, l.project_id, k.expires_at
    from ${apiKeyLimits} as l join ${apiKeys} as k on k.id = l.api_key_id, ${added}
    where l.role_id = ${roleId} and ${isUsableKey({ revokedAt: sql`k.revoked_at`, expiresAt: sql`k.expires_at` }, NOW)}
  )`,
    secrecy: {
      isToldTo: (reader, { organizationId }) => holds(reader, 'users.read', inOrganization(organizationId)),
      otherwise: (what) => `${what} wherever the role is held`,
    },
  }
}

/** The base permissions, which every member of an organization holds. */
export function grantedByMembership(organizationId: string): Granted {
  return {
    words: sql`(
    select b.permission as what, b.organization_id, null::uuid as project_id, b.expires_at as until from base_permissions as b
    where b.organization_id = ${organizationId} and ${holdsAt(historyOf('b'), NOW)}
  )`,
  }
}

/**
 * Everything that a user holds, or will hold once they are active and it has begun: a caller who takes over the user gets
 * all of it.
 */
export function grantedByTakeover({ id, organizationId }: { id: string; organizationId: string }): Granted {
  const lasting = sql`h.user_id = ${id} and h.state <> 'ENDED'`
  return {
    words: sql`(select h.what, h.organization_id, h.project_id, h.until from ${held()} as h where ${lasting})`,
    levels: sql`(select h.controller_id, h.model_id, h.level, h.until from ${heldLevels()} as h where h.via = 'GRANT' and ${lasting})`,
    secrecy: {
      isToldTo: (reader) => reader.userId === id || holds(reader, 'users.read', inOrganization(organizationId)),
      otherwise: () => 'more than they hold',
    },
  }
}

/** A level on a controller, or on one of its models, until a planned end. */
export function grantedLevel(level: HeldLevel & { expiresAt: string | null }): Granted {
  const { controllerId, modelId, expiresAt } = level
  return {
    levels: sql`(select ${controllerId}::uuid as controller_id, ${modelId}::uuid as model_id, ${level.level}::int as level, ${expiresAt}::timestamptz as until)`,
  }
}

/** Several grants together. */
export function grantedTogether(...several: Granted[]): Granted {
  const given = several.filter((granted) => granted !== null)
  const secrecies = given.flatMap(({ secrecy }) => secrecy ?? [])
  const [first] = secrecies
  return {
    // It is not known whose each of them is: it is told where all of it may be told.
    secrecy: first && { ...first, isToldTo: (...told) => secrecies.every(({ isToldTo }) => isToldTo(...told)) },
    words: together(given.flatMap(({ words }) => words ?? [])),
    levels: together(given.flatMap(({ levels }) => levels ?? [])),
  }
}

function together(relations: SQL[]): SQL | undefined {
  if (relations.length === 0) return undefined
  const parts = relations.map((relation) => sql`select * from ${relation} as c`)
  return sql`(${sql.join(parts, sql` union all `)})`
}

/** Whether the escalation guard would let the caller of a plan grant this. */
export function mayGrantSql(caller: CallerScope, granted: Granted): SQL {
  if (granted === null || caller.flag(IS_OPERATOR)) return sql`true`
  const holder = { userId: caller.param(USER_ID), apiKeyId: caller.param(API_KEY_ID) }
  const gaps = [
    ...(granted.words ? [uncovered(granted.words, knownAuthority(caller.param(AUTHORITY)))] : []),
    ...(granted.levels ? [uncoveredLevels(granted.levels, levelsOf(holder))] : []),
  ]
  return and(...gaps.map((gap) => sql`not exists (${gap})`)) ?? sql`true`
}

interface UncoveredWord {
  what: string
  organization_id: string | null
  project_id: string | null
  too_short: boolean
}

/** Which of the permissions that are given the caller does not hold. */
const readUncovered = callersStatement<{ words: Part; caller: Caller }, UncoveredWord>({
  callersOf: () => [],
  shape: ({ words }) => words.text,
  build(_callers, parameter, { words }) {
    const given = sqlOf(words, (index) => parameter(null, (run) => run.words.values[index]))
    return uncovered(given, knownAuthority(parameter('text', ({ caller }) => JSON.stringify(caller.authority))))
  },
})

/**
 * Checks what a mutation would grant. @param reader who is told what is missing, as far as they may know it
 * @throws MissingAuthorityError that names what the caller does not hold
 */
export async function guard(tx: Transaction, caller: Caller, granted: Granted, reader: Caller = caller) {
  if (granted === null || caller.actor === 'OPERATOR' || caller.userId === null) return
  refuseLongerKey(caller, granted.keyUntil)
  if (holdsEverything(caller)) return
  const holder = { userId: caller.userId, apiKeyId: caller.apiKey?.id ?? null }
  const missing: MissingRequirement[] = []
  if (granted.words) {
    const rows = await readUncovered(tx, { words: partOf(granted.words), caller })
    for (const { what, organization_id, project_id, too_short } of rows) {
      const where = { organizationId: organization_id, projectId: project_id, controllerId: null, modelId: null }
      missing.push({ what: wordName(what), where, isTooShort: too_short })
    }
  }
  if (granted.levels) {
    const rows = await readRows<{
      controller_id: string
      model_id: string | null
      level: number
      too_short: boolean
    }>(tx, uncoveredLevels(granted.levels, levelsOf(holder)))
    for (const { controller_id, model_id, level, too_short } of rows) {
      const where = { organizationId: null, projectId: null, controllerId: controller_id, modelId: model_id }
      missing.push({ what: levelName(model_id !== null, level), where, isTooShort: too_short })
    }
  }
  if (missing.length > 0) throw new MissingAuthorityError(told(missing, granted, reader))
}

/** The missing requirements as a reader may know them. */
function told(missing: MissingRequirement[], { secrecy }: Given, reader: Caller): MissingRequirement[] {
  const inOrder = missing.sort((a, b) => (a.what < b.what ? -1 : 1))
  if (!secrecy) return inOrder
  const isKnown = ({ where }: MissingRequirement) => secrecy.isToldTo(reader, where ?? EVERYWHERE)
  const hidden = new Set(inOrder.filter((one) => !isKnown(one)).map(({ what }) => secrecy.otherwise(what)))
  return [...inOrder.filter(isKnown), ...[...hidden].flatMap(missingCircumstance)]
}

function refuseLongerKey({ apiKey }: Caller, until: Given['keyUntil']) {
  if (!apiKey?.expiresAt || !until) return
  if (until !== 'NEVER' && until.getTime() <= Date.parse(apiKey.expiresAt)) return
  const needed = until === 'NEVER' ? 'a key without an end' : `a key that lasts until ${until.toISOString()}`
  throw new MissingAuthorityError(missingCircumstance(needed), 'A key made with a key never outlives it')
}
