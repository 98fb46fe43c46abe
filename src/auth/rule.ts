/** Who may call a mutation, declared once: what refuses is what the description tells. */
import { ForbiddenError } from '../errors.ts'
import { type Caller, EVERYWHERE, holds, isAdministrator, type Scope } from './caller.ts'
import type { ServerPermission } from './permissions.ts'

/** One way to be allowed. */
interface Alternative<Refs> {
  /** For the description: "`users.manage` over the user’s organization". */
  text: string
  /** A permission without which, somewhere, it can't be; null where it rests on something else. */
  permission: ServerPermission | null
  /** Does it rest on who the caller is? Nobody can be given that. */
  isCircumstance?: boolean
  /** What the caller lacks for it; nothing where they are allowed. */
  missing(caller: Caller, refs: Refs): string[]
}

/** Any one of the alternatives suffices. */
export type Rule<Refs> = Alternative<Refs>[]

/** Holders of a permission on the scopes, all of them, that the input speaks of. */
function permission<Refs>(
  word: ServerPermission,
  over: string,
  scopesOf: (refs: Refs) => Scope | readonly Scope[],
): Rule<Refs> {
  const missing = (caller: Caller, refs: Refs) =>
    [scopesOf(refs)].flat().every((scope) => holds(caller, word, scope)) ? [] : [word]
  return [{ text: `holders of \`${word}\` ${over}`, permission: word, missing }]
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
    missing(caller, refs) {
      if (userOf(refs).isAdministrator && !isAdministrator(caller)) return ['ADMINISTRATOR']
      return alternative.missing(caller, refs)
    },
  }))
}

/** The user concerned, but not with a key whose limits say what else it may do. */
function self<Refs>(userIdOf: (refs: Refs) => string): Rule<Refs> {
  const missing = (caller: Caller, refs: Refs) => {
    if (caller.userId === null || caller.userId !== userIdOf(refs)) return ['being that user']
    return caller.apiKey?.limited ? ['a key without limits'] : []
  }
  return [{ text: 'the user themselves', permission: null, isCircumstance: true, missing }]
}

/** Whoever lacks nothing, by a question of one's own: for levels on controllers and models. */
function whoever<Refs>(text: string, missing: (caller: Caller, refs: Refs) => string[]): Rule<Refs> {
  return [{ text, permission: null, missing }]
}

/** Administrators alone. */
function administrators<Refs>(): Rule<Refs> {
  return whoever('administrators', (caller) => (isAdministrator(caller) ? [] : ['ADMINISTRATOR']))
}

/** Nobody too. */
function anyone<Refs>(): Rule<Refs> {
  return [{ text: 'anyone', permission: null, missing: () => [] }]
}

/** Any caller, for what is their own. */
function anyUser<Refs>(): Rule<Refs> {
  const missing = (caller: Caller) => (caller.userId === null ? ['being a user'] : [])
  return [{ text: 'any user, for themselves', permission: null, isCircumstance: true, missing }]
}

function either<Refs>(...rules: Rule<Refs>[]): Rule<Refs> {
  return rules.flat()
}

/** Whoever is allowed by both. */
function both<Refs>(first: Rule<Refs>, second: Rule<Refs>): Rule<Refs> {
  return first.map((alternative) => ({
    ...alternative,
    text: `${alternative.text}, who are also ${second.map(({ text }) => text).join(' or ')}`,
    missing: (caller, refs) => [...alternative.missing(caller, refs), ...lacking(second, caller, refs)],
  }))
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
    both: both<Refs>,
    whoever: whoever<Refs>,
    either: either<Refs>,
  }
}

/** @throws ForbiddenError naming what would have been enough. */
export function decide<Refs>(rule: Rule<Refs>, caller: Caller, refs: Refs) {
  const missing = lacking(rule, caller, refs)
  if (missing.length > 0) throw new ForbiddenError(missing)
}

/** What the caller lacks for every alternative; nothing where one of them allows. What can be given goes before circumstances. */
function lacking<Refs>(rule: Rule<Refs>, caller: Caller, refs: Refs): string[] {
  const lists = rule.map((alternative) => ({ alternative, missing: alternative.missing(caller, refs) }))
  if (lists.some(({ missing }) => missing.length === 0)) return []
  const givable = lists.filter(({ alternative }) => !alternative.isCircumstance)
  return [...new Set((givable.length > 0 ? givable : lists).flatMap(({ missing }) => missing))]
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
