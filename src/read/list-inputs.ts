import type { InputFieldMap } from '@pothos/core'
import type { Builder, FieldBuilder, Filter, TypeOption } from './declarations.ts'

const PAST = 'The list is read as it was at this time, at least 10 seconds ago; without it, as it is now.'

export type ListInputs = ReturnType<typeof createListInputs>

/** Creates the inputs of lists: order enums, filter inputs, and the arguments that every connection takes. */
export function createListInputs(builder: Builder, dateTime: TypeOption) {
  const direction = builder.enumType('OrderDirection', {
    description: 'The direction in which a list is ordered.',
    values: {
      ASC: { value: 'asc', description: 'The smallest, first or oldest item comes first.' },
      DESC: { value: 'desc', description: 'The largest, last or newest item comes first.' },
    },
  })
  const orders = new Map<string, TypeOption>()
  const filters = new Map<string, TypeOption>()

  /** Defines the inputs of one connection. @param orderTexts the description of each order */
  function define(name: string, orderTexts: Record<string, string>, filterFields: Record<string, Filter>) {
    if (Object.keys(orderTexts).length > 1) defineOrder(name, orderTexts)
    if (Object.keys(filterFields).length > 0) defineFilter(name, filterFields)
  }

  function defineOrder(name: string, orderTexts: Record<string, string>) {
    const field = builder.enumType(`${name}OrderField`, {
      description: `The fields that a \`${name}Connection\` can be ordered by.`,
      values: Object.fromEntries(
        Object.entries(orderTexts).map(([order, description]) => [order, { value: order, description }]),
      ),
    })
    const order = builder.inputType(`${name}Order`, {
      description: `The order of a \`${name}Connection\`.`,
      fields: (t) => ({
        field: t.field({ type: field, required: true, description: 'The field to order by.' }),
        direction: t.field({
          type: direction,
          required: true,
          defaultValue: 'asc',
          description: 'Whether the list is ascending or descending.',
        }),
      }),
    })
    orders.set(name, order)
  }

  function defineFilter(name: string, filterFields: Record<string, Filter>) {
    const filter = builder.inputType(`${name}Filter`, {
      description: `A filter on a \`${name}Connection\`: it contains only items that fit every key given.`,
      fields: (t) =>
        Object.fromEntries(
          Object.entries(filterFields).map(([key, { type, description }]) => [
            key,
            t.field({ type, required: false, description }),
          ]),
        ),
    })
    filters.set(name, filter)
  }

  function args(t: FieldBuilder, { name, hasPast }: { name: string; hasPast: boolean }): InputFieldMap {
    const filter = filters.get(name)
    const order = orders.get(name)
    return {
      first: t.arg.int({ description: 'How many items from the beginning: 1 to 100, 20 where neither is given.' }),
      after: t.arg.string({ description: 'Only items after this cursor. An empty text counts as none.' }),
      last: t.arg.int({ description: 'How many items from the end: 1 to 100.' }),
      before: t.arg.string({ description: 'Only items before this cursor. An empty text counts as none.' }),
      ...(order ? { orderBy: t.arg({ type: order, description: 'How the list is ordered.' }) } : {}),
      ...(filter ? { filter: t.arg({ type: filter, description: 'Which items are wanted.' }) } : {}),
      ...(hasPast ? { at: t.arg({ type: dateTime, description: PAST }) } : {}),
    }
  }

  return { define, args }
}
