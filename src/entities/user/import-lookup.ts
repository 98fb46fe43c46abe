/** Finds what the items of an import name, and what of each the user lacks. */
import { sql } from 'drizzle-orm'
import { readRows, type Transaction } from '../../db/database.ts'
import { apiKeys, passwords, roleGrants, sshKeys } from '../../db/tables.ts'
import { DomainError, InvalidInputError, NotFoundError } from '../../errors.ts'
import { type Finder, type Found, readOnceLocked } from '../../mutation/lookup.ts'
import type { ForeignKey } from '../api-key/operations.ts'
import { findHomeOrganization } from '../organization/lookup.ts'
import type { Organization as OrganizationRow } from '../organization/operations.ts'
import type { RoleInput } from '../role/inputs.ts'
import { type FoundRole, findRole, findScope, roleOnScope } from '../role/lookup.ts'
import { type HeldRole, isHeldAlready } from '../role/operations.ts'
import { type PublicKey, readPublicKey } from '../ssh-key/public-key.ts'
import { ADMINISTRATION } from './create.ts'
import { foreignKeyOf, type ImportedUser, itemIssues, nameOf } from './import-inputs.ts'
import { findUserIfAny, type UserReference } from './lookup.ts'

/** What an item gives to its user, without what the user has already. */
export interface Additions {
  roles: FoundRole[]
  sshKeys: PublicKey[]
  apiKeys: ForeignKey[]
  passwordHash: string | null
}

/** An item of an import, after everything that it names was found. */
export interface FoundItem {
  index: number
  item: ImportedUser
  organization: OrganizationRow
  /** The user who has the name already; null where there is none. */
  existing: UserReference | null
  /** All roles of the item. */
  roles: FoundRole[]
  additions: Additions
}

/** An item of which something was not found, or is wrong. */
export interface FailedItem {
  index: number
  item: ImportedUser
  error: DomainError
}

interface Import {
  items: readonly ImportedUser[]
  onError?: 'STOP' | 'SKIP' | null
}

/** Finds the items. @throws DomainError about the first that fails, where the import stops at errors */
export async function findItems(
  finder: Finder,
  { items, onError }: Import,
): Promise<Found<(FoundItem | FailedItem)[]>> {
  const once = createMemory()
  const find = async (item: ImportedUser, index: number) => {
    const failed = (error: unknown): FailedItem => {
      if (onError !== 'SKIP' || !(error instanceof DomainError)) throw error
      return { index, item, error }
    }
    const found = await findItem(finder, once, item, index).catch(failed)
    if ('error' in found) return { locked: () => found }
    return {
      locked() {
        try {
          return found.locked()
        } catch (error) {
          return failed(error)
        }
      },
    }
  }
  const found = await Promise.all(items.map(find))
  const had = readOnceLocked(finder, async () => {
    const named = found.map((one) => one.locked())
    return readHad(finder.tx, named)
  })
  const latest = finder.self.apiKey?.expiresAt ?? null
  return {
    locked: () =>
      found.map((one) => {
        const named = one.locked()
        return 'error' in named ? named : { ...named, additions: additionsOf(named, had.locked(), latest) }
      }),
  }
}

type Named = Omit<FoundItem, 'additions'>

async function findItem(finder: Finder, once: Memory, item: ImportedUser, index: number): Promise<Found<Named>> {
  const at = `items.${index}`
  const issues = itemIssues(at, item)
  if (issues.length > 0) throw new InvalidInputError(issues)
  const home = `${at}.organization`
  const [organization, existing, roles] = await Promise.all([
    once(`home ${item.organization ?? ''}`, home, () => findHomeOrganization(finder, item.organization, home)),
    once(`user ${nameOf(item).toLowerCase()}`, `${at}.username`, () => findUserIfAny(finder, nameOf(item))),
    Promise.all((item.roles ?? []).map((role, n) => findGrant(finder, once, role, `${at}.roles.${n}`))),
  ])
  const administration = item.isAdmin ? [ADMINISTRATION] : []
  return {
    locked: () => ({
      index,
      item,
      organization: organization.locked(),
      existing: existing.locked(),
      roles: [...administration, ...roles.map((role) => role.locked())],
    }),
  }
}

