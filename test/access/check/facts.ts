/** Every row that authority rests on, as it stands in the database: what the oracle reads. */
import { sql } from 'drizzle-orm'
import type { TestApp } from '../../support/app.ts'
import { query } from '../../support/rows.ts'

interface Fact {
  since: number
  expires: number
  ended: number
}

interface Scoped {
  organization: string | null
  project: string | null
}

export interface Facts {
  now: number
  users: { id: string; username: string; organization: string; created: number }[]
  organizations: { id: string; name: string }[]
  projects: { id: string; code: string; organization: string; created: number }[]
  controllers: { id: string; name: string; organization: string; created: number }[]
  models: { id: string; name: string; controller: string; created: number }[]
  roles: { id: string; name: string }[]
  permissions: { name: string; created: number }[]
  suspensions: (Fact & { user: string })[]
  roleGrants: (Fact & Scoped & { user: string; role: string })[]
  roleWords: (Fact & { role: string; word: string })[]
  baseWords: (Fact & { organization: string; word: string })[]
  controllerGrants: (Fact & { user: string; controller: string; level: string })[]
  modelGrants: (Fact & { user: string; model: string; level: string })[]
  keys: { id: string; user: string; limited: boolean }[]
  limits: (Scoped & { key: string; role: string })[]
}

/** When a fact begins and ends, in seconds; no end is infinitely late. */
const WHEN = `extract(epoch from since)::float8 as since, coalesce(extract(epoch from expires_at), 'infinity')::float8 as expires,
  coalesce(extract(epoch from ended_at), 'infinity')::float8 as ended`
const CREATED = 'extract(epoch from created_at)::float8 as created'
const SCOPE = 'organization_id as organization, project_id as project'

const TABLES = {
  users: `select id, username, organization_id as organization, ${CREATED} from users where deleted_at is null`,
  organizations: 'select id, name from organizations where deleted_at is null',
  projects: `select id, code, organization_id as organization, ${CREATED} from projects where deleted_at is null`,
  controllers: `select id, name, organization_id as organization, ${CREATED} from controllers where deleted_at is null`,
  models: `select id, name, controller_id as controller, ${CREATED} from models where deleted_at is null`,
  roles: 'select id, name from roles where deleted_at is null',
  permissions: `select name, ${CREATED} from permissions`,
  suspensions: `select user_id as user, ${WHEN} from user_suspensions`,
  roleGrants: `select user_id as user, role_id as role, ${SCOPE}, ${WHEN} from role_grants`,
  roleWords: `select role_id as role, permission as word, ${WHEN} from role_permissions`,
  baseWords: `select organization_id as organization, permission as word, ${WHEN} from base_permissions`,
  controllerGrants: `select user_id as user, controller_id as controller, level, ${WHEN} from controller_grants`,
  modelGrants: `select user_id as user, model_id as model, level, ${WHEN} from model_grants`,
  keys: 'select id, user_id as user, limited from api_keys',
  limits: `select api_key_id as key, role_id as role, ${SCOPE} from api_key_limits`,
}

export async function readFacts(app: TestApp): Promise<Facts> {
  const [clock] = await query<{ now: number }>(app, sql`select extract(epoch from now())::float8 as now`)
  const facts: Record<string, unknown> = { now: clock?.now ?? 0 }
  for (const [name, text] of Object.entries(TABLES)) facts[name] = await query(app, sql.raw(text))
  return facts as unknown as Facts
}
