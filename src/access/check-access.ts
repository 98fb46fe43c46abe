import type { GraphQLObjectType, GraphQLResolveInfo } from 'graphql'
import { nameAlternatives } from '../authority/places.ts'
import { ForbiddenError } from '../errors.ts'
import { builder, forbidden } from '../graphql/builder.ts'
import type { Context } from '../graphql/context.ts'
import { refuseSpelledOut } from '../graphql/secret-argument.ts'
import { selectedFields } from '../read/collect.ts'
import { badUserInput } from '../read/errors.ts'
import { answerQuestions } from './answer.ts'
import { refuseBadInput } from './input.ts'
import { CheckAccessInput } from './questions.ts'
import type { Subject } from './subject.ts'
import { AccessAnswerType } from './types.ts'

builder.queryField('checkAccess', (t) =>
  t.field({
    type: [AccessAnswerType],
    nullable: { list: true, items: false },
    description:
      'May a user, a key, or the caller do these things? Answers in the order asked, decided by what also refuses. Null where the user or key is hidden or missing, or the key does not work. Who may: any caller about themselves; holders of `access.check` over the user’s organization about others.',
    authScopes: { signedIn: true },
    args: { input: t.arg({ type: CheckAccessInput, required: true, description: 'About whom, and what.' }) },
    async resolve(_root, { input }, ctx, info) {
      const { user = null, apiKey = null, at = null, questions } = input
      if (apiKey !== null) refuseSpelledOut(ctx, info, 'input', 'apiKey')
      const subject = subjectOf(ctx, user, apiKey)
      refuseBadInput(ctx, info, input)
      if (ctx.caller === null || subject === null) return null
      try {
        const wantsGrantors = asksForGrantors(info)
        return await answerQuestions(ctx, info.schema, { caller: ctx.caller, subject, questions, at, wantsGrantors })
      } catch (error) {
        if (!(error instanceof ForbiddenError)) throw error
        const { code, missing, target = null } = error
        ctx.refusals.push({ action: info.fieldName, code, missing, target })
        const needs = await nameAlternatives(ctx.services.database.db, ctx.caller, info.schema, error.needs)
        throw forbidden(info.fieldName, missing, needs)
      }
    },
  }),
)

/** Null for the operator, who is no user, about themselves. */
function subjectOf({ caller }: Context, user: string | null, apiKey: string | null): Subject | null {
  if (user !== null && apiKey !== null) throw badUserInput('"input" takes a "user" or an "apiKey", not both.')
  if (user !== null) return { username: user }
  if (apiKey !== null) return { apiKey }
  return caller?.userId ? { caller } : null
}

function asksForGrantors(info: GraphQLResolveInfo): boolean {
  const selected = selectedFields(info.schema.getType('AccessAnswer') as GraphQLObjectType, info)
  return [...selected.values()].some(([node]) => node?.name.value === 'grantors')
}
