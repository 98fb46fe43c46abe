/** What users hold, as the API tells it, in words. */
import type { Client } from './app.ts'

interface Scoped {
  project: { code: string } | null
  organization: { name: string } | null
}

/** The roles of a user as root (or another client) sees them, like `AUDITOR in acme`, sorted. */
export async function rolesOf(client: Client, username: string): Promise<string[]> {
  const { user } = await client.ok(
    `query ($username: String!) { user(username: $username) { roles(first: 100) {
      edges { node { name } project { code } organization { name } } } } }`,
    { username },
  )
  return user.roles.edges
    .map((edge: Scoped & { node: { name: string } }) => `${edge.node.name} ${scopeOf(edge)}`)
    .sort()
}

/** What the client may do, like `version.create on project1`, sorted. */
export async function permissionsOf(client: Client): Promise<string[]> {
  const { viewer } = await client.ok('{ viewer { permissions { name organization project } } }')
  const lines = viewer.permissions.map(
    (held: { name: string; organization: string | null; project: string | null }) =>
      `${held.name} ${placeOf(held.project, held.organization)}`,
  )
  return lines.sort()
}

/** Who the client is. */
export async function usernameOf(client: Client): Promise<string> {
  const { viewer } = await client.ok('{ viewer { user { username } } }')
  return viewer.user.username
}

/** The status of the client's simplest request: 401 where its credential is bad. */
export async function statusOf(client: Client): Promise<number> {
  const { status } = await client.send('{ viewer { user { username } } }')
  return status
}

function scopeOf({ project, organization }: Scoped): string {
  return placeOf(project?.code ?? null, organization?.name ?? null)
}

function placeOf(project: string | null, organization: string | null): string {
  if (project !== null) return `on ${project}`
  return organization === null ? 'everywhere' : `in ${organization}`
}

const DAY_MS = 24 * 60 * 60 * 1000

/** A time this many days from now. */
export function inDays(days: number): string {
  return new Date(Date.now() + days * DAY_MS).toISOString()
}
