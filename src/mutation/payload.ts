/** The payload that a mutation answers with on success: its values, and objects read after the change. */
import type { SchemaTypes as AnyTypes, FieldRef } from '@pothos/core'
import type { GraphQLObjectType, GraphQLResolveInfo } from 'graphql'
import { builder } from '../graphql/builder.ts'
import { selectedFields } from '../read/collect.ts'
import type { ReadType } from '../read/declarations.ts'
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

/** Declares the type of a mutation's payload. */
export function definePayload(
  typeName: string,
  given: {
    name: string
    isPublic?: boolean
    hasDryRun?: boolean
    payload: (p: PayloadFields) => Record<string, FieldRef<AnyTypes>>
  },
) {
  return builder.objectRef<Payload>(typeName).implement({
    description: `The result of a successful \`${given.name}\`.`,
    authScopes: given.isPublic ? { anyone: true } : { signedIn: true },
    fields: (t) =>
      ({
        ...(given.payload({
          loaded: (type, description) => loadedField(t as never, type, description, false),
          loadedIfAny: (type, description) => loadedField(t as never, type, description, true),
          value: (type, description) =>
            t.field({ type: type as never, nullable: false, description, resolve: pickValue as never }) as never,
          valueIfAny: (type, description) =>
            t.field({ type: type as never, nullable: true, description, resolve: pickValue as never }) as never,
          secret: (description) => t.string({ nullable: true, description, resolve: pickValue as never }) as never,
          string: (description) => t.string({ nullable: false, description, resolve: pickValue as never }) as never,
          boolean: (description) => t.boolean({ nullable: false, description, resolve: pickValue as never }) as never,
        }) as object),
        ...(given.hasDryRun !== false && { accessDiff: accessDiffField(t as never) }),
      }) as never,
  })
}

function loadedField(
  t: { field(options: object): FieldRef<AnyTypes> },
  type: ReadType<string, string>,
  description: string,
  nullable: boolean,
) {
  const resolve = (payload: Payload, _args: unknown, _ctx: unknown, info: GraphQLResolveInfo) =>
    payload.loaded.get(String(info.path.key)) ?? null
  return t.field({ type: type.ref, nullable, description, extensions: { loads: type.name }, resolve })
}

/** Declares the field in which a dry run describes its effect on access. */
function accessDiffField(t: { field(options: object): unknown }) {
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
    const target = type.getFields()[name]?.extensions.loads as string | undefined
    if (!target) continue
    const id = values[name]
    const object =
      typeof id === 'string'
        ? await loadOne(reading, info.schema.getType(target) as GraphQLObjectType, id, { ...info, fieldNodes })
        : null
    loaded.set(responseName, object)
  }
  return { values, loaded }
}
