/** The lists under users, each read once for all users of a request. */
import type { MercuriusLoaders } from 'mercurius'
import { grantedTo } from '../../limit/levels.ts'
import { inForce, isActive, scopeOf, timeText } from '../../limit/statement.ts'
import { pool } from './pool.ts'

const MOST = 20

const ROLES = `
  select g.* from unnest($1::uuid[]) with ordinality as s (id, place) cross join lateral (
    select s.place::int - 1 as place, r.name, r.title, ${scopeOf('g')} as scope, o.name as organization, p.code as project,
      ${timeText('g.since')} as since, ${timeText('g.expires_at')} as "expiresAt"
    from role_grants as g join roles as r on r.id = g.role_id and r.deleted_at is null
      left join organizations as o on o.id = g.organization_id and o.deleted_at is null
      left join projects as p on p.id = g.project_id and p.deleted_at is null
    where g.user_id = s.id and ${inForce('g')}
    order by g.since, g.id limit ${MOST}
  ) as g`

/** A level on a model is one on its controller too. What `controllers.manage` grants is left out: no user of the load holds it. */
const CONTROLLERS = `
  with subjects as (select u.id from users as u where u.id = any($1::uuid[]) and ${isActive('u')})
  select array_position($1::uuid[], l.user_id) - 1 as place, l.user_id as "userId", c.id as "controllerId", c.name, c.type,
    (array['LOGIN', 'ADD_MODEL', 'SUPERUSER'])[max(case when l.model_id is null then l.level else 1 end)] as access
  from ${grantedTo('subjects')} as l join controllers as c on c.id = l.controller_id and c.deleted_at is null
  group by l.user_id, c.id order by c.name_key`

/** A SUPERUSER of a controller is ADMIN of its models. */
const MODELS = `
  with edges as (select * from unnest($1::uuid[], $2::uuid[], $3::boolean[]) with ordinality as e (user_id, controller_id, whole, place))
  select l.place::int - 1 as place, l.name, l.access
  from (
    select e.place, m.name, m.name_key, g.level as access
    from edges as e join model_grants as g on g.user_id = e.user_id and ${inForce('g')}
      join models as m on m.id = g.model_id and m.controller_id = e.controller_id and m.deleted_at is null
    where not e.whole
    union all
    select e.place, m.name, m.name_key, 'ADMIN'
    from edges as e join models as m on m.controller_id = e.controller_id and m.deleted_at is null
    where e.whole
  ) as l
  order by l.name_key`

interface Placed {
  place: number
}

/** Returns a connection for each of so many owners: the first edges of those whose place is the owner's. */
async function connect<T extends Placed>(
  count: number,
  { edgeOf, ...query }: { name: string; text: string; values: unknown[]; edgeOf(row: T): object },
) {
  const connections = Array.from({ length: count }, () => ({ edges: [] as object[] }))
  const { rows } = await pool.query<T>(query)
  for (const row of rows) {
    const edges = connections[row.place]?.edges
    if (edges && edges.length < MOST) edges.push(edgeOf(row))
  }
  return connections
}

interface RoleRow extends Placed {
  name: string
  title: string | null
  organization: string | null
  project: string | null
}

const roleEdge = ({ name, title, organization, project, ...edge }: RoleRow) => ({
  ...edge,
  node: { name, title },
  organization: organization === null ? null : { name: organization },
  project: project === null ? null : { code: project },
})

interface User {
  id: string
}

interface ControllerEdge extends Placed {
  userId: string
  controllerId: string
  access: string
  name: string
  type: string
}

interface ModelEdge extends Placed {
  access: string
  name: string
}

/** Each value is asked for once a request, so to remember it by a key would cost more than it saves. */
const opts = { cache: false }

export const loaders: MercuriusLoaders = {
  User: {
    roles: {
      opts,
      loader: (queries: { obj: User }[]) =>
        connect<RoleRow>(queries.length, {
          name: 'roles',
          text: ROLES,
          values: [queries.map(({ obj }) => obj.id)],
          edgeOf: roleEdge,
        }),
    },
    controllers: {
      opts,
      loader: (queries: { obj: User }[]) =>
        connect<ControllerEdge>(queries.length, {
          name: 'controllers',
          text: CONTROLLERS,
          values: [queries.map(({ obj }) => obj.id)],
          edgeOf: ({ name, type, ...edge }) => ({ ...edge, node: { name, type } }),
        }),
    },
  },
  ControllerEdge: {
    models: {
      opts,
      loader: (queries: { obj: ControllerEdge }[]) =>
        connect<ModelEdge>(queries.length, {
          name: 'models',
          text: MODELS,
          values: [
            queries.map(({ obj }) => obj.userId),
            queries.map(({ obj }) => obj.controllerId),
            queries.map(({ obj }) => obj.access === 'SUPERUSER'),
          ],
          edgeOf: ({ name, access }) => ({ access, node: { name } }),
        }),
    },
  },
}
