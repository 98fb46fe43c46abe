/** The users of a documentation host made with Django, as `manage.py dumpdata` writes users, groups and tokens. */
import {
  emptyPlan,
  homeOf,
  isObject,
  type Json,
  type MapOptions,
  objectsOf,
  type Plan,
  type RoleItem,
  textOf,
} from './plan.ts'

/** One record of the dump: the model may have any name, as applications replace the model of users. */
interface Dumped {
  model: string
  pk: unknown
  fields: Json
}

const SERVICE_PREFIX = 'api-'

export function mapDocsHost(files: { file: string; value: unknown }[], options: MapOptions): Plan {
  const records = files.flatMap(({ file, value }) => objectsOf(value, file).flatMap(readRecord))
  const groups = records.filter(({ model }) => model.endsWith('.group'))
  const tokens = records.filter(({ model }) => model.endsWith('.token'))
  const users = records.filter(({ fields }) => typeof fields.username === 'string')
  const plan = emptyPlan()
  for (const user of users) {
    const own = tokens.filter(({ fields }) => isReferenceTo(fields.user, user))
    plan.users.push(mapUser(plan, user, { groups, tokens: own, options }))
  }
  return plan
}

function readRecord({ model, pk, fields }: Json): Dumped[] {
  return typeof model === 'string' && isObject(fields) ? [{ model: model.toLowerCase(), pk, fields }] : []
}

/** References are primary keys, or with `--natural-foreign` lists with the name. */
function isReferenceTo(reference: unknown, { pk, fields }: Dumped): boolean {
  if (Array.isArray(reference)) return reference[0] === (fields.username ?? fields.name)
  return reference === pk && pk !== undefined
}

interface Beside {
  groups: Dumped[]
  tokens: Dumped[]
  options: MapOptions
}

function mapUser(plan: Plan, user: Dumped, { groups, tokens, options }: Beside) {
  const { fields } = user
  const username = String(fields.username)
  const isService = username.startsWith(SERVICE_PREFIX)
  const displayName = [textOf(fields, 'first_name'), textOf(fields, 'last_name')].filter(Boolean).join(' ')
  const email = textOf(fields, 'email')
  const password = isService ? undefined : textOf(fields, 'password')
  // Django marks a password that nobody can use by an exclamation mark.
  const passwordHash = password?.startsWith('!') ? undefined : password
  const apiKeys = tokens.map(({ pk, fields: token }) => ({ label: 'Django', secret: textOf(token, 'key') ?? pk }))
  const isAdmin = fields.is_superuser === true
  return {
    username,
    ...homeOf(options),
    ...(isService && { kind: 'SERVICE' }),
    ...(displayName && { displayName }),
    ...(email && { email }),
    ...(fields.is_active === false && { isActive: false }),
    ...(isAdmin && { isAdmin }),
    ...(passwordHash && { passwordHash }),
    roles: rolesOf(plan, `user ${username}`, fields.groups, groups, options),
    apiKeys,
  }
}

function rolesOf(plan: Plan, name: string, given: unknown, groups: Dumped[], { roles }: MapOptions): RoleItem[] {
  return (Array.isArray(given) ? given : []).flatMap((reference) => {
    const found = groups.find((group) => isReferenceTo(reference, group))
    const group = found ? String(found.fields.name) : String(reference)
    const role = roles.get(group) ?? KNOWN_GROUPS.get(group)
    if (role) return { role, everywhere: true as const }
    plan.problems.push({ name, why: `The group "${group}" has no role here: say which with --role "${group}=ROLE".` })
    return []
  })
}

/** The groups of django-sphinx-hosting that have the same meaning here. */
const KNOWN_GROUPS = new Map([
  ['Version Managers', 'VERSION_MANAGER'],
  ['Project Managers', 'PROJECT_MANAGER'],
])
