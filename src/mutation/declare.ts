/**
 * The one way a mutation is declared: what it takes and gives, who may call it, what it confers, which errors it
 * answers with. `change.ts` runs it. A test fails on a mutation declared otherwise.
 */
import type { SchemaTypes as AnyTypes, FieldRef, InputFieldMap, InputRef, InputShapeFromFields } from '@pothos/core'
import type { GraphQLObjectType, GraphQLResolveInfo } from 'graphql'
import type { Conferral } from '../authority/guard.ts'
import { nameAlternatives } from '../authority/places.ts'
import { describeRule, type Rule, rulesFor, wordsOf } from '../authority/rule.ts'
import type { Config } from '../config.ts'
import { type Alternatives, type ErrorCode, InvalidInputError, type Issue, isRefusal } from '../errors.ts'
import { builder } from '../graphql/builder.ts'
import type { Context } from '../graphql/context.ts'
import { type ErrorData, errorData, errorTypes, loudError } from '../graphql/errors.ts'
import { textProblems } from '../graphql/input-checks.ts'
import { selectedFields } from '../read/collect.ts'
import { asDomainError, topLevelError } from './errors.ts'
import { definePayload, type Payload, type PayloadFields, readPayload } from './payload.ts'
import { type ChangePlan, type Operation, type Outcome, type ReadOnlyMode, runChange } from './run.ts'
import { type Shown, showOn } from './viewer-can.ts'

type Types = typeof builder.$inferSchemaTypes
type InputBuilder = PothosSchemaTypes.InputFieldBuilder<Types, 'InputObject'>
type Json = Record<string, unknown>

interface Declaration<Fields extends InputFieldMap, Refs, Values extends Json, Prepared> {
  name: string
  description: string
  /** Omitted where nothing is taken. */
  input?: (t: InputBuilder) => Fields
  payload: (p: PayloadFields) => Record<keyof Values & string, FieldRef<AnyTypes>>
  /** Slow work before the transaction, and what must outlive its roll-back. Nothing is decided yet: it may write nothing. */
  prepare?: (ctx: Context, input: InputShapeFromFields<Fields>, dryRun: boolean) => Promise<Prepared>
  /** The things the input names, which are then locked. @throws NotFoundError */
  find: ChangePlan<InputShapeFromFields<Fields>, Refs, Values, Prepared>['find']
  may: (by: ReturnType<typeof rulesFor<NoInfer<Refs>>>) => Rule<NoInfer<Refs>>
  /** What the mutation gives, for the guard; "nothing" where it only takes away or names. */
  confers: 'nothing' | ((operation: Operation<InputShapeFromFields<Fields>, Refs, Prepared>) => Conferral)
  /** The types of the things it is about, which say by `viewerCan…` whether the caller may call it there. */
  shownOn?: Shown[]
  /** Does it touch passwords, keys, sessions? A limited key never does. */
  touchesCredentials?: boolean | ((input: InputShapeFromFields<Fields>) => boolean)
  /** May somebody call it who has not said who they are? */
  isPublic?: boolean
  readOnlyMode?: ReadOnlyMode
  /** Fields of the input, with all below them, whose texts may be long: keys and certificates. */
  longTexts?: string[]
  /** False where a dry run makes no sense. */
  hasDryRun?: boolean
  /** Could it take away the last administrator? */
  endangersAdministration?: boolean
  /** Errors beyond InvalidInput and NotFound, which every mutation can answer with. */
  errors?: 'CONFLICT'[]
  /** What is wrong with the input by itself. Asks nothing of the database: it runs before the decision. */
  check?: (input: InputShapeFromFields<Fields>, config: Config) => Issue[]
  run: (operation: Operation<InputShapeFromFields<Fields>, Refs, Prepared>) => Promise<Outcome<Values>>
}

/** Mutations that one can ask about before making them, by name: how each runs and what it takes. */
export const askableMutations = new Map<string, DeclaredMutation>()

interface DeclaredMutation {
  plan: ChangePlan<unknown, unknown, unknown, unknown>
  input: InputRef<Record<string, unknown>>
}

