/** What the tests of key rotations share: secrets in a store, and what a server tells of them. */
import { sql } from 'drizzle-orm'
import { expect } from 'vitest'
import type { Database } from '../../src/db/database.ts'
import { listen } from '../../src/http/server.ts'
import { changeDocument } from '../support/change.ts'
import { lookInto, type Program, runCommand, startProgram } from '../support/program.ts'
import { ROOT_KEY } from '../support/root-key.ts'
import { query } from '../support/rows.ts'
import { openTestServices } from '../support/services.ts'
import { type Serving, serveHere } from '../support/serving.ts'
import { PASSWORD } from '../support/sessions.ts'

export type Environment = Record<string, string>

export type Server = Pick<Program, 'url'>

/** The secret of the credential aws. */
export const SECRET = 'kept and hidden'

/** Sends a document with these headers; gives its data and the status. */
async function send({ url }: Server, headers: Environment, document: string, variables: object = {}) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query: document, variables }),
  })
  return { status: response.status, ...(await response.json()) }
}

/** Makes one change as root; gives its payload. */
async function change(server: Server, name: string, input: object, payload: string) {
  const { data } = await send(server, { 'api-key': ROOT_KEY }, changeDocument(name, payload), { input })
  expect(data?.[name]?.__typename, JSON.stringify(data)).toMatch(/Payload$/)
  return data[name]
}

/** Puts a password of root's, a session and the credential aws into a started store; gives the token of the session. */
export function fill(store: Environment): Promise<string> {
  return lookInto(store, async (database) => {
    const server = await listen(await openTestServices(database))
    try {
      await change(server, 'changePassword', { newPassword: PASSWORD }, '__typename')
      const attributes = { userpass: { username: 'me', password: SECRET } }
      await change(server, 'addCredential', { name: 'aws', attributes }, '__typename')
      return await signIn(server)
    } finally {
      await server.close()
    }
  })
}

/** Starts a server on the store. */
export function serve(store: Environment): Promise<Serving> {
  return serveHere({ ...store, ROOT_API_KEY: ROOT_KEY })
}

/** The same as a process of its own. */
export function serveApart(store: Environment): Promise<Program> {
  return startProgram({ ...store, ROOT_API_KEY: ROOT_KEY })
}

export async function signIn(server: Server): Promise<string> {
  return (await change(server, 'signIn', { username: 'root', password: PASSWORD }, 'token')).token
}

/** The user of a token or a password; the status if it is not valid. */
export async function whose(server: Server, headers: Environment): Promise<string | number> {
  const { status, data } = await send(server, headers, '{ viewer { user { username } } }')
  return data?.viewer?.user.username ?? status
}

/** The secret of a credential of root's. */
export async function reveal(server: Server, name = 'aws'): Promise<string> {
  const { attributes } = await change(server, 'revealCredential', { name }, 'attributes { value isSecret }')
  return attributes.find(({ isSecret }: { isSecret: boolean }) => isSecret).value
}

/** Runs a rotation that must succeed; gives what it said. */
export async function rotate(what: 'signing' | 'encryption', store: Environment): Promise<string> {
  const { code, stdout, stderr } = await runCommand([`rotate-${what}-key`], store)
  expect({ code, stderr }, stdout).toEqual({ code: 0, stderr: '' })
  return stdout
}

/** The audit rows of a rotation. */
export function auditOf(database: Database, action: string) {
  return query<{ actor_kind: string; target_type: string; before: object | null; after: { kid: string } | null }>(
    { database },
    sql`select actor_kind, target_type, before, after from audit_events where action = ${action} order by at, id`,
  )
}

/** A server with only an older key must not start, and must name the variable in one line. */
export async function expectRefusedStart(store: Environment, old: string) {
  const environment = { ...store, ENCRYPTION_KEY: old, ROOT_API_KEY: ROOT_KEY }

  const { code, stdout, stderr } = await runCommand(['serve'], environment)

  expect({ code, said: stdout.includes('listens at') }, stdout).toEqual({ code: 1, said: false })
  expect(stderr).toMatch(/^chatelaine: [^\n]*ENCRYPTION_KEY[^\n]*\n$/)
  expect(stderr).not.toContain(old)
}
