/** The rules on which callers may call a mutation. A rule is declared once: it refuses, writes the description and shows the button. */
import { and, or, type SQL, sql } from 'drizzle-orm'
import { ForbiddenError, type MissingRequirement } from '../errors.ts'
import type { CallerScope } from '../read/spec.ts'
import { type Caller, EVERYWHERE, inOrganization, type Scope } from './caller.ts'
import type { ServerPermission } from './permissions.ts'
import { type LevelPlace, meetsSql, missingFor, type Requirement } from './requirement.ts'

/** One way to be allowed: a caller is allowed where they meet all of its requirements. */
interface Alternative<Refs> {
  /** The text for the description: "`users.manage` over the user’s organization". */
  text: string
  /** The permission that the caller must hold at least in some scope; null where it depends on something else. */
  permission: ServerPermission | null
  isForAdministrators?: boolean
  requirements(refs: Refs): Requirement[]
}

/** A rule is met where any one of its alternatives is met. */
export type Rule<Refs> = Alternative<Refs>[]

/** Allows holders of a permission in all scopes that the input names. */
function permission<Refs>(
  word: ServerPermission,
  over: string,
  scopesOf: (refs: Refs) => Scope | readonly Scope[],
): Rule<Refs> {
  const requirements = (refs: Refs) =>
    [scopesOf(refs)].flat().map((scope): Requirement => ({ kind: 'permission', word, scope: scope as Scope }))
  return [{ text: `holders of \`${word}\` ${over}`, permission: word, requirements }]
}

/** Allows holders of a permission everywhere. */
function permissionEverywhere<Refs>(word: ServerPermission): Rule<Refs> {
  return permission(word, 'everywhere', () => EVERYWHERE)
}

interface Target {
  id: string
  organizationId: string
  isAdministrator: boolean
}

/** Allows holders of a permission in a user's home organization; where the user is an administrator, only administrators. */
function permissionOverUser<Refs>(word: ServerPermission, userOf: (refs: Refs) => Target): Rule<Refs> {
  const home = permission(word, 'over the user’s organization', (refs: Refs) =>
    inOrganization(userOf(refs).organizationId),
  )
  return notAgainstAdministrator(home, userOf)
}

/** The same rule, except that only administrators may change an administrator. */
function notAgainstAdministrator<Refs>(rule: Rule<Refs>, userOf: (refs: Refs) => Target): Rule<Refs> {
  return rule.map((alternative) => ({
    ...alternative,
    text: `${alternative.text} (only administrators, where the user is an administrator)`,
    requirements: (refs) => [
      { kind: 'peer', isAdministrator: userOf(refs).isAdministrator },
      ...alternative.requirements(refs),
    ],
  }))
}

/** Allows the user themselves, but not with a limited key: its limits define what it may do. */
function self<Refs>(userIdOf: (refs: Refs) => string): Rule<Refs> {
  return requiring('the user themselves', (refs) => ({ kind: 'self', userId: userIdOf(refs) }))
}

/** Allows the user themselves, for their password: a first password would last longer than a key that ends. */
function selfWithPassword<Refs>(userIdOf: (refs: Refs) => string, hasPassword: (refs: Refs) => boolean): Rule<Refs> {
  return self(userIdOf).map((alternative) => ({
    ...alternative,
    text: `${alternative.text} (with a key that ends, only where they already have a password)`,
    requirements: (refs) => [...alternative.requirements(refs), { kind: 'lastingKey', unless: hasPassword(refs) }],
  }))
}

/** Allows users with a level on a controller or a model. */
function level<Refs>(text: string, level: number, placeOf: (refs: Refs) => LevelPlace): Rule<Refs> {
  return requiring(text, (refs) => ({ kind: 'level', level, on: placeOf(refs) }))
}

/** Allows only administrators. */
function administrators<Refs>(): Rule<Refs> {
  const rule = requiring<Refs>('administrators', () => ({ kind: 'administrator' }))
  return rule.map((alternative) => ({ ...alternative, isForAdministrators: true }))
}

/** Allows every caller, also without a credential. */
function anyone<Refs>(): Rule<Refs> {
  return [{ text: 'anyone', permission: null, requirements: () => [] }]
}

/** Allows any user, for what is their own. */
function anyUser<Refs>(): Rule<Refs> {
  return requiring('any user, for themselves', () => ({ kind: 'user' }))
}

