/** The roles of users, as the caller may see them. */
import { inForce, named, scopeOf, seesOrganization, seesProject, timeText } from './statement.ts'

const mayRead = `(reach.reads_all or g.user_id = caller.id or g.project_id = any(reach.reads_projects)
  or g.organization_id = any(reach.reads) or (g.organization_id is null and u.organization_id = any(reach.reads)))`

const seesScope = `((g.organization_id is null or ${seesOrganization('g.organization_id')})
  and (g.project_id is null or ${seesProject('g.project_id', 'g.organization_id')}))`

/** The relation roles(user_id, edges): the first 20 roles of each user u of a relation that has any. */
export const rolesOf = (relation: string) => `roles_of as (
    select g.user_id, json_agg(json_build_object('node', json_build_object('name', g.name, 'title', g.title), 'scope', ${scopeOf('g')},
      'organization', ${named('o')}, 'project', ${named('p', 'code')}, 'since', ${timeText('g.since')}, 'expiresAt', ${timeText('g.expires_at')}
    ) order by g.place) as edges
    from (
      select g.user_id, g.organization_id, g.project_id, g.since, g.expires_at, r.name, r.title,
        row_number() over (partition by g.user_id order by g.since, g.id) as place
      from caller, reach, ${relation} as u join role_grants as g on g.user_id = u.id and ${inForce('g')}
        join roles as r on r.id = g.role_id and r.deleted_at is null
      where (r.organization_id is null or ${seesOrganization('r.organization_id')}) and ${mayRead} and ${seesScope}
    ) as g
    left join organizations as o on o.id = g.organization_id and o.deleted_at is null
    left join projects as p on p.id = g.project_id and p.deleted_at is null
    where g.place <= 20
    group by g.user_id
  )`

/** The roles of the user u as a connection, in a statement that has joined them. */
export const ROLES = `json_build_object('edges', coalesce(roles_of.edges, '[]'::json))`
