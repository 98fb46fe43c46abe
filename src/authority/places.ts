/** Describes the missing requirements of a refusal, with the names of scopes and resources that the caller may see. */
import { sql } from 'drizzle-orm'
import type { GraphQLObjectType, GraphQLSchema } from 'graphql'
import { type Connection, readRows } from '../db/database.ts'
import { controllers, models, organizations, projects } from '../db/tables.ts'
import {
  type Alternatives,
  type MissingRequirement,
  type NamedRequirement,
  namedRequirement,
  type ScopeName,
} from '../errors.ts'
import { typeSpec } from '../read/spec.ts'
import { type Caller, NOBODY } from './caller.ts'
import { ADMINISTRATOR } from './permissions.ts'
import { immediateScope, isVisible } from './visibility.ts'

/** Names each missing requirement, in the same order. The name of a scope or resource that the caller may not see is null. */
export async function nameEach(
  db: Connection,
  caller: Caller | null,
  schema: GraphQLSchema,
  missing: readonly MissingRequirement[],
): Promise<NamedRequirement[]> {
  if (missing.every(({ where }) => where === null)) return missing.map((one) => nameRequirement(one, NOWHERE))
  const visible = (type: string) => typeSpec(schema.getType(type) as GraphQLObjectType).visible
  const who = immediateScope(caller ?? NOBODY)
  const places = missing.map(({ where }, n) => ({ n, isPlace: where !== null, ...where }))
  const rows = await readRows<PlaceNames>(
    db,
    sql`
    select case when not p."isPlace" then null when p."modelId" is not null then 'model' when p."controllerId" is not null then 'controller'
        when p."projectId" is not null then 'project' when p."organizationId" is not null then 'organization' else 'everywhere' end as kind,
      o.name as organization, j.code as project, coalesce(mc.name, c.name) as controller, m.name as model
    from json_to_recordset(${JSON.stringify(places)}::text::json)
      as p(n int, "isPlace" boolean, "organizationId" uuid, "projectId" uuid, "controllerId" uuid, "modelId" uuid)
    left join organizations as o on o.id = p."organizationId" and p."projectId" is null and ${isVisible(visible('Organization'), organizations, 'o', who)}
    left join projects as j on j.id = p."projectId" and ${isVisible(visible('Project'), projects, 'j', who)}
    left join controllers as c on c.id = p."controllerId" and p."modelId" is null and ${isVisible(visible('Controller'), controllers, 'c', who)}
    left join models as m on m.id = p."modelId" and ${isVisible(visible('Model'), models, 'm', who)}
    left join controllers as mc on mc.id = m.controller_id
    order by p.n`,
  )
  return missing.map((one, n) => nameRequirement(one, rows[n] ?? NOWHERE))
}

type PlaceKind = 'everywhere' | 'organization' | 'project' | 'controller' | 'model'

/** The names of the scope or resource in which something is missing; they are null where it is hidden from the caller. */
export interface PlaceNames {
  kind: PlaceKind | null
  organization: string | null
  project: string | null
  controller: string | null
  model: string | null
}

const NOWHERE: PlaceNames = { kind: null, organization: null, project: null, controller: null, model: null }

/** Makes a missing requirement with the names of its scope or resource. */
export function nameRequirement({ what, isTooShort }: MissingRequirement, names: PlaceNames): NamedRequirement {
  const { kind, ...known } = names
  if (kind === null) return namedRequirement({ circumstance: what, text: what })
  const text = `${what} ${describePlace(names)}${isTooShort ? ' for that long' : ''}`
  if (kind === 'controller' || kind === 'model') return namedRequirement({ level: what, ...known, text })
  const scope = kind.toUpperCase() as ScopeName
  const held = what === ADMINISTRATOR.name ? { role: what } : { permission: what }
  return namedRequirement({ ...held, scope, ...known, text })
}

/** Describes a scope or resource, like `in the organization acme`. */
function describePlace({ kind, ...names }: PlaceNames): string {
  if (kind === null || kind === 'everywhere') return 'everywhere'
  const name = kind === 'model' && names.model !== null ? `${names.controller}/${names.model}` : names[kind]
  const [preposition, article] = kind === 'organization' ? ['in', 'an'] : ['on', 'a']
  return name === null ? `${preposition} ${article} ${kind} that you do not see` : `${preposition} the ${kind} ${name}`
}

/** Returns the alternatives of a rule, each with all of its missing requirements, without duplicates. */
export async function nameAlternatives(
  db: Connection,
  caller: Caller | null,
  schema: GraphQLSchema,
  missing: readonly MissingRequirement[],
): Promise<Alternatives> {
  return groupAlternatives(missing, await nameEach(db, caller, schema, missing))
}

/** Groups named requirements by the alternative of the missing requirements that they name. */
export function groupAlternatives(missing: readonly MissingRequirement[], named: NamedRequirement[]): Alternatives {
  const alternatives = Map.groupBy(named.keys(), (n) => missing[n]?.alternative ?? 0)
  return [...alternatives.values()].map((places) => distinct(places.map((n) => named[n] as NamedRequirement)))
}

function distinct(requirements: NamedRequirement[]): NamedRequirement[] {
  return [...new Map(requirements.map((one) => [one.text, one])).values()]
}
