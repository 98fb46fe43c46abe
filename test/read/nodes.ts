/** `node` and `nodes`: ordinary resolvers that load by key, as the application's. */

import type { SchemaTypes } from '@pothos/core'
import type { GraphQLObjectType, GraphQLResolveInfo } from 'graphql'
import { type Compiled, loadOne, loadSeveral } from '../../src/read/run.ts'
import { type Context, node } from './builder.ts'

/** `types` names the type of each prefix of an id. */
export function declareNodes(builder: PothosSchemaTypes.SchemaBuilder<SchemaTypes>, types: Record<string, string>) {
  const typeOf = (id: string, info: GraphQLResolveInfo) =>
    info.schema.getType(types[id.slice(0, id.indexOf('_'))] ?? '') as GraphQLObjectType | undefined

  async function resolveNodes(_root: unknown, { ids }: { ids: string[] }, ctx: Context, info: GraphQLResolveInfo) {
    const found: (Compiled<string> | null)[] = ids.map(() => null)
    for (const type of new Set(ids.map((id) => typeOf(id, info)))) {
      if (!type) continue
      const places = ids.flatMap((id, place) => (typeOf(id, info) === type ? [place] : []))
      const keys = places.map((place) => keyOf(ids[place] ?? ''))
      const objects = await loadSeveral(ctx.reading, type, keys, info)
      for (const [i, place] of places.entries()) found[place] = objects[i] ?? null
    }
    return found
  }

  function resolveNode(_root: unknown, { id }: { id: string }, ctx: Context, info: GraphQLResolveInfo) {
    const type = typeOf(id, info)
    return type ? loadOne(ctx.reading, type, keyOf(id), info) : null
  }

  builder.queryFields((t) => ({
    node: t.field({ type: node, args: { id: t.arg.id({ required: true }) }, resolve: resolveNode } as never),
    nodes: t.field({
      type: [node],
      nullable: { list: true, items: true },
      args: { ids: t.arg.idList({ required: true }) },
      resolve: resolveNodes,
    } as never),
  }))
}

function keyOf(id: string) {
  return id.slice(id.indexOf('_') + 1)
}
