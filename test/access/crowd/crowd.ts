/** A crowd: as many grants as wanted, of every kind and at every time, written by SQL and the same in every run. */
import { sql } from 'drizzle-orm'
import type { TestApp } from '../../support/app.ts'
import { query } from '../../support/rows.ts'

/** How many of each there are; a few users and things have far more grants than the others. */
export interface CrowdSize {
  users: number
  organizations: number
  projects: number
  roles: number
  controllers: number
  models: number
  roleGrants: number
  controllerGrants: number
  modelGrants: number
}

/** From 0 up to, not including, 1, always the same for the same number and salt. */
const dice = (number: string, salt: number) =>
  `((hashint8extended(${number}::int8, ${salt}) & 2147483647)::float8 / 2147483648)`

/** A number from 1 to `count`. */
const pick = (number: string, salt: number, count: number) => `(1 + floor(${count} * ${dice(number, salt)}))::int`

/** The same, the low ones far more often. */
const pickLow = (number: string, salt: number, count: number) =>
  `(1 + floor(${count} * ${dice(number, salt)} ^ 2))::int`

const id = (kind: string, number: string) => `md5('${kind} ' || ${number})::uuid`
const hour = "date_trunc('hour', now())"
const ago = (number: string, salt: number) => `${hour} - interval '1 hour' * ${pick(number, salt, 1000)}`

/**
 * since, expires_at, ended_at. Whole hours, so that many begin at once: mostly it holds, for good or for a time; else it
 * lapsed, was ended, or has not begun.
 */
function when(number: string): string {
  const kind = dice(number, 91)
  const [begin, later] = [ago(number, 92), `${hour} + interval '1 hour' * ${pick(number, 93, 50)} + interval '1 day'`]
  const [longAgo, end] = [`${begin} - interval '2000 hours'`, `${begin} - interval '1000 hours'`]
  return `case when ${kind} < 0.78 then ${begin} when ${kind} < 0.94 then ${longAgo} else ${later} end,
    case when ${kind} < 0.7 then null when ${kind} < 0.78 then ${later} when ${kind} < 0.86 then ${end} else null end,
    case when ${kind} >= 0.86 and ${kind} < 0.94 then ${end} else null end`
}

const numbers = (count: number) => `generate_series(1, ${count}) as n`

const HISTORY = 'since, expires_at, ended_at'

function things({ users, organizations, projects, roles, controllers, models }: CrowdSize): string[] {
  return [
    `insert into organizations (id, name) select ${id('organization', 'n')}, 'organization' || n from ${numbers(organizations)}`,
    `insert into projects (id, code, organization_id, created_at)
      select ${id('project', 'n')}, 'project' || n, ${id('organization', `1 + n % ${organizations}`)}, ${ago('n', 5)} from ${numbers(projects)}`,
    `insert into users (id, username, organization_id, kind, created_at)
      select ${id('user', 'n')}, 'user' || n, ${id('organization', `1 + n % ${organizations}`)}, 'HUMAN', ${ago('n', 1)} from ${numbers(users)}`,
    `insert into user_suspensions (id, user_id, ${HISTORY}) select ${id('suspension', 'n')}, ${id('user', 'n')}, ${when('n')} from ${numbers(users)} where n % 17 = 0`,
    `insert into roles (id, name) select ${id('role', 'n')}, 'ROLE' || n from ${numbers(roles)}`,
    `insert into controllers (id, name, type, organization_id, created_at)
      select ${id('controller', 'n')}, 'controller' || n, 'google', ${id('organization', `1 + n % ${organizations}`)}, ${ago('n', 2)} from ${numbers(controllers)}`,
    `insert into models (id, name, controller_id, created_at)
      select ${id('model', 'n')}, 'model' || n, ${id('controller', `1 + n % ${controllers}`)}, ${ago('n', 3)} from ${numbers(models)}`,
  ]
}