function requiring<Refs>(text: string, requirementOf: (refs: Refs) => Requirement): Rule<Refs> {
  return [{ text, permission: null, requirements: (refs) => [requirementOf(refs)] }]
}

function either<Refs>(...rules: Rule<Refs>[]): Rule<Refs> {
  return rules.flat()
}

/** Allows callers that both rules allow. */
function both<Refs>(first: Rule<Refs>, second: Rule<Refs>): Rule<Refs> {
  return first.flatMap((one) =>
    second.map((other) => ({
      ...one,
      text: `${one.text}, who are also ${other.text}`,
      requirements: (refs: Refs) => [...one.requirements(refs), ...other.requirements(refs)],
    })),
  )
}

/** The functions with which a mutation's rule is written, typed by the objects that its input names. */
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

/** Refuses a caller that the rule does not allow. @throws ForbiddenError that names what would have been enough. */
export function decide<Refs>(rule: Rule<Refs>, caller: Caller, refs: Refs) {
  const missing = missingOf(rule, caller, refs)
  if (missing.length > 0) throw new ForbiddenError(missing)
}

/** Returns the missing requirements of every alternative; empty where one of them allows. Alternatives that can be granted are preferred to those that contain circumstances. */
export function missingOf<Refs>(rule: Rule<Refs>, caller: Caller, refs: Refs): MissingRequirement[] {
  const lists = rule.map((alternative) => unmetOf(alternative.requirements(refs), caller))
  if (lists.some((unmet) => unmet.length === 0)) return []
  const givable = lists.filter((unmet) => !unmet.some(({ requirement }) => isCircumstance(requirement)))
  return (givable.length > 0 ? givable : lists).flatMap((unmet, alternative) =>
    unmet.map(({ missing }) => ({ ...missing, alternative })),
  )
}

/** Returns the requirements of each alternative that allows the caller. */
export function metRequirements<Refs>(rule: Rule<Refs>, caller: Caller, refs: Refs): Requirement[] {
  const lists = rule.map((alternative) => alternative.requirements(refs))
  return lists.filter((requirements) => unmetOf(requirements, caller).length === 0).flat()
}

/** Returns the unmet requirements of a rule that could be granted to a refused caller. */
export function unmetRequirements<Refs>(rule: Rule<Refs>, caller: Caller, refs: Refs): Requirement[] {
  const unmet = rule.flatMap((alternative) => unmetOf(alternative.requirements(refs), caller))
  return unmet.map(({ requirement }) => requirement).filter((requirement) => !isCircumstance(requirement))
}

/** Whether a requirement is a circumstance, which cannot be granted: it depends on who the caller is. */
export function isCircumstance({ kind }: Requirement): boolean {
  return kind === 'self' || kind === 'user' || kind === 'lastingKey'
}

interface Unmet {
  requirement: Requirement
  missing: MissingRequirement
}

/** Returns the unmet requirements. Where the target is an administrator, only the requirement to be one counts. */
function unmetOf(requirements: Requirement[], caller: Caller): Unmet[] {
  const unmet = requirements.flatMap((requirement) => {
    const missing = missingFor(caller, requirement)
    return missing ? [{ requirement, missing }] : []
  })
  const decisive = unmet.filter(({ requirement }) => requirement.kind === 'peer')
  return decisive.length > 0 ? decisive : unmet
}

/** Whether the rule allows the caller of a plan. The objects that it uses are columns of the current row. */
export function allowsSql<Refs>(rule: Rule<Refs>, caller: CallerScope, refs: Refs): SQL {
  const ways = rule.map((alternative) =>
    and(...alternative.requirements(refs).map((requirement) => meetsSql(caller, requirement))),
  )
  return sql`coalesce(${or(...ways)}, false)`
}

/** Returns the permissions of which a caller must hold at least one in some scope; null where there is another way. */
export function wordsOf<Refs>(rule: Rule<Refs>): ServerPermission[] | null {
  const words = rule.map((alternative) => alternative.permission)
  return words.every((word) => word !== null) ? words : null
}

/** Whether only administrators are allowed. */
export function isForAdministrators<Refs>(rule: Rule<Refs>): boolean {
  return rule.every((alternative) => alternative.isForAdministrators)
}

/** Describes a rule: "Who may: holders of … ; the user themselves." */
export function describeRule<Refs>(rule: Rule<Refs>): string {
  return `Who may: ${rule.map((alternative) => alternative.text).join('; ')}.`
}
