/** PostGraphile 5 on the server's own tables, as its preset makes a schema of them, without keys and authority. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { postgraphile } from 'postgraphile'
import { makePgService } from 'postgraphile/adaptors/pg'
import { grafserv } from 'postgraphile/grafserv/node'
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber'
import { jsonPgSmartTags } from 'postgraphile/utils'
import { openPool } from '../pool.ts'
import { FUNCTIONS, SCHEMA } from './functions.ts'

/** PostGraphile filters by indexed columns alone, and the indexes of these are partial ones or begin with another column. */
const FILTERED = [
  'users.deleted_at',
  'models.deleted_at',
  'user_suspensions.ended_at',
  'role_grants.ended_at',
  'model_grants.ended_at',
  'controller_grants.ended_at',
  'controller_grants.level',
]
const tags = { behavior: '+attribute:filterBy' }

const pool = openPool()
await pool.query(FUNCTIONS)
const instance = postgraphile({
  extends: [PostGraphileAmberPreset],
  plugins: [
    jsonPgSmartTags({
      version: 1,
      config: { attribute: Object.fromEntries(FILTERED.map((column) => [`public.${column}`, { tags }])) },
    }),
  ],
  pgServices: [makePgService({ pool, schemas: ['public', SCHEMA] })],
  grafserv: { graphiql: false, websockets: false },
})
const server = createServer()
await instance.createServ(grafserv).addTo(server)
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`PostGraphile listens at http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql\n`)
})
process.on('SIGTERM', () => process.exit(0))
