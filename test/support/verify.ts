/** What other services ask about a credential or a user: rungs and words of the tests of checks. */
import type { Client, TestApp } from './app.ts'
import { createRole, createUser, type SeededUser } from './seed.ts'
import type { Statements } from './statements.ts'

interface HeldPermission {
  name: string
  organization: string | null
  project: string | null
  expiresAt: string | null
}

/** What is held, like `version.create on apollo`, sorted. */
export function wordsOf(permissions: HeldPermission[]): string[] {
  const place = ({ organization, project }: HeldPermission) =>
    project ? `on ${project}` : organization ? `in ${organization}` : 'everywhere'
  return permissions.map((held) => `${held.name} ${place(held)}`).sort()
}

/** A service that holds access.check and nothing else: everywhere, or in one organization. */
export async function createGate(app: TestApp, username: string, organization?: string): Promise<SeededUser> {
  const { role } = await app.root.ok('{ role(name: "CHECKER") { id } }')
  if (!role) await createRole(app, 'CHECKER', ['access.check'])
  const place = organization ? { organization } : { everywhere: true }
  return createUser(app, username, { roles: [{ role: 'CHECKER', ...place }] })
}

/** The statements a document takes, but the note of a key’s use, which nobody waits for and which comes once a minute. */
export async function statementsOf(
  statements: Statements,
  client: Client,
  document: string,
  variables: object,
): Promise<string[]> {
  // The first request makes the server know the caller.
  await client.ok(document, variables)
  statements.clear()
  await client.ok(document, variables)
  return statements.texts
}
