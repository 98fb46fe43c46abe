/**
 * The limit that the server is compared with: `node:http` and `pg`, and for each request one hand-written statement on the
 * server's own tables, which does what the server promises for this request. It has no GraphQL: the path names the workload.
 */
import { hash, randomUUIDv7 } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import pg from 'pg'
import { createKeyUse } from './key-use.ts'
import { setSigningKeys } from './session.ts'
import { STATEMENTS } from './statements.ts'

const pool = new pg.Pool({
  connectionString: process.env.DATABASE_URL,
  max: Number(process.env.DATABASE_POOL_SIZE),
  // The server has the same settings.
  options: '-c jit=off -c random_page_cost=1.1 -c cpu_index_tuple_cost=0.05 -c TimeZone=UTC',
})
const noteUse = createKeyUse(pool)

/** The body of the answer; null where the caller is refused. */
async function answer(request: IncomingMessage, text: string): Promise<string | null> {
  const name = (request.url ?? '').slice(1)
  const statement = STATEMENTS[name]
  const credential = request.headers.authorization?.slice('Bearer '.length)
  if (!statement || credential === undefined) return null
  const digest = hash('sha256', credential, 'buffer')
  const { variables } = JSON.parse(text)
  const requested = { credential, hash: digest, variables, address: request.socket.remoteAddress, newId: randomUUIDv7 }
  const { rows } = await pool.query({ name, text: statement.text, values: statement.values(requested) })
  if (rows[0] === undefined) return null
  if (name !== 'W9') noteUse(digest)
  if (name === 'W8') noteUse(hash('sha256', variables.secret, 'buffer'))
  return rows[0].body
}

function send(response: ServerResponse, status: number, body: string) {
  const headers = { 'content-type': 'application/json; charset=utf-8', 'content-length': Buffer.byteLength(body) }
  response.writeHead(status, headers).end(body)
}

const { rows } = await pool.query('select id, public_key from signing_keys')
setSigningKeys(rows)

const server = createServer((request, response) => {
  let text = ''
  request.setEncoding('utf8')
  request.on('data', (part) => {
    text += part
  })
  request.on('end', () => {
    answer(request, text).then(
      (body) => (body === null ? send(response, 403, '{"errors":[]}') : send(response, 200, body)),
      (error) => send(response, 500, JSON.stringify({ errors: [{ message: String(error) }] })),
    )
  })
})
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`The limit listens at http://127.0.0.1:${(server.address() as AddressInfo).port}\n`)
})
process.on('SIGTERM', () => process.exit(0))
