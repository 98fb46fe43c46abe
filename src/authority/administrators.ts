/** Conditions on administrators, and the check that one remains. */
import { type SQL, sql } from 'drizzle-orm'
import { readRows, type Transaction } from '../db/database.ts'
import { apiKeys, passwords, roleGrants, users } from '../db/tables.ts'
import { LastAdministratorError } from '../errors.ts'
import { historyOf, holdsAt, isActiveAt, NOW } from './held.ts'
import { ADMINISTRATOR } from './permissions.ts'

const ADMINISTRATOR_ID = sql`${ADMINISTRATOR.id}`.inlineParams()

/** Whether a user holds the role ADMINISTRATOR at a time. */
export function administersAt(userId: unknown, at: SQL): SQL {
  const grant = historyOf('g')
  return sql`exists (select from ${roleGrants} as g where g.user_id = ${userId} and g.role_id = ${ADMINISTRATOR_ID} and ${holdsAt(grant, at)})`
}

/** The ids of the users who hold the role ADMINISTRATOR now. */
export const ADMINISTRATORS = sql`(select g.user_id from ${roleGrants} as g where g.role_id = ${ADMINISTRATOR_ID} and ${holdsAt(historyOf('g'), NOW)})`

/**
 * Whether an administrator remains permanently: their administration has no planned end, and they have a password or a
 * key without a planned end. A key that is limited, read-only or expiring does not count.
 */
function lastingAdministratorExists(): SQL {
  return sql`select from ${roleGrants} as g join ${users} as u on u.id = g.user_id
    where g.role_id = ${ADMINISTRATOR.id} and g.ended_at is null and g.expires_at is null
      and ${isActiveAt({ id: sql`u.id`, deletedAt: sql`u.deleted_at` }, NOW)}
      and (
        exists (select from ${passwords} as w where w.user_id = u.id)
        or exists (select from ${apiKeys} as k where k.user_id = u.id and not k.limited and not k.read_only
          and k.revoked_at is null and k.expires_at is null)
      )`
}

/** The lock is any number, the same on all servers: mutations that could take away the last administrator run one after the other. */
const ADMINISTRATION_LOCK = 7_307_199_821

/** @throws LastAdministratorError in the later of two transactions that together would leave no administrator. */
export async function keepAnAdministrator(tx: Transaction) {
  await tx.execute(sql`select pg_advisory_xact_lock(${ADMINISTRATION_LOCK})`)
  const rows = await readRows(tx, sql`select 1 where exists (${lastingAdministratorExists()})`)
  if (rows.length === 0) throw new LastAdministratorError()
}
