/** What a mutation answers with where it did what it was asked: its values, and objects read after the change. */
import type { SchemaTypes as AnyTypes, FieldRef } from '@pothos/core'
import type { GraphQLObjectType, GraphQLResolveInfo } from 'graphql'
import { builder } from '../graphql/builder.ts'
import { selectedFields } from '../read/collect.ts'
import type { ReadType } from '../read/declarations.ts'
import { type Compiled, loadOne, type Reading } from '../read/run.ts'
import { AccessDiffType } from './access-diff-type.ts'

type Json = Record<string, unknown>

/** The payload's values, and its objects as the document selects them, by response name. */
export interface Payload {
  values: Json
  loaded: Map<string, Compiled<string> | null>
}

/** How a payload's fields are declared. */
export interface PayloadFields {
  /** An object by its id: read after the change, as the caller sees it. */
  loaded(type: ReadType<string, string>, description: string): FieldRef<AnyTypes>
  string(description: string): FieldRef<AnyTypes>
  boolean(description: string): FieldRef<AnyTypes>
  /** A value of another type, as the operation gives it. */
  value(type: unknown, description: string): FieldRef<AnyTypes>
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
    description: `What \`${given.name}\` did.`,
    authScopes: given.isPublic ? { anyone: true } : { signedIn: true },
    fields: (t) =>
      ({
        ...(given.payload({
          loaded: (type, description) =>
            t.field({
              type: type.ref as never,
              nullable: true,
              description,
              extensions: { loads: type.name },
              resolve: ((payload: Payload, _args: unknown, _ctx: unknown, info: GraphQLResolveInfo) =>
                payload.loaded.get(String(info.path.key)) ?? null) as never,
            }) as never,
          value: (type, description) =>
            t.field({ type: type as never, nullable: false, description, resolve: pickValue as never }) as never,
          string: (description) => t.string({ nullable: true, description, resolve: pickValue as never }) as never,
          boolean: (description) => t.boolean({ nullable: false, description, resolve: pickValue as never }) as never,
        }) as object),
        ...(given.hasDryRun !== false && { accessDiff: accessDiffField(t as never) }),
      }) as never,
  })
}

/** What a dry run tells beside what the mutation answers. */
function accessDiffField(t: { field(options: object): unknown }) {
  return t.field({
    type: AccessDiffType,
    nullable: true,
    description: 'Of a dry run: who would gain or lose what; null otherwise.',
    resolve: pickValue,
  })
}

function pickValue(payload: Payload, _args: unknown, _ctx: unknown, info: GraphQLResolveInfo): unknown {
  return payload.values[info.fieldName] ?? null
}

/** Reads the payload's objects while the transaction is open: a dry run's are gone afterwards. */
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
