/** W3: a page of users with their roles. */
import { ROLES, rolesOf } from './roles.ts'
import { CALLER, type HandWritten, isActive, named, REACH } from './statement.ts'

const COLUMNS = 'u.id, u.username, u.username_key, u.display_name, u.organization_id, u.deleted_at'
const NEXT = `u.deleted_at is null and (u.username_key, u.id) > ($2::text, $3::uuid)`
const FIRST = 'order by u.username_key, u.id limit 51'

/** Each arm reads an index in its order: all users, those of each organization that the caller reads, or the caller. */
const USERS = `(
    (select ${COLUMNS} from users as u where (select reach.reads_all from reach) and ${NEXT} ${FIRST})
    union all
    (select ${COLUMNS} from reach cross join lateral unnest(reach.reads) as organization (id)
      cross join lateral (select * from users as u where u.organization_id = organization.id and ${NEXT} ${FIRST}) as u
      where not reach.reads_all)
    union all
    (select ${COLUMNS} from caller, reach, users as u
      where u.id = caller.id and not reach.reads_all and u.organization_id <> all(reach.reads) and ${NEXT})
  )`

/** A cursor as the API writes it: base64url of the sort key. */
const CURSOR = `translate(encode(convert_to(json_build_array('USERNAME asc', p.username_key, p.id::text)::text, 'UTF8'), 'base64'), '+/=' || chr(10), '-_')`

export const page: HandWritten = {
  text: `with ${CALLER}, ${REACH},
  page as materialized (select u.*, row_number() over (order by u.username_key, u.id) as place from ${USERS} as u ${FIRST}),
  ${rolesOf('page')}
  select json_build_object('data', json_build_object('users', json_build_object(
    'pageInfo', json_build_object('hasNextPage', (select count(*) > 50 from page),
      'endCursor', (select ${CURSOR} from page as p where p.place <= 50 order by p.place desc limit 1)),
    'nodes', coalesce(json_agg(json_build_object('username', u.username, 'displayName', u.display_name, 'isActive', ${isActive('u')},
      'organization', ${named('o')}, 'roles', ${ROLES}) order by u.place), '[]'::json))))::text as body
  from page as u left join organizations as o on o.id = u.organization_id and o.deleted_at is null left join roles_of on roles_of.user_id = u.id
  where u.place <= 50
  having (select count(*) from caller) = 1`,
  values({ hash, variables: { after } }) {
    const [, name, id] = after ? JSON.parse(Buffer.from(after, 'base64url').toString()) : []
    return [hash, name ?? '', id ?? '00000000-0000-0000-0000-000000000000']
  },
}
