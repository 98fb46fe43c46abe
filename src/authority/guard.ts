/** Rule 1 of the guard: nobody confers what they do not hold at that scope for that long; nor, rule 2, a longer key. */
import { and, type SQL, sql } from 'drizzle-orm'
import { isUsableKey } from '../authentication/validity.ts'
import type { Transaction } from '../db/database.ts'
import { apiKeyLimits, apiKeys, roleGrants, rolePermissions } from '../db/tables.ts'
import { MissingAuthorityError, type Need, needing } from '../errors.ts'
import type { CallerScope } from '../read/spec.ts'
import type { Caller, HeldLevel, Scope } from './caller.ts'
import { API_KEY_ID, IS_OPERATOR, USER_ID } from './caller-values.ts'
import { allows, authorityOf, held, heldLevels, holdsAt, levelsOf, NOW, uncovered, uncoveredLevels } from './held.ts'
import { levelName } from './levels.ts'
import { wordName } from './permissions.ts'

/** A role to be held on a scope until a planned end. */
export interface RoleItem extends Scope {
  roleId: string
  expiresAt: string | null
}

/**
 * What a mutation would give: permissions as rows of (what, organization_id, project_id, until), levels as rows of
 * (controller_id, model_id, level, until). Null gives nothing.
 */
export interface Given {
  words?: SQL
  levels?: SQL
  /** When a key that is made is to end; nothing is as late as it may. */
  keyUntil?: Date | null
}
export type Conferral = Given | null

/** What roles give on their scopes. */
export function rolesConfer(items: RoleItem[]): Conferral {
  if (items.length === 0) return null
  return {
    words: sql`(
    select p.permission as what, i."organizationId" as organization_id, i."projectId" as project_id, i."expiresAt" as until
    from json_to_recordset(${JSON.stringify(items)}::text::json) as i("roleId" uuid, "organizationId" uuid, "projectId" uuid, "expiresAt" timestamptz)
    join ${rolePermissions} as p on p.role_id = i."roleId" and ${holdsAt({ since: sql`p.since`, expiresAt: sql`p.expires_at`, endedAt: sql`p.ended_at` }, NOW)}
  )`,
  }
}

/** Permissions on one scope without an end. */
export function wordsConfer(words: string[], { organizationId, projectId }: Scope): Conferral {
  if (words.length === 0) return null
  return {
    words: sql`(select w.what, ${organizationId}::uuid as organization_id, ${projectId}::uuid as project_id, null::timestamptz as until from unnest(${sql.param(words)}::text[]) as w(what))`,
  }
}

/**
 * Permissions added to a role: conferred on everyone who holds it, where they hold it, and on every key limited to it
 * whose owner holds them there.
 */
export function roleEditConfers(roleId: string, words: string[]): Conferral {
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
      and exists (select from ${held()} as h where h.user_id = k.user_id and h.state = 'ACTIVE'
        and ${allows(sql`h.what`, sql`w.what`)}
        and (h.organization_id is null or l.organization_id is null or h.organization_id = l.organization_id))
  )`,
  }
}

/** What every member of an organization holds by being one. */
export function membershipConfers(organizationId: string): Conferral {
  return {
    words: sql`(
    select b.permission as what, b.organization_id, null::uuid as project_id, b.expires_at as until from base_permissions as b
    where b.organization_id = ${organizationId} and ${holdsAt({ since: sql`b.since`, expiresAt: sql`b.expires_at`, endedAt: sql`b.ended_at` }, NOW)}
  )`,
  }
}

/** Everything a user holds, or would hold were they active: what whoever takes them over gets. */
export function userConfers(userId: string): Conferral {
  const lasting = sql`h.user_id = ${userId} and h.state not in ('NOT_BEGUN', 'ENDED')`
  return {
    words: sql`(select h.what, h.organization_id, h.project_id, h.until from ${held()} as h where ${lasting})`,
    levels: sql`(select h.controller_id, h.model_id, h.level, h.until from ${heldLevels()} as h where h.via = 'GRANT' and ${lasting})`,
  }
}

/** A level on a controller, or on one of its models, until a planned end. */
export function levelConfers(level: HeldLevel & { expiresAt: string | null }): Conferral {
  const { controllerId, modelId, expiresAt } = level
  return {
    levels: sql`(select ${controllerId}::uuid as controller_id, ${modelId}::uuid as model_id, ${level.level}::int as level, ${expiresAt}::timestamptz as until)`,
  }
}

/** Several of them together. */
export function allConfer(...conferrals: Conferral[]): Conferral {
  const given = conferrals.filter((conferral) => conferral !== null)
  return {
    words: together(given.flatMap(({ words }) => words ?? [])),
    levels: together(given.flatMap(({ levels }) => levels ?? [])),
  }
}

function together(relations: SQL[]): SQL | undefined {
  if (relations.length === 0) return undefined
  const parts = relations.map((relation) => sql`select * from ${relation} as c`)
  return sql`(${sql.join(parts, sql` union all `)})`
}

/** Would the guard let the caller of a plan confer this? */
export function mayConferSql(caller: CallerScope, conferral: Conferral): SQL {
  if (conferral === null || caller.flag(IS_OPERATOR)) return sql`true`
  const holder = { userId: caller.param(USER_ID), apiKeyId: caller.param(API_KEY_ID) }
  const gaps = [
    ...(conferral.words ? [uncovered(conferral.words, authorityOf(holder))] : []),
    ...(conferral.levels ? [uncoveredLevels(conferral.levels, levelsOf(holder))] : []),
  ]
  return and(...gaps.map((gap) => sql`not exists (${gap})`)) ?? sql`true`
}

/** @throws MissingAuthorityError naming what the caller does not hold. */
export async function guard(tx: Transaction, caller: Caller, conferral: Conferral) {
  if (conferral === null || caller.actor === 'OPERATOR' || caller.userId === null) return
  refuseLongerKey(caller, conferral.keyUntil)
  const holder = { userId: caller.userId, apiKeyId: caller.apiKey?.id ?? null }
  const needs: Need[] = []
  if (conferral.words) {
    const rows = await tx.execute<{
      what: string
      organization_id: string | null
      project_id: string | null
      too_short: boolean
    }>(uncovered(conferral.words, authorityOf(holder)))
    for (const { what, organization_id, project_id, too_short } of rows) {
      const where = { organizationId: organization_id, projectId: project_id, controllerId: null, modelId: null }
      needs.push({ what: wordName(what), where, isTooShort: too_short })
    }
  }
  if (conferral.levels) {
    const rows = await tx.execute<{
      controller_id: string
      model_id: string | null
      level: number
      too_short: boolean
    }>(uncoveredLevels(conferral.levels, levelsOf(holder)))
    for (const { controller_id, model_id, level, too_short } of rows) {
      const where = { organizationId: null, projectId: null, controllerId: controller_id, modelId: model_id }
      needs.push({ what: levelName(model_id !== null, level), where, isTooShort: too_short })
    }
  }
  if (needs.length > 0) throw new MissingAuthorityError(needs.sort((a, b) => (a.what < b.what ? -1 : 1)))
}

function refuseLongerKey({ apiKey }: Caller, until: Date | null | undefined) {
  if (!apiKey?.expiresAt || !until || until.getTime() <= Date.parse(apiKey.expiresAt)) return
  throw new MissingAuthorityError(
    needing(`a key that lasts until ${until.toISOString()}`),
    'A key made with a key never outlives it',
  )
}
