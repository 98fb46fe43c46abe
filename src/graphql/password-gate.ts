/** The gate before all root fields for a caller who came in by a password that they must change first. */
import { defaultFieldResolver, type GraphQLField, type GraphQLSchema } from 'graphql'
import type { Context } from './context.ts'
import { namedIn } from './references.ts'
import { passwordChangeRequired } from './refusals.ts'

/** The root fields behind which there is no gate. `signIn` is one of them because it needs no caller, and clients send their last token with it. */
const OPEN: ReadonlySet<string> = new Set(['changePassword', 'signIn', 'signOut', 'viewer'])

/** Whether the gate lets callers through to this root field before they have changed their password. */
export function isOpenBeforePasswordChange(fieldName: string): boolean {
  return OPEN.has(fieldName)
}

/** Puts the gate before every root field of a finished schema. No field can forget it, because a field does not declare it. */
export function guardRootFields(schema: GraphQLSchema): GraphQLSchema {
  for (const type of [schema.getQueryType(), schema.getMutationType()])
    for (const field of Object.values(type?.getFields() ?? {}))
      if (!isOpenBeforePasswordChange(field.name)) guardField(field)
  return schema
}

function guardField(field: GraphQLField<unknown, Context>) {
  const { name, resolve = defaultFieldResolver } = field
  field.resolve = (root, args, ctx, info) => {
    if (!ctx.caller?.mustChangePassword) return resolve(root, args, ctx, info)
    const refusal = passwordChangeRequired()
    const code = String(refusal.extensions.code)
    ctx.refusals.push({ action: name, code, target: null, named: namedIn(args.input), isDryRun: args.dryRun === true })
    throw refusal
  }
}
