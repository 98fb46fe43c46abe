/** Who may call a mutation, declared once: what refuses is what the description tells and what shows a button. */
import { and, or, type SQL, sql } from 'drizzle-orm'
import { ForbiddenError, type Need } from '../errors.ts'
import type { CallerScope } from '../read/spec.ts'
import { type Caller, EVERYWHERE, type Scope } from './caller.ts'
import type { ServerPermission } from './permissions.ts'
import { type Demand, type LevelPlace, meetsSql, needFor } from './requirement.ts'

/** One way to be allowed: whoever has everything demanded. */
interface Alternative<Refs> {
  /** For the description: "`users.manage` over the user’s organization". */
  text: string
  /** A permission without which, somewhere, it can't be; null where it rests on something else. */
  permission: ServerPermission | null
  demands(refs: Refs): Demand[]
}

/** Any one of the alternatives suffices. */
export type Rule<Refs> = Alternative<Refs>[]

/** Holders of a permission on the scopes, all of them, that the input speaks of. */
function permission<Refs>(
  word: ServerPermission,
  over: string,
  scopesOf: (refs: Refs) => Scope | readonly Scope[],
): Rule<Refs> {
  const demands = (refs: Refs) =>
    [scopesOf(refs)].flat().map((scope): Demand => ({ kind: 'permission', word, scope: scope as Scope }))
  return [{ text: `holders of \`${word}\` ${over}`, permission: word, demands }]
}

/** Holders of a permission everywhere. */
function permissionEverywhere<Refs>(word: ServerPermission): Rule<Refs> {
  return permission(word, 'everywhere', () => EVERYWHERE)
}

interface Target {
  id: string
  organizationId: string
  isAdministrator: boolean
}

/** Holders of a permission over a user's home organization; over an administrator, administrators only. */
function permissionOverUser<Refs>(word: ServerPermission, userOf: (refs: Refs) => Target): Rule<Refs> {
  const home = permission(word, 'over the user’s organization', (refs: Refs) => ({
    organizationId: userOf(refs).organizationId,
    projectId: null,
  }))
  return notAgainstAdministrator(home, userOf)
}

/** The same, but nothing is done to an administrator except by administrators. */
function notAgainstAdministrator<Refs>(rule: Rule<Refs>, userOf: (refs: Refs) => Target): Rule<Refs> {
  return rule.map((alternative) => ({
    ...alternative,
    text: `${alternative.text} (where the user is an administrator: administrators)`,
    demands: (refs) => [{ kind: 'peer', isAdministrator: userOf(refs).isAdministrator }, ...alternative.demands(refs)],
  }))
}

/** The user concerned, but not with a key whose limits say what else it may do. */
function self<Refs>(userIdOf: (refs: Refs) => string): Rule<Refs> {
  return demanding('the user themselves', (refs) => ({ kind: 'self', userId: userIdOf(refs) }))
}

/** The user concerned, for their password: the first one would outlive a key that ends. */
function selfWithPassword<Refs>(userIdOf: (refs: Refs) => string, hasPassword: (refs: Refs) => boolean): Rule<Refs> {
  return self(userIdOf).map((alternative) => ({
    ...alternative,
    text: `${alternative.text} (with a key that ends only where they have a password)`,
    demands: (refs) => [...alternative.demands(refs), { kind: 'lastingKey', unless: hasPassword(refs) }],
  }))
}

/** Whoever has a level on a controller or a model. */
function level<Refs>(text: string, level: number, placeOf: (refs: Refs) => LevelPlace): Rule<Refs> {
  return demanding(text, (refs) => ({ kind: 'level', level, on: placeOf(refs) }))
}

/** Administrators alone. */
function administrators<Refs>(): Rule<Refs> {
  return demanding('administrators', () => ({ kind: 'administrator' }))
}

/** Nobody too. */
function anyone<Refs>(): Rule<Refs> {
  return [{ text: 'anyone', permission: null, demands: () => [] }]
}

/** Any caller, for what is their own. */
function anyUser<Refs>(): Rule<Refs> {
  return demanding('any user, for themselves', () => ({ kind: 'user' }))
}

function demanding<Refs>(text: string, demandOf: (refs: Refs) => Demand): Rule<Refs> {
  return [{ text, permission: null, demands: (refs) => [demandOf(refs)] }]
}

