/**
 * The only way to declare a mutation: a test fails where a mutation is declared differently. Its steps, in this order:
 *  1. check: finds the problems of the input by itself, before the database is used
 *  2. prepare: does slow work outside the transaction, like hashing a password
 *  3. find: finds the rows that the input names, as the caller sees them; they and the caller are locked in a fixed order
 *  4. decide: evaluates the rule `may` with the caller's authority as it is now
 *  5. escalation guard: compares what the mutation grants with what the caller holds
 *  6. run: runs the operation
 *  7. writes the audit, reads the payload and commits; a dry run is rolled back instead
 */
import type { SchemaTypes as AnyTypes, FieldRef, InputFieldMap, InputRef, InputShapeFromFields } from '@pothos/core'
import type { GraphQLObjectType, GraphQLResolveInfo } from 'graphql'
import type { Granted } from '../authority/guard.ts'
import { type Rule, rulesFor } from '../authority/rule.ts'
import type { Config } from '../config.ts'
import { idempotencyKeyIssues } from '../entities/idempotency/operations.ts'
import { InvalidInputError, type Issue, type Target } from '../errors.ts'
import { builder } from '../graphql/builder.ts'
import type { Context } from '../graphql/context.ts'
import { type ErrorData, errorTypes } from '../graphql/errors.ts'
import { textProblems } from '../graphql/input-checks.ts'
import { selectedFields } from '../read/collect.ts'
import { answerError, noteRefusal } from './answer-error.ts'
import { describe, errorCodes, scopesOf } from './described.ts'
import type { Finder, Finding } from './lookup.ts'
import { definePayload, type Payload, type PayloadFields, readPayload } from './payload.ts'
import { type ChangePlan, type Operation, type Outcome, type ReadOnlyMode, runChange } from './run.ts'
import { type Shown, showOn } from './viewer-can.ts'

type Types = typeof builder.$inferSchemaTypes
type InputBuilder = PothosSchemaTypes.InputFieldBuilder<Types, 'InputObject'>
type Json = Record<string, unknown>

interface Declaration<Fields extends InputFieldMap, Refs, Values extends Json, Prepared>
  extends Described<Fields, Refs, Values>,
    Authorized<Fields, Refs, Prepared>,
    Steps<Fields, Refs, Values, Prepared> {}

/** The description of the mutation: its name, its input and its payload. */
interface Described<Fields extends InputFieldMap, Refs, Values extends Json> {
  name: string
  description: string
  /** What the mutation is about, of what it found: the audit records it. It is null where that is known only later. */
  target(refs: NoInfer<Refs>): Target | null
  /** It is omitted where the mutation takes no input. */
  input?: (t: InputBuilder) => Fields
  payload: (p: PayloadFields) => Record<keyof Values & string, FieldRef<AnyTypes>>
  /** Errors in addition to InvalidInputError and NotFoundError, which every mutation can answer with. */
  errors?: ('CONFLICT' | 'WRONG_CREDENTIALS')[]
  /** Whether it makes something that a repetition would make again: its input then has an `idempotencyKey`. */
  makes?: boolean
  /** It is false where a dry run makes no sense. */
  hasDryRun?: boolean
  /** The fields of the input whose texts, with all texts below them, may be long, like `items.sshKeys`: keys and certificates. */
  longTexts?: string[]
}

/** The authorization of the mutation: which callers may call it, and what it could grant or take away. */
interface Authorized<Fields extends InputFieldMap, Refs, Prepared> {
  may: (by: ReturnType<typeof rulesFor<NoInfer<Refs>>>) => Rule<NoInfer<Refs>>
  /** What the mutation grants, for the escalation guard; "nothing" where it only takes away or names. */
  grants: 'nothing' | ((operation: Operation<InputShapeFromFields<Fields>, Refs, Prepared>) => Granted)
  /** The types of its targets, whose field `viewerCan…` says whether the caller may call the mutation on them. */
  shownOn?: Shown[]
  /** Whether it touches passwords, keys or sessions; a limited key may not call it then. */
  touchesCredentials?: boolean | ((input: InputShapeFromFields<Fields>) => boolean)
  /** Whether it makes a way in that has no planned end, like a password; a key that ends may not call it then. */
  makesWayIn?: boolean | ((input: InputShapeFromFields<Fields>) => boolean)
  /** Whether a caller without a credential can call it. */
  isPublic?: boolean
  readOnlyMode?: ReadOnlyMode
  /** Whether it could take away the last administrator. */
  endangersAdministration?: boolean
}

