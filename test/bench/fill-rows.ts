/** The statements that fill the database: sets of rows, whose values follow from their numbers. */
import {
  CONTROLLERS,
  HEAVY_USERNAME,
  KINDS,
  MODELS,
  ORGANIZATIONS,
  PROJECTS,
  ROLES,
  ROLES_TO_GRANT,
  USERS_WITH_PASSWORD,
} from './world.ts'

const id = (kind: string, number: string) =>
  `(lpad(to_hex(${number}), 8, '0') || '-${kind}-7000-8000-000000000000')::uuid`

/** The id of a row that nothing names: by its user, and by what tells it from other rows of the user. */
const factId = (user: string, mark: string, kind: string = KINDS.user) =>
  `(lpad(to_hex(${user}), 8, '0') || '-${kind}-7000-9000-' || lpad(to_hex(${mark}), 12, '0'))::uuid`

const numbers = (count: number) => `generate_series(1, ${count}) as n`
const organization = (number: string) => id(KINDS.organization, number)
const homeOf = (user: string) => `1 + ${user} % ${ORGANIZATIONS}`

/** The nth row of a home organization, among rows that are spread over the organizations by the remainder of their number. */
const ofHome = (user: string, nth: string, count: number, shift = '0') => {
  const number = `((${user} + ${shift}) % ${ORGANIZATIONS} + ${ORGANIZATIONS} * ((${nth}) % ${count / ORGANIZATIONS}))`
  return `coalesce(nullif(${number}, 0), ${count})`
}

const daysAgo = (days: number, milliseconds = '0') =>
  `date_trunc('second', now()) - interval '${days} days' + ${milliseconds} * interval '1 ms'`

const WORDS = `(array['version', 'image', 'report', 'build', 'deployment', 'artifact', 'volume', 'network', 'backup', 'cluster'])`
const word = (number: string) =>
  `${WORDS}[1 + (${number}) / 4 % 10] || '.' || (array['create', 'read', 'update', 'delete'])[1 + (${number}) % 4]`

/** Organizations, projects, roles with four permissions each, controllers and models. */
const THINGS = [
  `insert into organizations (id, name, created_at) select ${organization('n')}, 'organization-' || n, ${daysAgo(500)} from ${numbers(ORGANIZATIONS)}`,
  `insert into projects (id, code, organization_id, created_at)
    select ${id(KINDS.project, 'n')}, 'project-' || n, ${organization(homeOf('n'))}, ${daysAgo(500)} from ${numbers(PROJECTS)}`,
  `insert into permissions (name, created_at) select ${word('n')}, ${daysAgo(500)} from generate_series(0, 39) as n on conflict do nothing`,
  `insert into roles (id, name, title, created_at) select ${id(KINDS.role, 'n')}, 'ROLE_' || n, 'Role ' || n, ${daysAgo(500)} from ${numbers(ROLES)}`,
  `insert into role_permissions (id, role_id, permission, since)
    select ${factId('n', 'k', KINDS.role)}, ${id(KINDS.role, 'n')}, ${word('n * 3 + k * 7')}, ${daysAgo(500)} from ${numbers(ROLES)}, generate_series(0, 3) as k`,
  `insert into roles (id, name, title, created_at) select ${id(KINDS.roleToGrant, 'n')}, 'GRANTED_' || n, 'Granted ' || n, ${daysAgo(500)} from ${numbers(ROLES_TO_GRANT)}`,
  `insert into role_permissions (id, role_id, permission, since)
    select ${factId('n', '0', KINDS.roleToGrant)}, ${id(KINDS.roleToGrant, 'n')}, 'version.read', ${daysAgo(500)} from ${numbers(ROLES_TO_GRANT)}`,
  `insert into base_permissions (id, organization_id, permission, since)
    select ${factId('n', 'k', KINDS.organization)}, ${organization('n')}, (array['image.read', 'report.read'])[k], ${daysAgo(500)} from ${numbers(ORGANIZATIONS)}, generate_series(1, 2) as k`,
  `insert into controllers (id, name, type, organization_id, created_at)
    select ${id(KINDS.controller, 'n')}, 'controller-' || n, 'google', ${organization(homeOf('n'))}, ${daysAgo(500)} from ${numbers(CONTROLLERS)}`,
  `insert into models (id, name, controller_id, created_at)
    select ${id(KINDS.model, 'n')}, 'model-' || n, ${id(KINDS.controller, `1 + (n - 1) % ${CONTROLLERS}`)}, ${daysAgo(500)} from ${numbers(MODELS)}`,
]

/** Ordinary users, one in a hundred suspended; an administrator of each organization; and the heavy user. */
const users = (count: number) => [
  `insert into users (id, username, display_name, email, organization_id, kind, created_at)
    select ${id(KINDS.user, 'n')}, 'user-' || lpad(n::text, 7, '0'), 'User ' || n, 'user-' || n || '@example.test', ${organization(homeOf('n'))}, 'HUMAN', ${daysAgo(400, 'n')} from ${numbers(count)}`,
  `insert into users (id, username, organization_id, kind, created_at)
    select ${id(KINDS.administrator, 'n')}, 'administrator-' || n, ${organization('n')}, 'HUMAN', ${daysAgo(400)} from ${numbers(ORGANIZATIONS)}`,
  `insert into users (id, username, organization_id, kind, created_at)
    select ${id(KINDS.heavy, '1')}, '${HEAVY_USERNAME}', ${organization('1')}, 'HUMAN', ${daysAgo(400)}`,
  `insert into user_suspensions (id, user_id, since)
    select ${factId('n', '0')}, ${id(KINDS.user, 'n')}, ${daysAgo(10)} from ${numbers(count)} where n % 100 = 99`,
]

