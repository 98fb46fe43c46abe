/** All that a user may do at a time, said once more and plainly from authority.md, over all the rows. */
import type { Facts } from './facts.ts'
import { CONTROLLER, MODEL, SERVER } from './oracle.ts'

/** When something is held, in seconds. */
interface Span {
  since: number
  expiresAt: number
}

interface Way extends Span {
  via: string
  role: string | null
}

interface Held extends Way {
  word: string
  organization: string | null
  project: string | null
}

interface Level extends Way {
  controller: string
  model: string | null
  level: number
}

const meet = (...facts: { since: number; expires?: number; ended?: number }[]): Span => ({
  since: Math.max(...facts.map(({ since }) => since)),
  expiresAt: Math.min(
    ...facts.flatMap(({ expires, ended }) => [expires ?? Number.POSITIVE_INFINITY, ended ?? Number.POSITIVE_INFINITY]),
  ),
})

const nameIn = (rows: { id: string; name: string }[], id: string | null) => rows.find((row) => row.id === id)?.name

/** Milliseconds, as the API tells them. */
export const timeOf = (seconds: number) =>
  Number.isFinite(seconds) ? new Date(Math.floor(seconds * 1000 + 0.0005)).toISOString() : null

/** Each item as `inWordsWithTime` tells it, sorted. */
export function expectedAccess(facts: Facts, username: string, at: number): string[] {
  const { held, levels } = accessAt(facts, username, at)
  const words = held.flatMap((one) => wordsOf(facts, one.word, at).map((word) => ({ ...one, word })))
  return [...words.map((one) => describeWord(facts, one)), ...levels.map((one) => describeLevel(facts, one))].sort()
}

/** What a user holds at a time: words, some of which stand for many, and levels with what follows from them. */
export function accessAt(facts: Facts, username: string, at: number): { held: Held[]; levels: Level[] } {
  const user = facts.users.find((row) => row.username === username)
  const holds = ({ since, expiresAt }: Span) => since <= at && at < expiresAt
  if (!user || facts.suspensions.some((row) => row.user === user.id && holds(meet(row))))
    return { held: [], levels: [] }

  const held = heldBy(facts, user)
  return { held: held.filter(holds), levels: levelsOf(facts, user.id, held).filter(holds) }
}

function heldBy(facts: Facts, { id, organization, created }: Facts['users'][number]): Held[] {
  const byRole = facts.roleGrants
    .filter((grant) => grant.user === id)
    .flatMap((grant) =>
      facts.roleWords
        .filter(({ role }) => role === grant.role)
        .map((row) => ({ ...grant, ...meet(grant, row), word: row.word, via: 'ROLE' })),
    )
  const byHome = facts.baseWords
    .filter((row) => row.organization === organization)
    .map((row) => ({ ...row, ...meet(row, { since: created }), project: null, via: 'MEMBERSHIP', role: null }))
  return [...byRole, ...byHome]
}

/** A word that stands for many is all of them that were known by then. */
function wordsOf(facts: Facts, word: string, at: number): string[] {
  const all = facts.permissions.flatMap(({ name, created }) => (name.includes('.') && created <= at ? name : []))
  if (word === '*') return all
  return word === '@applications' ? all.filter((name) => !SERVER.includes(name.split('.')[0] ?? '')) : [word]
}

function levelsOf(facts: Facts, user: string, held: Held[]): Level[] {
  const byGrant = facts.controllerGrants
    .filter((row) => row.user === user)
    .map(
      (row): Level => ({
        ...meet(row),
        ...GRANT,
        controller: row.controller,
        model: null,
        level: CONTROLLER.indexOf(row.level),
      }),
    )
  const managed = held.filter(({ word, project }) => ['*', 'controllers.manage'].includes(word) && project === null)
  const byWord = managed.flatMap((one) =>
    facts.controllers
      .filter(({ organization }) => one.organization === null || one.organization === organization)
      .map(
        ({ id, created }): Level => ({
          ...one,
          since: Math.max(one.since, created),
          controller: id,
          model: null,
          level: 2,
        }),
      ),
  )
  const onModels = facts.modelGrants
    .filter((row) => row.user === user)
    .map(
      (row): Level => ({
        ...meet(row),
        ...GRANT,
        controller: controllerOf(facts, row.model),
        model: row.model,
        level: MODEL.indexOf(row.level),
      }),
    )
  const through = [...byGrant, ...byWord]
    .filter(({ level }) => level === 2)
    .flatMap((one) =>
      facts.models
        .filter(({ controller }) => controller === one.controller)
        .map(
          (model): Level => ({ ...one, since: Math.max(one.since, model.created), model: model.id, via: 'CONTROLLER' }),
        ),
    )
  const implied = onModels.map((one): Level => ({ ...one, model: null, level: 0, via: 'MODEL' }))
  return [...byGrant, ...byWord, ...onModels, ...through, ...implied]
}

const GRANT = { via: 'GRANT', role: null }

const controllerOf = (facts: Facts, model: string) => facts.models.find(({ id }) => id === model)?.controller ?? ''

function describeWord(facts: Facts, { word, organization, project, ...way }: Held): string {
  const home = nameIn(facts.organizations, organization)
  const code = facts.projects.find(({ id }) => id === project)?.code
  const place = code ? `on ${code} of ${home}` : home ? `in ${home}` : 'everywhere'
  return `${word} ${place} ${describeWay(facts, way)}`
}

function describeLevel(facts: Facts, { controller, model, level, ...way }: Level): string {
  const place = [nameIn(facts.controllers, controller), ...(model ? [nameIn(facts.models, model)] : [])].join('/')
  return `${(model ? MODEL : CONTROLLER)[level]} ${place} ${describeWay(facts, way)}`
}

function describeWay(facts: Facts, { via, role, since, expiresAt }: Way): string {
  return `${via} ${nameIn(facts.roles, role) ?? '-'} ${timeOf(since)} ${timeOf(expiresAt)}`
}
