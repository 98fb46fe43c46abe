import { type SQL, sql } from 'drizzle-orm'
import type { Caller } from '../auth/caller.ts'
import { isVisible } from '../auth/references.ts'
import { Controller } from '../controller/type.ts'
import { controllers, models, organizations, projects } from '../db/tables.ts'
import { Model } from '../model/type.ts'
import { Organization } from '../organization/schema.ts'
import { Project } from '../project/schema.ts'
import { mayCheckIn } from './subject.ts'

/**
 * target(missing, organization_id, project_id, controller_id, model_id): what the question q is about, as the caller
 * sees it; `missing` is NOT_FOUND where they do not, and NOT_HELD where it was not made by then.
 */
export function targetOf(caller: Caller, time: SQL): SQL {
  return sql`(
    select null as missing, q."organizationId" as organization_id, q."projectId" as project_id, q."controllerId" as controller_id, q."modelId" as model_id
    where q.kind in ('EVERYWHERE', 'PLACE')
    union all
    select case when o.id is null then 'NOT_FOUND' when o.created_at > ${time} then 'NOT_HELD' end, o.id, null, null, null
    from (select) as one left join organizations as o on o.name_key = lower(q.organization) and ${isVisible(Organization.visible, organizations, 'o', caller)}
    where q.kind = 'ORGANIZATION'
    union all
    select case when p.id is null then 'NOT_FOUND' when p.created_at > ${time} then 'NOT_HELD' end, p.organization_id, p.id, null, null
    from (select) as one left join projects as p on p.code_key = lower(q.project) and ${isVisible(Project.visible, projects, 'p', caller)}
    where q.kind = 'PROJECT'
    union all
    select case when c.id is null then 'NOT_FOUND' end, c.organization_id, null, c.id, null
    from (select) as one left join controllers as c on c.name_key = lower(q.controller) and c.deleted_at is null
      and (${mayCheckIn(caller, sql`c.organization_id`)} or ${isVisible(Controller.visible, controllers, 'c', caller)})
    where q.kind = 'CONTROLLER'
    union all
    select case when m.id is null then 'NOT_FOUND' end, c.organization_id, null, c.id, m.id
    from (select) as one left join (
      controllers as c join models as m on m.controller_id = c.id and c.deleted_at is null and m.deleted_at is null
        and (${mayCheckIn(caller, sql`c.organization_id`)} or ${isVisible(Model.visible, models, 'm', caller)})
    ) on c.name_key = lower(q.controller) and m.name_key = lower(q.model)
    where q.kind = 'MODEL'
  )`
}
