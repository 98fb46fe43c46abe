/** What `ensure grant` asks for: a role on a scope, or a level on a controller or model. */
import { isLevel, type Question, readQuestion } from '../access/question.ts'
import { UsageError } from '../values.ts'
import type { Change } from './goals.ts'

/** A grant as it is typed. */
export interface Grant {
  user: string
  what: string
  on: string | undefined
  organization?: string
  everywhere?: boolean
  expiresAt?: string
}

/** @throws UsageError */
export function grantChange({ user, what, on, organization, everywhere, expiresAt }: Grant): Change {
  const until = expiresAt === undefined ? {} : { expiresAt }
  if (isLevel(what) && !everywhere && organization === undefined) return grantLevel(user, readQuestion(what, on), until)
  const scopes = [
    ...(on === undefined ? [] : [{ project: on }]),
    ...(organization === undefined ? [] : [{ organization }]),
    ...(everywhere ? [{ everywhere: true }] : []),
  ]
  const [scope] = scopes
  if (!scope || scopes.length > 1)
    throw new UsageError('Name one scope of the role: a project, --organization <name>, or --everywhere.')
  return { field: 'grantRoles', input: { user, roles: [{ role: what, ...scope, ...until }] } }
}

function grantLevel(user: string, question: Question, until: object): Change {
  if ('model' in question) return { field: 'grantModelAccess', input: { user, ...question.model, ...until } }
  const names = 'controller' in question ? question.controller : {}
  return { field: 'grantControllerAccess', input: { user, ...names, ...until } }
}
