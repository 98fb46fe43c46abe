/** Draws the ways by which a user holds something: from the user, by what they hold, to what was asked. */
import { levelsFrom, nameOf, placeOf, type Question } from './question.ts'

/** A limit of a key that allows something. */
interface Limit {
  role: string | null
  scope: string
  organization: string | null
  project: string | null
}

/** One item of `AccessAnswer.ways`. */
export interface Way extends Omit<Limit, 'scope'> {
  code: string
  via: string
  scope: string | null
  level: string | null
  controller: string | null
  model: string | null
  throughModel: string | null
  since: string
  expiresAt: string | null
  grantedBy: string | null
  keyLimits: Limit[]
}

const HIDDEN = '(hidden)'

/** Returns the lines of a tree with the user as its root. */
export function drawWays(user: string, ways: Way[], question: Question): string[] {
  if (ways.length === 0) return [user, '└─ holds nothing that is near to it']
  const width = Math.max(...ways.map((way) => stepsOf(way)[0]?.length ?? 0))
  return [user, ...ways.flatMap((way, index) => drawWay(way, question, { width, isLast: index === ways.length - 1 }))]
}

function drawWay(way: Way, question: Question, { width, isLast }: { width: number; isLast: boolean }): string[] {
  const [first = '', ...steps] = [...stepsOf(way), endOf(way, question)]
  const below = isLast ? '   ' : '│  '
  return [
    `${isLast ? '└─' : '├─'} ${first.padEnd(width)}   ${describeGrant(way)}`,
    ...steps.map((step, depth) => `${below}${'   '.repeat(depth)}└─ ${step}`),
  ]
}

/** Returns what is held and what follows from it, without what was asked for. */
function stepsOf(way: Way): string[] {
  const { via, role, level, controller, model, throughModel } = way
  if (via === 'SELF') return ['their own']
  const holding = role === null ? null : `role ${role} ${scopeOf(way)}`.trimEnd()
  const superuser = `SUPERUSER on the controller ${controller ?? HIDDEN}`
  if (via === 'MEMBERSHIP') return [`member of the organization ${way.organization ?? HIDDEN}`]
  if (via === 'CONTROLLER') return holding === null ? [superuser] : [holding, superuser]
  if (via === 'MODEL') return [`a level on the model ${controller ?? HIDDEN}/${throughModel ?? HIDDEN}`]
  if (via === 'ROLE') return [holding ?? `role ${HIDDEN} ${scopeOf(way)}`]
  return [
    `${level} on the ${model === null ? 'controller' : 'model'} ${[controller ?? HIDDEN, model].filter(Boolean).join('/')}`,
  ]
}

function scopeOf({ scope, organization, project }: { scope: string | null } & Omit<Limit, 'role' | 'scope'>): string {
  if (scope === 'EVERYWHERE') return 'everywhere'
  if (scope === 'PROJECT') return `on the project ${project ?? HIDDEN}`
  return scope === 'ORGANIZATION' ? `in the organization ${organization ?? HIDDEN}` : ''
}

function describeGrant({ grantedBy, since, expiresAt }: Way): string {
  const by = grantedBy === null ? 'since' : `granted by ${grantedBy}`
  return `${by} ${dayOf(since)}${expiresAt === null ? '' : ` · until ${dayOf(expiresAt)}`}`
}

function dayOf(time: string): string {
  return time.slice(0, 10)
}

/** Returns what was asked for, whether this way allows it, and why not. */
function endOf(way: Way, question: Question): string {
  const name = nameOf(question)
  const limits = way.keyLimits.map((limit) => `${limit.role ?? HIDDEN} ${scopeOf(limit)}`)
  if (way.code === 'ALLOWED')
    return [`✓ ${name}`, ...limits.map((limit) => `by the limit ${limit} of the key`)].join(', ')
  return `✗ ${name}: ${reasonOf(way, question)}`
}

function reasonOf({ code, level }: Way, question: Question): string {
  if (code === 'WRONG_SCOPE') return `not ${placeOf(question)}`
  if (code === 'LEVEL_TOO_LOW') return `${level} is lower; it takes ${levelsFrom(nameOf(question)).join(' or ')}`
  if (code === 'KEY_TOO_NARROW') return 'no limit of the key allows it'
  if (code === 'INACTIVE') return 'the user is suspended'
  return 'it has ended, or has not begun'
}