/**
 * Each user holds a role in the home organization and one on a project, one project in ten of another organization; one
 * project role in five has a planned end. One user in four held another role that was ended.
 */
const roleGrants = (count: number) => [
  `insert into role_grants (id, user_id, role_id, organization_id, since)
    select ${factId('n', '1')}, ${id(KINDS.user, 'n')}, ${id(KINDS.role, `1 + n % ${ROLES}`)}, ${organization(homeOf('n'))}, ${daysAgo(300, 'n')} from ${numbers(count)}`,
  `insert into role_grants (id, user_id, role_id, organization_id, project_id, since, expires_at)
    select ${factId('f.n', '2')}, ${id(KINDS.user, 'f.n')}, ${id(KINDS.role, `1 + f.n * 7 % ${ROLES}`)}, p.organization_id, p.id, ${daysAgo(200, 'f.n')},
      case when f.n % 5 = 0 then ${daysAgo(-365)} end
    from (select n, ${ofHome('n', `n / ${ORGANIZATIONS}`, PROJECTS, '(n % 10 = 0)::int')} as project from ${numbers(count)}) as f
    join projects as p on p.id = ${id(KINDS.project, 'f.project')}`,
  `insert into role_grants (id, user_id, role_id, organization_id, since, ended_at)
    select ${factId('n', '3')}, ${id(KINDS.user, 'n')}, ${id(KINDS.role, `1 + n * 11 % ${ROLES}`)}, ${organization(homeOf('n'))}, ${daysAgo(250, 'n')}, ${daysAgo(30)} from ${numbers(count)} where n % 4 = 0`,
  `insert into role_grants (id, user_id, role_id, organization_id, since)
    select ${factId('n', '1', KINDS.administrator)}, ${id(KINDS.administrator, 'n')}, r.id, ${organization('n')}, ${daysAgo(400)} from ${numbers(ORGANIZATIONS)}, roles as r where r.name = 'ORGANIZATION_ADMIN'`,
]

/** Each user has a level on one controller and on three models of the home organization; odd users on a model of another one. */
const levelGrants = (count: number) => [
  `insert into controller_grants (id, user_id, controller_id, level, since)
    select ${factId('n', '1')}, ${id(KINDS.user, 'n')}, ${id(KINDS.controller, ofHome('n', `n / ${ORGANIZATIONS}`, CONTROLLERS))},
      case when n % 50 = 0 then 'SUPERUSER' when n % 10 = 1 then 'ADD_MODEL' else 'LOGIN' end, ${daysAgo(150, 'n')} from ${numbers(count)}`,
  `insert into model_grants (id, user_id, model_id, level, since)
    select ${factId('n', 'k')}, ${id(KINDS.user, 'n')}, ${id(KINDS.model, ofHome('n', `n / ${ORGANIZATIONS} * 7 + k * 17`, MODELS, '(k = 2 and n % 2 = 1)::int'))},
      case when n % 10 = 0 and k = 2 then 'ADMIN' when k = 1 then 'WRITE' else 'READ' end, ${daysAgo(100, 'n')}
    from ${numbers(count)}, generate_series(0, 2) as k`,
]

const HEAVY = `${id(KINDS.heavy, '1')}`

/** The heavy user has a level on every controller and model, and 3,900 roles on projects: 5,000 grants. */
const HEAVY_GRANTS = [
  `insert into controller_grants (id, user_id, controller_id, level, since)
    select ${factId('n', '1', KINDS.heavy)}, ${HEAVY}, ${id(KINDS.controller, 'n')}, case when n % 20 = 0 then 'SUPERUSER' else 'LOGIN' end, ${daysAgo(150, 'n')} from ${numbers(CONTROLLERS)}`,
  `insert into model_grants (id, user_id, model_id, level, since)
    select ${factId('n', '2', KINDS.heavy)}, ${HEAVY}, ${id(KINDS.model, 'n')}, 'READ', ${daysAgo(200, 'n')} from ${numbers(MODELS)}`,
  `insert into role_grants (id, user_id, role_id, organization_id, project_id, since)
    select ${factId('n', '3', KINDS.heavy)}, ${HEAVY}, ${id(KINDS.role, `1 + n % ${ROLES}`)}, p.organization_id, p.id, ${daysAgo(300, 'n')}
    from ${numbers(5000 - CONTROLLERS - MODELS)} join projects as p on p.id = ${id(KINDS.project, `1 + n / ${ROLES}`)}`,
]

/** All statements, in the order of the references between their tables. */
export function fillStatements(count: number): string[] {
  return [...THINGS, ...users(count), ...roleGrants(count), ...levelGrants(count), ...HEAVY_GRANTS]
}

/** Gives the first users one password, by its hash. */
export const SET_PASSWORDS = `insert into passwords (user_id, hash) select ${id(KINDS.user, 'n')}, $1 from ${numbers(USERS_WITH_PASSWORD)}`

/** Writes keys by the ids of the keys and of their users, the hints and the hashes in hexadecimal. */
export const WRITE_KEYS = `insert into api_keys (id, user_id, label, hint, hash)
  select k.id, k.user_id, 'bench', k.hint, decode(k.hash, 'hex') from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[]) as k (id, user_id, hint, hash)`
