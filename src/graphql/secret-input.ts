import type { builder } from './builder.ts'

type Types = typeof builder.$inferSchemaTypes
type InputBuilder = PothosSchemaTypes.InputFieldBuilder<Types, 'InputObject'>

/** Declares a text that is never shown, logged or audited. The command line asks for it and does not accept it as a flag. */
export function secretText<Required extends boolean>(
  t: InputBuilder,
  { required, description }: { required: Required; description: string },
) {
  return t.string({ required, description, extensions: { isSecret: true } })
}
