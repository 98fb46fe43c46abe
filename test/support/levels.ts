/** Controllers and models: rungs of the seed ladder, and who has which level, as the API tells it. */
import { sql } from 'drizzle-orm'
import type { Client, TestApp } from './app.ts'
import { change } from './change.ts'
import { query, uuidOf } from './rows.ts'

/** A controller, by root. */
export async function createController(app: TestApp, name: string, organization = 'default'): Promise<string> {
  const made = await change(app.root, 'createController', { name, type: 'google', organization }, 'controller { id }')
  return made.controller.id
}

/** A model, by whoever the client is. */
export async function createModel(client: Client, controller: string, name: string): Promise<string> {
  const made = await change(client, 'createModel', { controller, name }, 'model { id }')
  return made.model.id
}

/** Whether it is the name of a level on a model, and not on a controller. */
export const isModelLevel = (level: string | null) => ['READ', 'WRITE', 'ADMIN'].includes(level ?? '')

const LEVELS = 'username controllers { edges { access node { name } models { edges { access node { name } } } } }'

interface Edge {
  access: string
  node: { name: string }
  models?: { edges: Edge[] }
}

/** The levels of every user the client may read, in words: `bob gce1/default` → `ADMIN`. */
export async function levelTable(client: Client): Promise<Record<string, string>> {
  const { users } = await client.ok(`{ users(first: 20) { nodes { ${LEVELS} } } }`)
  const lines = users.nodes.flatMap((user: { username: string; controllers: { edges: Edge[] } }) =>
    user.controllers.edges.flatMap(({ access, node, models }) => [
      [`${user.username} ${node.name}`, access],
      ...(models?.edges ?? []).map((edge) => [`${user.username} ${node.name}/${edge.node.name}`, edge.access]),
    ]),
  )
  return Object.fromEntries(lines)
}

/** The levels of one user as the client sees them, like `gce1/default ADMIN`. */
export async function levelsOf(client: Client, username: string): Promise<string[]> {
  const table = await levelTable(client)
  const own = Object.entries(table).filter(([place]) => place.startsWith(`${username} `))
  return own.map(([place, access]) => `${place.slice(username.length + 1)} ${access}`)
}

const HOLDERS = 'holders { totalCount edges { level via expiresAt node { username } } }'

/** Who can reach a controller or a model and through what, like `bob ADMIN GRANT`, sorted. */
export async function holdersOf(client: Client, controller: string, model?: string): Promise<string[]> {
  const { thing } = await client.ok(
    model === undefined
      ? `query ($controller: String!) { thing: controller(name: $controller) { ${HOLDERS} } }`
      : `query ($controller: String!, $model: String!) { thing: model(controller: $controller, name: $model) { ${HOLDERS} } }`,
    { controller, model },
  )
  const { edges, totalCount } = thing.holders
  if (edges.length !== totalCount) throw new Error(`${edges.length} of ${totalCount} holders`)
  return edges
    .map(
      (edge: { level: string; via: string; node: { username: string } }) =>
        `${edge.node.username} ${edge.level} ${edge.via}`,
    )
    .sort()
}

/** Lets every level with a planned end that a user holds have lapsed an hour ago. */
export async function lapseLevels(app: TestApp, userId: string) {
  for (const table of ['controller_grants', 'model_grants']) {
    await query(
      app,
      sql`update ${sql.identifier(table)} set since = now() - interval '2 hours', expires_at = now() - interval '1 hour'
        where user_id = ${uuidOf(userId)} and expires_at is not null and ended_at is null`,
    )
  }
}
