/** W1 to W3: users by name and by page. */
import { isActive } from '../../limit/statement.ts'
import { readCursor, writeCursor } from '../cursor.ts'
import { pool } from './pool.ts'

interface UserRow {
  id: string
  username_key: string
  organization: { name: string } | null
}

const FROM = `from users as u left join organizations as o on o.id = u.organization_id and o.deleted_at is null
  where u.deleted_at is null`
const COLUMNS = `u.id, u.username, u.username_key, u.display_name as "displayName", u.email, u.kind, ${isActive('u')} as "isActive", o.name as organization`

const STATEMENTS = {
  viewer: `select u.id, u.username, o.name as organization ${FROM} and u.username_key = $1`,
  user: `select ${COLUMNS} ${FROM} and u.username_key = $1`,
  page: `select ${COLUMNS} ${FROM} and (u.username_key, u.id) > ($1::text, $2::uuid) order by u.username_key, u.id limit $3`,
}

async function select(name: keyof typeof STATEMENTS, values: unknown[]): Promise<UserRow[]> {
  const { rows } = await pool.query({ name, text: STATEMENTS[name], values })
  return rows.map((row) => ({ ...row, organization: row.organization === null ? null : { name: row.organization } }))
}

export async function findViewer(_root: unknown, { username }: { username: string }) {
  const [user] = await select('viewer', [username.toLowerCase()])
  return user ? { user } : null
}

export async function findUser(_root: unknown, { username }: { username: string }) {
  const [user] = await select('user', [username.toLowerCase()])
  return user ?? null
}

const BEFORE_ALL = ['', '00000000-0000-0000-0000-000000000000']

export async function listUsers(_root: unknown, { first, after }: { first: number; after?: string | null }) {
  const found = await select('page', [...(after ? readCursor(after) : BEFORE_ALL), first + 1])
  const nodes = found.slice(0, first)
  const last = nodes.at(-1)
  const endCursor = last ? writeCursor([last.username_key, last.id]) : null
  return { nodes, pageInfo: { hasNextPage: found.length > first, endCursor } }
}
