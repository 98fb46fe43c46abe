/** W4: the grant of a role and its audit row, in one transaction. */
import { randomUUIDv7 } from 'node:crypto'
import type pg from 'pg'
import { selectNamed } from '../statements.ts'
import { pool } from './pool.ts'

interface GrantRolesInput {
  user: string
  roles: { role: string; project: string }[]
}

const FIND = { name: 'find', text: selectNamed('$1', '$2', '$3') }

const INSERT_GRANT = {
  name: 'insert-grant',
  text: `insert into role_grants (id, user_id, role_id, organization_id, project_id) values ($1, $2, $3, $4, $5) on conflict do nothing`,
}

const INSERT_AUDIT = {
  name: 'insert-audit',
  text: `insert into audit_events (id, action, actor_kind, request_id, target_type, target_id, target_name, organization_id, after)
    values ($1, 'grantRoles', 'NOBODY', $2, 'User', $3, $4, $5, $6)`,
}

export async function grantRoles(_root: unknown, { input }: { input: GrantRolesInput }) {
  const found = await Promise.all(input.roles.map(({ role, project }) => find(input.user, role, project)))
  const user = found[0]
  if (!user || found.includes(undefined)) {
    return { __typename: 'NotFoundError', code: 'NOT_FOUND', message: 'The user, a role or a project does not exist.' }
  }
  const client = await pool.connect()
  try {
    await client.query('begin')
    const changed = await insert(
      client,
      found.filter((named) => named !== undefined),
    )
    await client.query('commit')
    return { __typename: 'GrantRolesPayload', changed, user }
  } catch (error) {
    await client.query('rollback')
    throw error
  } finally {
    client.release()
  }
}

interface Named {
  user_id: string
  username: string
  home_id: string
  role_id: string
  role_name: string
  project_id: string
  project_code: string
  organization_id: string
}

async function find(...names: [string, string, string]): Promise<Named | undefined> {
  const { rows } = await pool.query<Named>({ ...FIND, values: names.map((name) => name.toLowerCase()) })
  return rows[0]
}

/** Returns whether anything was granted that was not held before. */
async function insert(client: pg.PoolClient, grants: Named[]): Promise<boolean> {
  const made: Named[] = []
  for (const grant of grants) {
    const values = [randomUUIDv7(), grant.user_id, grant.role_id, grant.organization_id, grant.project_id]
    const { rowCount } = await client.query({ ...INSERT_GRANT, values })
    if (rowCount === 1) made.push(grant)
  }
  const [first] = made
  if (!first) return false
  const roles = made.map(({ role_name, project_code }) => ({
    role: role_name,
    scope: `project ${project_code}`,
    expiresAt: null,
  }))
  await client.query({
    ...INSERT_AUDIT,
    values: [randomUUIDv7(), randomUUIDv7(), first.user_id, first.username, first.home_id, { roles }],
  })
  return true
}