/** The steps of the mutation, in the order above. */
interface Steps<Fields extends InputFieldMap, Refs, Values extends Json, Prepared> {
  /** Returns the problems of the input by itself. It does not use the database, because it runs before the decision. */
  check?: (input: InputShapeFromFields<Fields>, config: Config) => Issue[]
  /** Does slow work before the transaction, and work that must survive its rollback. Nothing is decided yet, so it may not write anything. */
  prepare?: (ctx: Context, input: InputShapeFromFields<Fields>, dryRun: boolean) => Promise<Prepared>
  /** Finds the rows that the input names, which are then locked. @throws NotFoundError */
  find(finder: Finder, input: InputShapeFromFields<Fields>): Finding<Refs>
  run: (operation: Operation<InputShapeFromFields<Fields>, Refs, Prepared>) => Promise<Outcome<Values>>
}

/** The mutations that callers can ask about before they call them, by name, with their plan and their input. */
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
    makesWayIn: false,
    endangersAdministration: false,
    isPublic: false,
    readOnlyMode: 'REFUSED',
    longTexts: [],
    makes: false,
    secrets: new Set(),
    prepare: async () => undefined as Prepared,
    ...given,
    may: given.may(rulesFor<Refs>()),
  }
  for (const shown of given.shownOn ?? []) showOn(plan, shown)
  const base = given.name.charAt(0).toUpperCase() + given.name.slice(1)
  const codes = errorCodes(given)
  const payload = definePayload(`${base}Payload`, given, plan.secrets)
  const result = builder.unionType(`${base}Result`, {
    description: `The answer of \`${given.name}\`: its payload, or an error that changed nothing.`,
    types: [payload, ...codes.map((code) => errorTypes[code])],
    resolveType: (value: Payload | ErrorData) => ('typeName' in value ? value.typeName : `${base}Payload`),
  } as never)
  const input =
    given.input &&
    builder.inputType(`${base}Input`, {
      description: `The input of \`${given.name}\`.`,
      fields: (t) =>
        ({ ...given.input?.(t), ...(plan.makes && { idempotencyKey: t.string(IDEMPOTENCY_KEY) }) }) as Fields,
    })
  if (input && given.hasDryRun !== false)
    askableMutations.set(given.name, { plan: plan as never, input: input as never })

  builder.mutationField(given.name, (t) =>
    t.field({
      type: result as never,
      nullable: true,
      description: describe(given.description, plan.may, codes),
      args: {
        ...(input && { input: t.arg({ type: input, required: true, description: 'The values for the mutation.' }) }),
        ...(given.hasDryRun !== false && { dryRun: t.arg.boolean(DRY_RUN) }),
      },
      authScopes: plan.isPublic ? { anyone: true } : scopesOf(plan.may),
      extensions: {
        mutation: {
          grants: given.grants !== 'nothing',
          touchesCredentials: plan.touchesCredentials,
          makesWayIn: plan.makesWayIn,
        },
      },
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

const IDEMPOTENCY_KEY = {
  description:
    'A text of the client’s choice, like a UUID. A repetition with the same key and input within 24 hours makes nothing again: it answers what was made, without secrets. With another input it is a `ConflictError`. The key is the caller’s own.',
}

const DRY_RUN = {
  required: true,
  defaultValue: false,
  description: 'If true, it runs completely but saves nothing: it answers as it would have answered, without secrets.',
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
    refuseBadInput(plan, check, ctx, input)
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
    noteRefusal(plan.name, ctx, { input, isDryRun: dryRun }, thrown)
    return answerError(thrown, ctx, info)
  }
}

/** Checks the input by itself. @throws InvalidInputError with all of its problems */
function refuseBadInput<Input>(
  { longTexts, makes }: { longTexts: string[]; makes: boolean },
  check: ((input: Input, config: Config) => Issue[]) | undefined,
  { inputIssues, services }: Context,
  input: Input,
) {
  const unreadable = [...inputIssues, ...textProblems(input, longTexts)]
  const ownIssues = () => [...(check?.(input, services.config) ?? []), ...(makes ? keyIssues(input as object) : [])]
  const issues = unreadable.length > 0 ? unreadable : ownIssues()
  if (issues.length > 0) throw new InvalidInputError(issues)
}

function keyIssues(input: { idempotencyKey?: string | null }): Issue[] {
  return idempotencyKeyIssues(input.idempotencyKey)
}
