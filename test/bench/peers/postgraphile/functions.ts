/** What is neither a table nor a row of one is a function of the database. PL/pgSQL keeps the plans of its statements. */
import { selectCode, selectNamed } from '../statements.ts'

export const SCHEMA = 'peers'

const CHECK = `create function ${SCHEMA}.check_access(username text, permissions text[], project text) returns text
  language plpgsql stable as $$ begin
    return (${selectCode('$1', '$2', '$3')});
  end $$`

/** Returns the user; null where they hold the role already. */
const GRANT = `create function ${SCHEMA}.grant_role(username text, role text, project text) returns users
  language plpgsql volatile as $$
  declare
    named record;
    answer users;
  begin
    ${selectNamed('$1', '$2', '$3').replace('select', 'select into named')};
    insert into role_grants (id, user_id, role_id, organization_id, project_id)
      values (gen_random_uuid(), named.user_id, named.role_id, named.organization_id, named.project_id) on conflict do nothing;
    if found then
      insert into audit_events (id, action, actor_kind, request_id, target_type, target_id, target_name, organization_id, after)
        values (gen_random_uuid(), 'grantRoles', 'NOBODY', gen_random_uuid(), 'User', named.user_id, named.username, named.home_id,
          jsonb_build_object('roles', jsonb_build_array(jsonb_build_object(
            'role', named.role_name, 'scope', 'project ' || named.project_code, 'expiresAt', null))));
      select * into answer from users where id = named.user_id;
    end if;
    return answer;
  end $$`

export const FUNCTIONS = `create schema ${SCHEMA}; ${CHECK}; ${GRANT}`
