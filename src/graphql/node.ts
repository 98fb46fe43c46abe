import type { GraphQLInterfaceType, GraphQLObjectType, GraphQLResolveInfo } from 'graphql'
import { badUserInput } from '../read/errors.ts'
import { type Compiled, loadOne, loadSeveral } from '../read/run.ts'
import { typeSpec } from '../read/spec.ts'
import { builder, Node } from './builder.ts'
import type { Context } from './context.ts'
import { parseId } from './node-id.ts'

const MAX_IDS = 100

builder.queryField('node', (t) =>
  t.field({
    type: Node,
    nullable: true,
    description: 'The object with this id; null where it is hidden from the caller or missing.',
    authScopes: { signedIn: true },
    args: { id: t.arg.id({ required: true, description: 'An id that the server returned.' }) },
    resolve: (_root, { id }, ctx, info) => {
      const { type, uuid } = readNodeId(id, 'id', info)
      return loadOne(ctx.reading, type, uuid, info)
    },
  }),
)

builder.queryField('nodes', (t) =>
  t.field({
    type: [Node],
    nullable: { list: true, items: true },
    description:
      'The objects with these ids, in the order of the ids; null in place of each that is hidden from the caller or missing.',
    authScopes: { signedIn: true },
    args: { ids: t.arg.idList({ required: true, description: 'At most 100 ids that the server returned.' }) },
    resolve: (_root, { ids }, ctx, info) => loadNodes(ids, ctx, info),
  }),
)

/** Loads objects with one statement for each type asked for. */
async function loadNodes(ids: string[], ctx: Context, info: GraphQLResolveInfo) {
  if (ids.length > MAX_IDS) throw badUserInput(`"ids" takes at most ${MAX_IDS} ids, not ${ids.length}.`)
  const wanted = ids.map((id, index) => readNodeId(id, `ids.${index}`, info))
  const types = [...new Set(wanted.map(({ type }) => type))]
  const objects: (Compiled<string> | null)[] = wanted.map(() => null)
  await Promise.all(
    types.map(async (type) => {
      const places = wanted.flatMap((one, index) => (one.type === type ? [index] : []))
      const uuids = places.map((place) => wanted[place]?.uuid ?? '')
      const loaded = await loadSeveral(ctx.reading, type, uuids, info)
      for (const [index, place] of places.entries()) objects[place] = loaded[index] ?? null
    }),
  )
  return objects
}

/** @throws BAD_USER_INPUT with a message that names the argument */
function readNodeId(id: string, argument: string, info: GraphQLResolveInfo): { type: GraphQLObjectType; uuid: string } {
  const parsed = parseId(id)
  const types = info.schema.getPossibleTypes(info.schema.getType('Node') as GraphQLInterfaceType)
  const type = parsed && types.find((candidate) => typeSpec(candidate).idPrefix === parsed.prefix)
  if (!type) throw badUserInput(`"${argument}" is not an id of this server: use one that it gave.`)
  return { type, uuid: parsed.uuid }
}