async function findGrant(finder: Finder, once: Memory, given: RoleInput, path: string): Promise<Found<FoundRole>> {
  const { role: name, expiresAt = null, ...place } = given
  const [role, scope] = await Promise.all([
    once(`role ${name}`, `${path}.role`, () => findRole(finder, name, `${path}.role`)),
    once(`scope ${JSON.stringify(place)}`, null, () => findScope(finder, `${path}.`, place)),
  ])
  return {
    locked: () => ({
      ...roleOnScope(path, role.locked(), scope.locked()),
      expiresAt: expiresAt?.toISOString() ?? null,
    }),
  }
}

type Memory = <T>(key: string, path: string | null, find: () => Promise<T>) => Promise<T>

/** Finds the same thing only once, however many items name it. What is missing is missing at the path of each. */
function createMemory(): Memory {
  const known = new Map<string, Promise<unknown>>()
  return async <T>(key: string, path: string | null, find: () => Promise<T>): Promise<T> => {
    const found = known.get(key) ?? find()
    known.set(key, found)
    try {
      return (await found) as T
    } catch (error) {
      throw error instanceof NotFoundError && path !== null ? error.at(path) : error
    }
  }
}

/** What users have already, of what could be imported. */
interface Had {
  roles: (HeldRole & { userId: string })[]
  /** `user fingerprint` and `user hash`; and the ids of the users with a password. */
  keys: Set<string>
  passwords: Set<string>
}

async function readHad(tx: Transaction, named: (Named | FailedItem)[]): Promise<Had> {
  const ids = named.flatMap((one) => ('error' in one ? [] : (one.existing?.id ?? [])))
  if (ids.length === 0) return { roles: [], keys: new Set(), passwords: new Set() }
  const these = sql`${sql.param(ids)}::uuid[]`
  const roles = await readRows<Had['roles'][number]>(
    tx,
    sql`select g.user_id as "userId", g.role_id as "roleId", g.organization_id as "organizationId", g.project_id as "projectId", g.expires_at as "expiresAt"
      from ${roleGrants} as g where g.user_id = any(${these}) and g.ended_at is null and (g.expires_at is null or statement_timestamp() < g.expires_at)`,
  )
  // A key that was imported and ended counts too: importing again does not make it valid again.
  const keys = await readRows<{ key: string }>(
    tx,
    sql`select s.user_id || ' ' || s.fingerprint as key from ${sshKeys} as s where s.user_id = any(${these}) and s.deleted_at is null
      union all select k.user_id || ' ' || encode(k.hash, 'hex') from ${apiKeys} as k where k.user_id = any(${these}) and k.source = 'IMPORTED'`,
  )
  const known = await readRows<{ id: string }>(
    tx,
    sql`select p.user_id as id from ${passwords} as p where p.user_id = any(${these})`,
  )
  return { roles, keys: new Set(keys.map(({ key }) => key)), passwords: new Set(known.map(({ id }) => id)) }
}

function additionsOf({ item, existing, roles }: Named, had: Had, latest: string | null): Additions {
  const lines = new Map((item.sshKeys ?? []).map(readLine).map((key) => [key.fingerprint, key]))
  const keys = (item.apiKeys ?? []).map((key) => foreignKeyOf(key, latest))
  const given = { roles, sshKeys: [...lines.values()], apiKeys: keys, passwordHash: item.passwordHash ?? null }
  if (!existing) return given
  const { id } = existing
  const held = had.roles.filter(({ userId }) => userId === id)
  return {
    roles: roles.filter((role) => !isHeldAlready(held, role)),
    sshKeys: given.sshKeys.filter(({ fingerprint }) => !had.keys.has(`${id} ${fingerprint}`)),
    apiKeys: keys.filter(({ hash }) => !had.keys.has(`${id} ${hash.toString('hex')}`)),
    passwordHash: had.passwords.has(id) ? null : given.passwordHash,
  }
}

/** @throws Error where the line is not a key: that is refused before anything is found */
function readLine(line: string): PublicKey {
  const key = readPublicKey(line)
  if (typeof key === 'string') throw new Error(key)
  return key
}
