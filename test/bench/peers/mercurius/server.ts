/** Mercurius with its compiler and loaders: hand-written resolvers on the server's own tables, without keys and authority. */
import fastify from 'fastify'
import mercurius from 'mercurius'
import { checkAccess } from './check.ts'
import { grantRoles } from './grant.ts'
import { loaders } from './loaders.ts'
import { SCHEMA } from './schema.ts'
import { findUser, findViewer, listUsers } from './users.ts'

const app = fastify()
await app.register(mercurius, {
  schema: SCHEMA,
  resolvers: {
    Query: { viewer: findViewer, user: findUser, users: listUsers, checkAccess },
    Mutation: { grantRoles },
  },
  loaders,
  // A document is compiled at its second request.
  jit: 1,
})
const address = await app.listen({ host: '127.0.0.1', port: 0 })
process.stdout.write(`Mercurius listens at ${address}/graphql\n`)
process.on('SIGTERM', () => process.exit(0))