/** Two words of each role are its own, two are shared; one role in 25 manages controllers. So do members of one organization. */
function words({ organizations, roles }: CrowdSize): string[] {
  const word = `case when k = 5 then 'controllers.manage' when k > 2 then 'shared.word' || (n + k) % 10 else 'role.word' || n || '.w' || k end`
  return [
    `insert into permissions (name, created_at) select distinct ${word}, ${ago('1', 6)} from ${numbers(roles)}, generate_series(1, 4) as k on conflict do nothing`,
    `insert into role_permissions (id, role_id, permission, ${HISTORY})
      select ${id('role word', "n || ' ' || k")}, ${id('role', 'n')}, ${word}, ${when('(n * 10 + k)')}
      from ${numbers(roles)}, generate_series(1, 5) as k where k < 5 or n % 25 = 7`,
    `insert into base_permissions (id, organization_id, permission, ${HISTORY})
      select ${id('base word', "n || ' ' || k")}, ${id('organization', 'n')}, 'shared.word' || k, ${when('(n * 10 + k)')}
      from ${numbers(organizations)}, generate_series(1, 3) as k`,
    `insert into base_permissions (id, organization_id, permission, since) select ${id('base word', "'managers'")}, ${id('organization', '1')}, 'controllers.manage', ${ago('1', 4)}`,
  ]
}

/** One role grant in ten is everywhere, half of them are on projects. */
function roleGrants({ users, roles, organizations, projects }: CrowdSize): Grants {
  const [kind, project] = [dice('n', 13), pick('n', 14, projects)]
  const home = `case when ${kind} < 0.1 then null when ${kind} < 0.5 then ${pick('n', 15, organizations)} else 1 + ${project} % ${organizations} end`
  return {
    table: 'role_grants',
    columns: 'user_id, role_id, organization_id, project_id',
    values: `${id('user', pickLow('n', 11, users))}, ${id('role', pick('n', 12, roles))}, ${id('organization', home)},
      case when ${kind} >= 0.5 then ${id('project', project)} end`,
  }
}

function levelGrants(kind: 'controller' | 'model', users: number, things: number, salt: number): Grants {
  const levels = { controller: ['LOGIN', 'ADD_MODEL', 'SUPERUSER'], model: ['READ', 'WRITE', 'ADMIN'] }[kind]
  const level = `(array['${levels[0]}', '${levels[0]}', '${levels[1]}', '${levels[1]}', '${levels[2]}'])[${pick('n', salt, 5)}]`
  return {
    table: `${kind}_grants`,
    columns: `user_id, ${kind}_id, level`,
    values: `${id('user', pickLow('n', salt + 1, users))}, ${id(kind, pickLow('n', salt + 2, things))}, ${level}`,
  }
}

/** What row n of a table holds. */
interface Grants {
  table: string
  columns: string
  values: string
}

/** How many rows one statement writes: the server’s statements have little time. */
const SLICE = 2500

/** Writes `count` rows, without those that are there already. */
async function writeGrants(app: TestApp, { table, columns, values }: Grants, count: number) {
  for (let start = 1, left = count; left > 0; start += SLICE) {
    const [written] = await query<{ rows: number }>(
      app,
      sql.raw(`with written as (
        insert into ${table} (id, ${columns}, ${HISTORY}) select ${id(table, 'n')}, ${values}, ${when('n')}
        from generate_series(${start}, ${start + SLICE - 1}) as n limit ${left} on conflict do nothing returning id
      ) select count(*)::int as rows from written`),
    )
    left -= written?.rows ?? 0
  }
}

/** Writes the crowd, and tells the planner. */
export async function fillCrowd(app: TestApp, size: CrowdSize) {
  for (const statement of [...things(size), ...words(size)]) await query(app, sql.raw(statement))
  await writeGrants(app, roleGrants(size), size.roleGrants)
  await writeGrants(app, levelGrants('controller', size.users, size.controllers, 20), size.controllerGrants)
  await writeGrants(app, levelGrants('model', size.users, size.models, 30), size.modelGrants)
  await query(app, sql`analyze`)
}
