/** What a refusal says was missing, with the places named as the caller knows them. */
import { sql } from 'drizzle-orm'
import type { GraphQLObjectType, GraphQLSchema } from 'graphql'
import type { Connection } from '../db/database.ts'
import { controllers, models, organizations, projects } from '../db/tables.ts'
import type { Alternatives, NamedNeed, Need } from '../errors.ts'
import { typeSpec } from '../read/spec.ts'
import { type Caller, NOBODY } from './caller.ts'
import { isVisible } from './visibility.ts'

/** Names where each thing is missing, one for one. A place that the caller does not see keeps its name. */
export async function nameEach(
  db: Connection,
  caller: Caller | null,
  schema: GraphQLSchema,
  needs: readonly Need[],
): Promise<NamedNeed[]> {
  if (needs.every(({ where }) => where === null)) return needs.map(({ what }) => ({ what, where: null }))
  const visible = (type: string) => typeSpec(schema.getType(type) as GraphQLObjectType).visible
  const who = caller ?? NOBODY
  const places = needs.map(({ where }, n) => ({ n, isPlace: where !== null, ...where }))
  const rows = await db.execute<{ kind: PlaceKind | null; name: string | null }>(sql`
    select case when not p."isPlace" then null when p."modelId" is not null then 'model' when p."controllerId" is not null then 'controller'
        when p."projectId" is not null then 'project' when p."organizationId" is not null then 'organization' else 'everywhere' end as kind,
      coalesce(mc.name || '/' || m.name, c.name, j.code, o.name) as name
    from json_to_recordset(${JSON.stringify(places)}::text::json)
      as p(n int, "isPlace" boolean, "organizationId" uuid, "projectId" uuid, "controllerId" uuid, "modelId" uuid)
    left join organizations as o on o.id = p."organizationId" and p."projectId" is null and ${isVisible(visible('Organization'), organizations, 'o', who)}
    left join projects as j on j.id = p."projectId" and ${isVisible(visible('Project'), projects, 'j', who)}
    left join controllers as c on c.id = p."controllerId" and p."modelId" is null and ${isVisible(visible('Controller'), controllers, 'c', who)}
    left join models as m on m.id = p."modelId" and ${isVisible(visible('Model'), models, 'm', who)}
    left join controllers as mc on mc.id = m.controller_id
    order by p.n`)
  return needs.map(({ what, isTooShort }, n) => {
    const { kind = null, name = null } = rows[n] ?? {}
    const where = kind && describePlace(kind, name)
    return { what, where: isTooShort ? `${where} for that long` : where }
  })
}

type PlaceKind = 'everywhere' | 'organization' | 'project' | 'controller' | 'model'

/** "in the organization acme". @param name null is hidden; a model's is `controller/model` */
export function describePlace(kind: PlaceKind, name: string | null): string {
  if (kind === 'everywhere') return kind
  const [preposition, article] = kind === 'organization' ? ['in', 'an'] : ['on', 'a']
  return name === null ? `${preposition} ${article} ${kind} that you do not see` : `${preposition} the ${kind} ${name}`
}

/** The same as what would be enough: each way to be allowed with all that is missing of it, each thing once. */
export async function nameAlternatives(
  db: Connection,
  caller: Caller | null,
  schema: GraphQLSchema,
  needs: readonly Need[],
): Promise<Alternatives> {
  const named = await nameEach(db, caller, schema, needs)
  const alternatives = new Map<number, NamedNeed[]>()
  for (const [n, { alternative = 0 }] of needs.entries()) {
    alternatives.set(alternative, [...(alternatives.get(alternative) ?? []), named[n] as NamedNeed])
  }
  return [...alternatives.values()].map(distinct)
}

function distinct(needs: NamedNeed[]): NamedNeed[] {
  return [...new Map(needs.map((need) => [`${need.what} ${need.where}`, need])).values()]
}
