/** W1, W2: the caller, and the access sheet of a user. */
import { LEVELS, SEEN } from './levels.ts'
import { ROLES, rolesOf } from './roles.ts'
import { CALLER, type HandWritten, isActive, isUsable, named, REACH } from './statement.ts'

/** The caller as the API answers it, for the user u and their organization o. */
export const VIEWER_JSON = `json_build_object('data', json_build_object('viewer', json_build_object('user',
    json_build_object('username', u.username, 'organization', ${named('o')}))))::text as body`

export const viewer: HandWritten = {
  text: `select ${VIEWER_JSON}
    from api_keys as k join users as u on u.id = k.user_id
      left join organizations as o on o.id = u.organization_id and o.deleted_at is null
    where k.hash = $1 and ${isUsable('k')} and ${isActive('u')}`,
  values: ({ hash }) => [hash],
}

const MODELS = `json_build_object('edges', coalesce((
    select json_agg(json_build_object('access', (array['READ', 'WRITE', 'ADMIN'])[m.level], 'node', json_build_object('name', m.name)) order by m.name_key)
    from (
      select l.level, m.name, m.name_key from model_levels as l join models as m on m.id = l.model_id
      where l.controller_id = c.controller_id and m.deleted_at is null
        and (reach.sees_all or m.id = any(seen.models) or m.controller_id = any(seen.whole) or c.organization_id = any(reach.sees))
      order by m.name_key limit 20
    ) as m
  ), '[]'::json))`

const CONTROLLERS = `json_build_object('edges', coalesce((
    select json_agg(json_build_object('access', (array['LOGIN', 'ADD_MODEL', 'SUPERUSER'])[c.level],
      'node', json_build_object('name', c.name, 'type', c.type), 'models', ${MODELS}) order by c.name_key)
    from (
      select l.controller_id, l.level, c.name, c.type, c.name_key, c.organization_id
      from controller_levels as l join controllers as c on c.id = l.controller_id
      where c.deleted_at is null and (reach.sees_all or c.id = any(seen.controllers) or c.organization_id = any(reach.sees))
      order by c.name_key limit 20
    ) as c
  ), '[]'::json))`

export const sheet: HandWritten = {
  text: `with ${CALLER}, ${REACH},
  subject as materialized (
    select u.id, u.username, u.display_name, u.email, u.kind, u.organization_id, ${isActive('u')} as is_active
    from users as u, caller, reach
    where u.username_key = $2 and u.deleted_at is null
      and (reach.reads_all or u.id = caller.id or u.organization_id = any(reach.reads))
  ),
  ${rolesOf('subject')}, ${LEVELS}, ${SEEN}
  select json_build_object('data', json_build_object('user', json_build_object('username', u.username, 'displayName', u.display_name,
    'email', u.email, 'kind', u.kind, 'isActive', u.is_active, 'organization', ${named('o')}, 'roles', ${ROLES}, 'controllers', ${CONTROLLERS})))::text as body
  from reach, seen, subject as u left join organizations as o on o.id = u.organization_id and o.deleted_at is null
    left join roles_of on roles_of.user_id = u.id`,
  values: ({ hash, variables: { username } }) => [hash, String(username).toLowerCase()],
}
