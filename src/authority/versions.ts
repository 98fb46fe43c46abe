/** What an authority that was read rests on, and how a later statement proves that it is still the same. */
import { type SQL, sql } from 'drizzle-orm'
import type { CallerFlag, CallerScope, CallerValue } from '../read/spec.ts'
import type { Caller } from './caller.ts'
import { NOW } from './held.ts'

/**
 * What an authority rests on: it is the same until something is written of one of the owners, and until time itself changes
 * it.
 */
export interface Basis {
  /** The ids of the users, roles, organizations, projects, keys and sessions whose facts decide it. */
  owners: string[]
  /** The roles among them. */
  roles: string[]
  /** The sum of their versions. */
  version: string
  /** The next moment at which a fact begins or ends; null where there is none. */
  until: string | null
}

/** The owner whose version changes where a table was emptied at once. */
const EVERYTHING_ID = '00000000-0000-0000-0000-000000000000'

/** The rows of which the authority of a caller is made, as a statement names their columns; null where there is none. */
interface Parts {
  user: { id: unknown; organizationId: unknown }
  key: { id: unknown; userId: unknown; expiresAt: unknown } | null
  session: { id: unknown; keyId: unknown; expiresAt: unknown } | null
}

/** The basis of a caller's authority as JSON, in the statement that reads the authority. */
export function basisJson({ user, key, session }: Parts): SQL<Basis> {
  const ids = [sql`${EVERYTHING_ID}`, user.id, user.organizationId, key?.id, key?.userId, session?.id, session?.keyId]
  const known = sql.join(
    ids.filter((id) => id !== undefined).map((id) => sql`${id}::uuid`),
    sql`, `,
  )
  const limits = sql`select l.* from api_key_limits as l where l.api_key_id = ${key?.id ?? null}::uuid`
  const owners = sql`(select r.roles, array(
    select * from unnest(array[${known}] || r.roles) as known
    union select unnest(array[l.organization_id, l.project_id]) from (${limits}) as l
  ) as ids from (select array(
    select g.role_id from role_grants as g where g.user_id = ${user.id} and (g.ended_at is null or ${NOW} < g.ended_at)
    union select l.role_id from (${limits}) as l
  ) as roles) as r)`
  const isOf = (fact: SQL) => sql`${fact}.user_id in (${user.id}, ${key?.userId ?? null}::uuid)`
  const times = sql`
    select unnest(array[f.since, f.expires_at, f.ended_at]) as at from (
      select g.since, g.expires_at, g.ended_at from role_grants as g where g.user_id = ${user.id}
      union all select g.since, g.expires_at, g.ended_at from controller_grants as g where g.user_id = ${user.id}
      union all select g.since, g.expires_at, g.ended_at from model_grants as g where g.user_id = ${user.id}
      union all select s.since, s.expires_at, s.ended_at from user_suspensions as s where ${isOf(sql`s`)}
      union all select p.since, p.expires_at, p.ended_at from role_permissions as p where p.role_id = any(o.ids)
      union all select b.since, b.expires_at, b.ended_at from base_permissions as b where b.organization_id = ${user.organizationId}
    ) as f
    union all select * from unnest(array[${key?.expiresAt ?? null}, ${session?.expiresAt ?? null}]::timestamptz[])`
  return sql<Basis>`(select json_build_object(
    'owners', o.ids,
    'roles', o.roles,
    'version', (select ${versionOf(sql`= any(o.ids)`)}),
    'until', (select min(t.at) from (${times}) as t where t.at > ${NOW})
  ) from ${owners} as o)`
}

/** The sum of the versions of the owners that the condition finds, as text. */
function versionOf(isOwner: SQL): SQL {
  return sql`coalesce(sum(v.version), 0)::text from authority_versions as v where v.owner_id ${isOwner}`
}

const VERSION = value('version', 'text', ({ version }) => version)
const UNTIL = value('until', 'timestamptz', ({ until }) => until)

/** Whether the caller's authority is still what it was when its basis was read. */
export function isUnchanged(caller: CallerScope): SQL {
  const [version, until] = [VERSION, UNTIL].map(caller.param)
  return sql`((select ${versionOf(sql`in (${ownersOf(caller)})`)}) = ${version} and (${until} is null or ${NOW} < ${until}))`
}

/** The lengths of the list of owners for which there are statements. */
const LIST_SIZES = [8, 16, 32, 64, 128, 256, 512, 1024]

/** Whether there is a statement for so many owners; an authority that rests on more of them is not kept. */
export function fitsStatement({ owners }: Basis): boolean {
  return owners.length <= Math.max(...LIST_SIZES)
}

/**
 * The owners as a list of parameters, filled up with an id that is among them: the database makes a plan for each new value
 * of an array, but one for all values of a list.
 */
function ownersOf(caller: CallerScope): SQL {
  const size = LIST_SIZES.find((length) => caller.flag(fitsList(length))) ?? 0
  const owner = (index: number) => value(`owner ${index}`, 'uuid', ({ owners }) => owners[index] ?? EVERYTHING_ID)
  return sql.join(
    Array.from({ length: size }, (_, index) => caller.param(owner(index))),
    sql`, `,
  )
}

function fitsList(size: number): CallerFlag {
  return { name: `at most ${size} owners`, of: ({ basis }: Caller) => basis !== null && basis.owners.length <= size }
}

function value(name: string, sqlType: string, of: (basis: Basis) => unknown): CallerValue {
  return { name: `basis ${name}`, sqlType, of: ({ basis }: Caller) => basis && of(basis) }
}