/** Declares a mutation. */
export function mutation<Fields extends InputFieldMap, Refs, Values extends Json, Prepared = undefined>(
  given: Declaration<Fields, Refs, Values, Prepared>,
) {
  const plan: ChangePlan<InputShapeFromFields<Fields>, Refs, Values, Prepared> = {
    touchesCredentials: false,
    endangersAdministration: false,
    isPublic: false,
    readOnlyMode: 'REFUSED',
    longTexts: [],
    prepare: async () => undefined as Prepared,
    ...given,
    may: given.may(rulesFor<Refs>()),
  }
  for (const shown of given.shownOn ?? []) showOn(plan, shown)
  const base = given.name.charAt(0).toUpperCase() + given.name.slice(1)
  const codes = errorCodes(given)
  const payload = definePayload(`${base}Payload`, given)
  const result = builder.unionType(`${base}Result`, {
    description: `What \`${given.name}\` answers with: its payload, or an error that changed nothing.`,
    types: [payload, ...codes.map((code) => errorTypes[code])],
    resolveType: (value: Payload | ErrorData) => ('typeName' in value ? value.typeName : `${base}Payload`),
  } as never)
  const input =
    given.input &&
    builder.inputType(`${base}Input`, { description: `What \`${given.name}\` takes.`, fields: given.input })
  if (input && given.hasDryRun !== false)
    askableMutations.set(given.name, { plan: plan as never, input: input as never })

  builder.mutationField(given.name, (t) =>
    t.field({
      type: result as never,
      nullable: true,
      description: describe(given.description, plan.may, codes),
      args: {
        ...(input && { input: t.arg({ type: input, required: true, description: 'What to do.' }) }),
        ...(given.hasDryRun !== false && { dryRun: t.arg.boolean(DRY_RUN) }),
      },
      authScopes: plan.isPublic ? { anyone: true } : scopesOf(plan.may),
      extensions: { mutation: { confers: given.confers !== 'nothing', touchesCredentials: plan.touchesCredentials } },
      resolve: ((
        _root: unknown,
        args: { input?: InputShapeFromFields<Fields>; dryRun?: boolean },
        ctx: Context,
        info: GraphQLResolveInfo,
      ) =>
        resolveMutation(
          plan,
          given.check,
          `${base}Payload`,
          { ...args, input: args.input ?? ({} as InputShapeFromFields<Fields>) },
          ctx,
          info,
        )) as never,
    }),
  )
}

const DRY_RUN = {
  required: true,
  defaultValue: false,
  description: 'Run it whole, keep nothing: answers what it would have answered, without secrets.',
} as const

async function resolveMutation<Input, Refs, Values extends Json, Prepared>(
  plan: ChangePlan<Input, Refs, Values, Prepared>,
  check: ((input: Input, config: Config) => Issue[]) | undefined,
  payloadName: string,
  { input, dryRun = false }: { input: Input; dryRun?: boolean },
  ctx: Context,
  info: GraphQLResolveInfo,
): Promise<Payload | ErrorData> {
  try {
    const unreadable = textProblems(input, plan.longTexts)
    const issues = unreadable.length > 0 ? unreadable : (check?.(input, ctx.services.config) ?? [])
    if (issues.length > 0) throw new InvalidInputError(issues)
    const payload = info.schema.getType(payloadName) as GraphQLObjectType
    const wantsDiff =
      dryRun && [...selectedFields(payload, info).values()].some(([node]) => node?.name.value === 'accessDiff')
    return await runChange(
      plan,
      ctx,
      input,
      { dryRun, diffSchema: wantsDiff ? info.schema : null },
      (values, reading, accessDiff) => readPayload(payload, { ...values, accessDiff }, reading, info),
    )
  } catch (thrown) {
    if (isRefusal(thrown) && !dryRun)
      ctx.refusals.push({
        action: plan.name,
        code: thrown.code,
        missing: thrown.missing,
        target: thrown.target ?? null,
      })
    const needs = await needsOf(thrown, ctx, info)
    const known = asDomainError(thrown)
    if (!known) throw topLevelError(thrown, info, needs)
    const error = errorData(known, needs.flat())
    if (!isAskedFor(error, info)) ctx.loudErrors.push(loudError(error, [info.path.key]))
    return error
  }
}

/** What was missing for it, with the places named. */
async function needsOf(
  thrown: unknown,
  { services, caller }: Context,
  info: GraphQLResolveInfo,
): Promise<Alternatives> {
  const needs = isRefusal(thrown) ? (thrown.needs ?? []) : []
  return nameAlternatives(services.database.db, caller, info.schema, needs)
}

/** A document that selects nothing of the error would never see it. */
function isAskedFor(error: ErrorData, info: GraphQLResolveInfo): boolean {
  return selectedFields(info.schema.getType(error.typeName) as GraphQLObjectType, info).size > 0
}

function errorCodes(given: {
  confers: unknown
  endangersAdministration?: boolean
  errors?: 'CONFLICT'[]
}): ErrorCode[] {
  return [
    'INVALID_INPUT',
    'NOT_FOUND',
    ...(given.errors ?? []),
    ...(given.confers === 'nothing' ? [] : (['MISSING_AUTHORITY'] as const)),
    ...(given.endangersAdministration ? (['LAST_ADMIN'] as const) : []),
  ]
}

function describe<Refs>(description: string, may: Rule<Refs>, codes: ErrorCode[]): string {
  const names = codes.map((code) => `\`${NAMES[code]}\``).join(', ')
  return `${description}\n\n${describeRule(may)} Errors: ${names}.`
}

const NAMES: Record<ErrorCode, string> = {
  NOT_FOUND: 'NotFound',
  INVALID_INPUT: 'InvalidInput',
  CONFLICT: 'Conflict',
  LAST_ADMIN: 'LastAdmin',
  MISSING_AUTHORITY: 'MissingAuthority',
}

/** What can be told from the rule alone: who holds none of its permissions anywhere is refused before anything is read. */
function scopesOf<Refs>(rule: Rule<Refs>) {
  const words = wordsOf(rule)
  return { $all: { signedIn: true, writable: true, ...(words ? { permission: words } : {}) } }
}
