import type { InputFieldMap } from '@pothos/core'
import type { Builder, FieldBuilder, Filter, TypeOption } from './declarations.ts'

const PAST = 'As it was at this time, at least 10 seconds ago; as it is now by default.'

export type ListInputs = ReturnType<typeof createListInputs>

/** The inputs of lists: order enums, filter inputs, and the arguments every connection takes. */
export function createListInputs(builder: Builder, dateTime: TypeOption) {
  const direction = builder.enumType('OrderDirection', {
    description: 'Which way a list is ordered.',
    values: {
      ASC: { value: 'asc', description: 'Smallest, first or oldest first.' },
      DESC: { value: 'desc', description: 'Largest, last or newest first.' },
    },
  })
  const orders = new Map<string, TypeOption>()
  const filters = new Map<string, TypeOption>()

  /** @param orderTexts each order with what it means, for people */
  function define(name: string, orderTexts: Record<string, string>, filterFields: Record<string, Filter>) {
    const field = builder.enumType(`${name}OrderField`, {
      description: `What a \`${name}Connection\` can be ordered by.`,
      values: Object.fromEntries(
        Object.entries(orderTexts).map(([order, description]) => [order, { value: order, description }]),
      ),
    })
    const order = builder.inputType(`${name}Order`, {
      description: `How a \`${name}Connection\` is ordered.`,
      fields: (t) => ({
        field: t.field({ type: field, required: true, description: 'What to order by.' }),
        direction: t.field({
          type: direction,
          required: true,
          defaultValue: 'asc',
          description: 'Which way.',
        } as never),
      }),
    })
    orders.set(name, order as unknown as TypeOption)
    if (Object.keys(filterFields).length === 0) return
    const filter = builder.inputType(`${name}Filter`, {
      description: `Which items of a \`${name}Connection\` are wanted: those that fit every key given.`,
      fields: (t) =>
        Object.fromEntries(
          Object.entries(filterFields).map(([key, { type, description }]) => [
            key,
            t.field({ type: type as never, required: false, description }),
          ]),
        ),
    })
    filters.set(name, filter as unknown as TypeOption)
  }

  function args(t: FieldBuilder, { name, hasPast }: { name: string; hasPast: boolean }): InputFieldMap {
    const filter = filters.get(name)
    const order = [orders.get(name)]
    return {
      first: t.arg.int({ description: 'How many items from the beginning: 1 to 100, 20 where neither is given.' }),
      after: t.arg.string({ description: 'Only items after this cursor.' }),
      last: t.arg.int({ description: 'How many items from the end: 1 to 100.' }),
      before: t.arg.string({ description: 'Only items before this cursor.' }),
      orderBy: t.arg({ type: order as never, description: 'The order: one entry.' }),
      ...(filter ? { filter: t.arg({ type: filter as never, description: 'Which items are wanted.' }) } : {}),
      ...(hasPast ? { at: t.arg({ type: dateTime as never, description: PAST }) } : {}),
    } as InputFieldMap
  }

  return { define, args }
}
