/** What both peers ask the database in the same words. The parameters are SQL: a number of a parameter or the name of one. */
import { inForce, isActive } from '../limit/statement.ts'

/** The code of a check: whether a user holds one of these permissions on a project. */
export const selectCode = (username: string, permissions: string, project: string) => `
  select case when t.id is null then 'NOT_FOUND' when not ${isActive('u')} then 'INACTIVE' when exists (
      select from role_grants as g join role_permissions as p on p.role_id = g.role_id and ${inForce('p')}
      where g.user_id = u.id and ${inForce('g')} and p.permission = any(${permissions})
        and (g.organization_id is null or g.organization_id = t.organization_id) and (g.project_id is null or g.project_id = t.id)
    ) or exists (
      select from base_permissions as b
      where b.organization_id = u.organization_id and b.organization_id = t.organization_id and ${inForce('b')} and b.permission = any(${permissions})
    ) then 'ALLOWED' else 'NOT_HELD' end as code
  from users as u left join projects as t on t.code_key = ${project} and t.deleted_at is null
  where u.username_key = ${username} and u.deleted_at is null`

/** The ids and names of a grant: of its user, role and project. */
export const selectNamed = (username: string, role: string, project: string) => `
  select u.id as user_id, u.username, u.organization_id as home_id, r.id as role_id, r.name as role_name,
    p.id as project_id, p.code as project_code, p.organization_id
  from users as u, roles as r, projects as p
  where u.username_key = ${username} and u.deleted_at is null and r.name_key = ${role} and r.deleted_at is null
    and p.code_key = ${project} and p.deleted_at is null`
