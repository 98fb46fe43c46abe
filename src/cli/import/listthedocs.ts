/** The users of List The Docs, as `GET /api/v2/users` answers them, and what `GET /api/v2/users/<name>/roles` adds. */
import { addBefore, homeOf, type Json, listOf, type MapOptions, objectsOf, type Plan, planOf, textOf } from './plan.ts'

export function mapListTheDocs(files: { file: string; value: unknown }[], options: MapOptions): Plan {
  return planOf(files, objectsOf, (plan, object) => mapUser(plan, object, options))
}

function mapUser(plan: Plan, user: Json, options: MapOptions) {
  const username = textOf(user, 'name')
  if (username === undefined) return plan.problems.push({ name: 'a user without a name', why: 'It has no "name".' })
  if (username.toLowerCase() === 'root') return plan.problems.push({ name: 'user root', why: ROOT })
  const keys = listOf(user, 'api_keys')
  for (const key of keys.filter(({ is_valid }) => is_valid === false))
    plan.problems.push({ name: `user ${username}`, why: `Their key of ${key.created_at ?? 'no date'} is not valid.` })
  const roles = listOf(user, 'roles').flatMap(({ role_name, project_code }) => {
    const project = String(project_code)
    const step = { mutation: 'createProject', input: { code: project, ...homeOf(options) }, needs: [] }
    addBefore(plan, { name: `project ${project}`, ...step })
    return { role: options.roles.get(String(role_name)) ?? String(role_name), project }
  })
  plan.users.push({
    username,
    ...homeOf(options),
    ...(user.is_admin === true && { isAdmin: true }),
    ...(roles.length > 0 && { roles }),
    apiKeys: keys.flatMap((key) => (key.is_valid === false ? [] : { label: 'List The Docs', secret: key.key })),
  })
}

const ROOT = 'root is the server’s own user here. To keep its key, start the server once with ROOT_API_KEY set to it.'
