/** What the changes of the load left in the database. */
import { BenchError } from './cleanup.ts'
import { onDatabase } from './postgres.ts'

const GRANTED = `role_id in (select r.id from roles as r where r.name like 'GRANTED%')`

/** How many grants the load has made, and how many audit rows tell of them. */
export function countChanges(url: string): Promise<{ grants: number; audits: number }> {
  return onDatabase(url, async (client) => {
    const { rows } = await client.query(`select (select count(*)::int from role_grants where ${GRANTED}) as grants,
      (select count(*)::int from audit_events where action = 'grantRoles') as audits`)
    return rows[0]
  })
}

/** The rows without what each one has of its own; the names of the roles differ between the programs. */
const rowsOf = (table: string, own: string[], condition: string) => `
  select regexp_replace((to_jsonb(t) - array[${own.map((name) => `'${name}'`).join(', ')}])::text, 'GRANTED_\\d+', 'GRANTED') as text
  from ${table} as t where ${condition}`

/** Both programs made the same grants, so the database must have each row twice. @throws BenchError */
export async function compareChanges(url: string) {
  const grants = rowsOf('role_grants', ['id', 'since', 'role_id'], GRANTED)
  const audits = rowsOf('audit_events', ['id', 'at', 'request_id'], `action = 'grantRoles'`)
  for (const rows of [grants, audits]) {
    const single = await onDatabase(url, async (client) => {
      const { rows: found } = await client.query(
        `select text from (${rows}) as r group by text having count(*) % 2 = 1`,
      )
      return found
    })
    if (single.length > 0)
      throw new BenchError(`The programs write different rows: ${JSON.stringify(single.slice(0, 2))}`)
  }
}
