/** W4: the grant of a role, with its audit row. */
import { CALLER_KEY, type HandWritten, heldBy, inForce } from './statement.ts'

/** Whether what the caller holds covers a permission on the project that is named. */
const holds = (words: string) => `exists (
    select from ${heldBy('caller')} as o, project as p
    where o.permission in (${words}) and (o.organization_id is null or o.organization_id = p.organization_id)
      and (o.project_id is null or o.project_id = p.id)
  )`

/**
 * The caller, the home organization, the roles held, the user, the role and the project are locked, so that nothing that the
 * decision rests on changes before the commit. The guard: everything that the role grants is held by the caller.
 */
export const grant: HandWritten = {
  text: `with ${CALLER_KEY},
  home as materialized (select o.id from organizations as o, caller where o.id = caller.organization_id for share of o),
  caller_row as materialized (select u.id, u.username from users as u, caller where u.id = caller.id for share of u),
  caller_roles as materialized (
    select r.id from roles as r where r.id in (select g.role_id from role_grants as g, caller where g.user_id = caller.id and g.ended_at is null) for share
  ),
  target as materialized (
    select u.id, u.username, u.organization_id from users as u where u.username_key = $2 and u.deleted_at is null for no key update
  ),
  role as materialized (
    select r.id, r.name, r.organization_id from roles as r where r.name_key = $3 and r.deleted_at is null and not r.is_built_in for share
  ),
  project as materialized (
    select p.id, p.code, p.organization_id from projects as p where p.code_key = $4 and p.deleted_at is null for share
  ),
  allowed as materialized (
    select 1 from caller, caller_row, role, project
    where not caller.read_only and not exists (select from settings as s where s.read_only)
      and (select count(*) from home) = 1 and (select count(*) from caller_roles) > 0
      and (role.organization_id is null or role.organization_id = project.organization_id)
      and exists (select from ${heldBy('caller')} as o where o.organization_id is null)
      and ${holds(`'*', 'roles.grant'`)}
      and not exists (
        select from role_permissions as x where x.role_id = role.id and ${inForce('x')} and not ${holds("x.permission, '*'")}
      )
  ),
  granted as (
    insert into role_grants (id, user_id, role_id, organization_id, project_id, granted_by)
    select $5::uuid, target.id, role.id, project.organization_id, project.id, caller.id
    from allowed, caller, target, role, project
    on conflict do nothing
    returning id
  ),
  audited as (
    insert into audit_events (id, action, actor_kind, actor_id, actor_name, api_key_id, address, request_id, target_type, target_id, target_name, organization_id, after)
    select $6::uuid, 'grantRoles', 'USER', caller_row.id, caller_row.username, caller.key_id, $7::text, $8::uuid, 'User', target.id, target.username, target.organization_id,
      jsonb_build_object('roles', jsonb_build_array(jsonb_build_object('role', role.name, 'scope', 'project ' || project.code, 'expiresAt', null)))
    from granted, caller, caller_row, target, role, project
    returning id
  )
  select json_build_object('data', json_build_object('grantRoles', json_build_object('__typename', 'GrantRolesPayload',
    'changed', exists (select from granted), 'user', json_build_object('username', target.username))))::text as body
  from allowed, target where exists (select from audited) or not exists (select from granted)`,
  values({ hash, variables: { input }, address, newId }) {
    const { role = '', project = '' } = input.roles[0] ?? {}
    const names = [input.user, role, project].map((name) => name.toLowerCase())
    return [hash, ...names, newId(), newId(), address ?? null, newId()]
  },
}