function either<Refs>(...rules: Rule<Refs>[]): Rule<Refs> {
  return rules.flat()
}

/** Whoever is allowed by both. */
function both<Refs>(first: Rule<Refs>, second: Rule<Refs>): Rule<Refs> {
  return first.flatMap((one) =>
    second.map((other) => ({
      ...one,
      text: `${one.text}, who are also ${other.text}`,
      demands: (refs: Refs) => [...one.demands(refs), ...other.demands(refs)],
    })),
  )
}

/** What a mutation's rule is written with, typed by the things its input names. */
export function rulesFor<Refs>() {
  return {
    permission: permission<Refs>,
    permissionEverywhere: permissionEverywhere<Refs>,
    permissionOverUser: permissionOverUser<Refs>,
    notAgainstAdministrator: notAgainstAdministrator<Refs>,
    administrators: administrators<Refs>,
    anyone: anyone<Refs>,
    anyUser: anyUser<Refs>,
    self: self<Refs>,
    selfWithPassword: selfWithPassword<Refs>,
    both: both<Refs>,
    level: level<Refs>,
    either: either<Refs>,
  }
}

/** @throws ForbiddenError naming what would have been enough. */
export function decide<Refs>(rule: Rule<Refs>, caller: Caller, refs: Refs) {
  const needs = needsFor(rule, caller, refs)
  if (needs.length > 0) throw new ForbiddenError(needs)
}

/** What the caller lacks for every alternative; nothing where one of them allows. What can be given goes before circumstances. */
export function needsFor<Refs>(rule: Rule<Refs>, caller: Caller, refs: Refs): Need[] {
  const lists = rule.map((alternative) => lackedOf(alternative.demands(refs), caller))
  if (lists.some((lacked) => lacked.length === 0)) return []
  const givable = lists.filter((lacked) => !lacked.some(({ demand }) => isCircumstance(demand)))
  return (givable.length > 0 ? givable : lists).flatMap((lacked, alternative) =>
    lacked.map(({ need }) => ({ ...need, alternative })),
  )
}

/** What of a rule is met by who is allowed: the demands of each alternative that lets them. */
export function metDemands<Refs>(rule: Rule<Refs>, caller: Caller, refs: Refs): Demand[] {
  const lists = rule.map((alternative) => alternative.demands(refs))
  return lists.filter((demands) => lackedOf(demands, caller).length === 0).flat()
}

/** What of a rule could be given to who is refused. */
export function unmetDemands<Refs>(rule: Rule<Refs>, caller: Caller, refs: Refs): Demand[] {
  const lacked = rule.flatMap((alternative) => lackedOf(alternative.demands(refs), caller))
  return lacked.map(({ demand }) => demand).filter((demand) => !isCircumstance(demand))
}

/** Nobody can be given that: it rests on who the caller is. */
export function isCircumstance({ kind }: Demand): boolean {
  return kind === 'self' || kind === 'user' || kind === 'lastingKey'
}

interface Lacked {
  demand: Demand
  need: Need
}

/** Against an administrator nothing but being one too would help. */
function lackedOf(demands: Demand[], caller: Caller): Lacked[] {
  const lacked = demands.flatMap((demand) => {
    const need = needFor(caller, demand)
    return need ? [{ demand, need }] : []
  })
  const decisive = lacked.filter(({ demand }) => demand.kind === 'peer')
  return decisive.length > 0 ? decisive : lacked
}

/** Does the rule allow the caller of a plan? The things it speaks of are columns of the row at hand. */
export function allowsSql<Refs>(rule: Rule<Refs>, caller: CallerScope, refs: Refs): SQL {
  const ways = rule.map((alternative) => and(...alternative.demands(refs).map((demand) => meetsSql(caller, demand))))
  return sql`coalesce(${or(...ways)}, false)`
}

/** The permissions without one of which, somewhere, nobody can be allowed; null where there is another way. */
export function wordsOf<Refs>(rule: Rule<Refs>): ServerPermission[] | null {
  const words = rule.map((alternative) => alternative.permission)
  return words.every((word) => word !== null) ? words : null
}

/** "Who may: holders of … ; the user themselves." */
export function describeRule<Refs>(rule: Rule<Refs>): string {
  return `Who may: ${rule.map((alternative) => alternative.text).join('; ')}.`
}
