/** Reads a question about access as it is typed: `version.create apollo`, or `write gce1/default`. */
import { UsageError } from '../values.ts'

const CONTROLLER_LEVELS = ['LOGIN', 'ADD_MODEL', 'SUPERUSER']
const MODEL_LEVELS = ['READ', 'WRITE', 'ADMIN']

/** Where a permission is asked about: exactly one of them. */
export type PermissionScope = { project: string } | { organization: string } | { everywhere: true }

/** A question with the form of `AccessQuestionInput`. */
export type Question =
  | { permission: { permission: string } & PermissionScope }
  | { controller: { controller: string; access: string } }
  | { model: { controller: string; model: string; access: string } }
  | MutationQuestion

/** Whether a mutation is allowed, and how its command is typed. */
export interface MutationQuestion {
  mutation: Record<string, object>
  text: string
}

/** Returns the question as `AccessQuestionInput` has it. */
export function inputOf(question: Question): object {
  return 'mutation' in question ? { mutation: question.mutation } : question
}

/** @throws UsageError */
export function readQuestion(what: string, on: string | undefined, organization?: string): Question {
  if (isLevel(what)) return readLevel(levelOf(what), on, organization)
  if (!what.includes('.')) {
    const levels = [...CONTROLLER_LEVELS, ...MODEL_LEVELS].join(', ')
    throw new UsageError(
      `"${what}" is no permission, like version.create, no level (${levels}) and no command that changes something.`,
    )
  }
  if (on !== undefined && organization !== undefined)
    throw new UsageError(`Ask about the project "${on}" or about --organization, not about both.`)
  if (on !== undefined) return { permission: { permission: what, project: on } }
  if (organization !== undefined) return { permission: { permission: what, organization } }
  return { permission: { permission: what, everywhere: true } }
}

/** Whether it is a level, in any case. */
export function isLevel(what: string): boolean {
  return [...MODEL_LEVELS, ...CONTROLLER_LEVELS].includes(levelOf(what))
}

function levelOf(what: string): string {
  return what.toUpperCase().replaceAll('-', '_')
}

function readLevel(access: string, on = '', organization: string | undefined): Question {
  if (organization !== undefined)
    throw new UsageError('A level is on a controller or a model, not in an --organization.')
  const [controller = '', model, ...rest] = on.split('/')
  if (MODEL_LEVELS.includes(access) && model && controller && rest.length === 0)
    return { model: { controller, model, access } }
  if (CONTROLLER_LEVELS.includes(access) && model === undefined && controller)
    return { controller: { controller, access } }
  const form = MODEL_LEVELS.includes(access) ? 'a model, like gce1/default' : 'a controller, like gce1'
  throw new UsageError(`${access} is a level on ${form}.`)
}

/** Returns the question as people say it: `version.create on the project apollo`. */
export function textOf(question: Question): string {
  if ('mutation' in question) return question.text
  return `${nameOf(question)} ${placeOf(question)}`
}

/** Returns the permission or the level. */
export function nameOf(question: Question): string {
  if ('mutation' in question) return question.text
  if ('permission' in question) return question.permission.permission
  return 'controller' in question ? question.controller.access : question.model.access
}

/** Returns where it is asked about. */
export function placeOf(question: Question): string {
  if ('mutation' in question) return 'there'
  if ('controller' in question) return `on the controller ${question.controller.controller}`
  if ('model' in question) return `on the model ${question.model.controller}/${question.model.model}`
  const { permission: scope } = question
  if ('project' in scope) return `on the project ${scope.project}`
  return 'organization' in scope ? `in the organization ${scope.organization}` : 'everywhere'
}

/** Returns the levels that are at least as high as the one asked for. */
export function levelsFrom(access: string): string[] {
  const levels = MODEL_LEVELS.includes(access) ? MODEL_LEVELS : CONTROLLER_LEVELS
  return levels.slice(levels.indexOf(access))
}
