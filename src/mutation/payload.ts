/** The payload that a mutation answers with on success: its values, and objects read after the change. */
import type { SchemaTypes as AnyTypes, FieldRef } from '@pothos/core'
import { type GraphQLObjectType, type GraphQLResolveInfo, isNonNullType } from 'graphql'
import { plain } from '../graphql/builder.ts'
import { selectedFields } from '../read/collect.ts'
import type { FieldBuilder, ReadType } from '../read/declarations.ts'
import { type Compiled, loadOne, type Reading } from '../read/run.ts'
import { AccessDiffType } from './access-diff-type.ts'

type Json = Record<string, unknown>

/** The values of a payload, and its objects as the document selects them, by response name. */
export interface Payload {
  values: Json
  loaded: Map<string, Compiled<string> | null>
}

/** The functions with which the fields of a payload are declared. */
export interface PayloadFields {
  /** Declares an object by its id; it is read after the change, as the caller sees it. */
  loaded(type: ReadType<string, string>, description: string): FieldRef<AnyTypes>
  /** Declares an object that may be null, because there is none or because the change may hide it from the caller. */
  loadedIfAny(type: ReadType<string, string>, description: string): FieldRef<AnyTypes>
  string(description: string): FieldRef<AnyTypes>
  /** Declares a secret, which a dry run does not make. */
  secret(description: string): FieldRef<AnyTypes>
  boolean(description: string): FieldRef<AnyTypes>
  /** Declares a value of another type, as the operation returns it. */
  value(type: unknown, description: string): FieldRef<AnyTypes>
  /** Declares a value of another type that may be null. */
  valueIfAny(type: unknown, description: string): FieldRef<AnyTypes>
}

/** Declares the type of a mutation's payload. The names of its secrets are added to `secrets`. */
export function definePayload(
  typeName: string,
  given: {
    name: string
    isPublic?: boolean
    hasDryRun?: boolean
    payload: (p: PayloadFields) => Record<string, FieldRef<AnyTypes>>
  },
  secrets: Set<string>,
) {
  const ref = plain.objectRef<Payload>(typeName)
  const secretFields = new Set<FieldRef<AnyTypes>>()
  plain.objectType(ref, {
    description: `The result of a successful \`${given.name}\`.`,
    authScopes: given.isPublic ? { anyone: true } : { signedIn: true },
    fields: (t) => {
      const diff = given.hasDryRun !== false && { accessDiff: accessDiffField(t) }
      const fields = given.payload(payloadFields(t, (field) => secretFields.add(field)))
      for (const [name, field] of Object.entries(fields)) if (secretFields.has(field)) secrets.add(name)
      return { ...fields, ...diff }
    },
  })
  return ref
}

function payloadFields(t: FieldBuilder, noteSecret: (field: FieldRef<AnyTypes>) => void): PayloadFields {
  const valueField = (type: unknown, nullable: boolean, description: string) =>
    t.field({ type, nullable, description, resolve: pickValue })
  return {
    loaded: (type, description) => loadedField(t, type, description, false),
    loadedIfAny: (type, description) => loadedField(t, type, description, true),
    value: (type, description) => valueField(type, false, description),
    valueIfAny: (type, description) => valueField(type, true, description),
    secret(description) {
      const field = valueField('String', true, description)
      noteSecret(field)
      return field
    },
    string: (description) => valueField('String', false, description),
    boolean: (description) => valueField('Boolean', false, description),
  }
}

function loadedField(t: FieldBuilder, type: ReadType<string, string>, description: string, nullable: boolean) {
  const resolve = (payload: Payload, _args: unknown, _ctx: unknown, info: GraphQLResolveInfo) =>
    payload.loaded.get(String(info.path.key)) ?? null
  return t.field({ type: type.ref, nullable, description, extensions: { loads: type.name }, resolve })
}

/** Declares the field in which a dry run describes its effect on access. */
function accessDiffField(t: FieldBuilder) {
  return t.field({
    type: AccessDiffType,
    nullable: true,
    description: 'The permissions and levels that users would gain or lose; null where it is not a dry run.',
    resolve: pickValue,
  })
}

function pickValue(payload: Payload, _args: unknown, _ctx: unknown, info: GraphQLResolveInfo): unknown {
  return payload.values[info.fieldName] ?? null
}

/** Something in the payload that must not be null is hidden from the caller, or no longer exists. */
export class HiddenPayloadError extends Error {
  override name = 'HiddenPayloadError'
}

/** Reads the payload's objects while the transaction is open: those of a dry run no longer exist afterwards. */
export async function readPayload(
  type: GraphQLObjectType,
  values: Json,
  reading: Reading,
  info: GraphQLResolveInfo,
): Promise<Payload> {
  const loaded: Payload['loaded'] = new Map()
  for (const [responseName, fieldNodes] of selectedFields(type, info)) {
    const name = fieldNodes[0]?.name.value ?? ''
    const field = type.getFields()[name]
    const target = field?.extensions.loads as string | undefined
    if (!field || !target) continue
    const id = values[name]
    const object =
      typeof id === 'string'
        ? await loadOne(reading, info.schema.getType(target) as GraphQLObjectType, id, { ...info, fieldNodes })
        : null
    // Told now, nothing is kept: after the commit it would be an error about a change that was made.
    if (object === null && isNonNullType(field.type))
      throw new HiddenPayloadError(`${type.name}.${name} is hidden from the caller.`)
    loaded.set(responseName, object)
  }
  return { values, loaded }
}
