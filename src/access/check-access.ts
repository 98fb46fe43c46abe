import type { GraphQLObjectType, GraphQLResolveInfo } from 'graphql'
import { nameAlternatives } from '../authority/places.ts'
import { ForbiddenError } from '../errors.ts'
import { builder } from '../graphql/builder.ts'
import { forbidden } from '../graphql/refusals.ts'
import { refuseSpelledOut } from '../graphql/secret-argument.ts'
import { selectedFields } from '../read/collect.ts'
import { answerQuestions } from './answer.ts'
import { answerChecks } from './final-check.ts'
import { refuseBadInput } from './input.ts'
import { CheckAccessInput } from './questions.ts'
import type { Depth } from './statement.ts'
import { subjectAsked } from './subject.ts'
import { AccessAnswerType } from './types.ts'

builder.queryField('checkAccess', (t) =>
  t.field({
    type: [AccessAnswerType],
    nullable: { list: true, items: false },
    description:
      'Checks whether a user, an API key, or the caller may do the things asked about. The answers are in the order of the questions and are decided by the same rules that refuse requests. Null where the user or key is hidden or missing, or the key is not valid. Who may: any caller about themselves; holders of `access.check` over the user’s organization about others.',
    authScopes: { signedIn: true },
    extensions: { answersFinally: answerChecks },
    args: { input: t.arg({ type: CheckAccessInput, required: true, description: 'The subject and the questions.' }) },
    async resolve(_root, { input }, ctx, info) {
      const { user = null, apiKey = null, at = null, questions } = input
      if (apiKey !== null) refuseSpelledOut(ctx, info, 'input', 'apiKey')
      const subject = subjectAsked(ctx.caller, user, apiKey)
      refuseBadInput(ctx, info, input)
      if (ctx.caller === null || subject === null) return null
      try {
        const depth = depthOf(info)
        return await answerQuestions(ctx, info.schema, { caller: ctx.caller, subject, questions, at, depth })
      } catch (error) {
        if (!(error instanceof ForbiddenError)) throw error
        const { code, missing, summary, target = null } = error
        ctx.refusals.push({ action: info.fieldName, code, missing: summary, target })
        throw forbidden(
          info.fieldName,
          await nameAlternatives(ctx.services.database.db, ctx.caller, info.schema, missing),
        )
      }
    },
  }),
)

/** How much of the answers is selected. */
function depthOf(info: GraphQLResolveInfo): Depth {
  const selected = selectedFields(info.schema.getType('AccessAnswer') as GraphQLObjectType, info)
  const names = new Set([...selected.values()].map(([node]) => node?.name.value))
  if (names.has('grantors')) return 'GRANTORS'
  return names.has('ways') ? 'WAYS' : 'CODE'
}
