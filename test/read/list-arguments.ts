/** Random arguments of a connection: page, cursors taken from the data, order and filter; as literal, variable or null. */
import { data } from './data.ts'
import { cursorOf, type ListName, type Ordering, orderings } from './oracle-lists.ts'
import type { Random } from './random.ts'
import type { Variables } from './variables.ts'

interface Order {
  field: string
  direction: 'ASC' | 'DESC'
}
type Row = { id: string }

const rows: Record<ListName, Row[]> = {
  Person: data.people,
  Team: data.teams,
  Task: data.tasks,
  Membership: data.members,
  TeamMember: data.members,
  PersonTeam: data.members,
}

export function listArguments(random: Random, variables: Variables, list: ListName): string {
  const ordering = orderings[list] as Ordering<never> as Ordering<Row>
  const [orderText, orderIn] = orderArgument(random, variables, list, ordering)
  const args = [...pageSizes(random, variables), orderText]
  for (const name of random.some(['after', 'before'], 0, random.chance(0.2) ? 2 : 1)) {
    args.push(`${name}: ${cursor(random, variables, list, ordering, orderIn)}`)
  }
  if (list === 'Task' && random.chance(0.35)) args.push(`filter: ${taskFilter(random, variables)}`)
  if (list === 'Person' && random.chance(0.35)) args.push(`filter: ${personFilter(random, variables)}`)
  const given = args.filter((arg) => arg !== '')
  return given.length === 0 ? '' : `(${given.join(', ')})`
}

function size(random: Random): number {
  if (random.chance(0.004)) return random.pick([0, -1, 101])
  return random.chance(0.05) ? random.pick([20, 50, 51, 100]) : 1 + random.int(6)
}

function pageSizes(random: Random, variables: Variables): string[] {
  const one = (name: string, nullable: boolean) => {
    if (nullable && random.chance(0.5)) return `${name}: null`
    if (random.chance(0.5)) return `${name}: ${size(random)}`
    const kind = nullable ? 'maybe' : 'size'
    return `${name}: ${variables.use(kind, 'Int', (r) => (r.chance(0.05) ? r.pick([null, undefined]) : size(r)))}`
  }
  if (random.chance(0.02)) return [one('first', false), one('last', true)]
  if (random.chance(0.05)) return []
  const [name, other] = random.chance(0.7) ? ['first', 'last'] : ['last', 'first']
  return random.chance(0.1) ? [one(name, false), `${other}: null`] : [one(name, false)]
}

/** The argument's text, and the order it means in a run. */
function orderArgument(random: Random, variables: Variables, list: ListName, ordering: Ordering<Row>) {
  const usual: Order = { field: ordering.by, direction: ordering.direction }
  const make = (r: Random): Order => ({
    field: r.pick(Object.keys(ordering.orders)),
    direction: r.pick(['ASC', 'DESC'] as const),
  })
  const always = (order: Order) => () => order
  const dice = random.int(10)
  if (dice < 4) return ['', always(usual)] as const
  if (dice < 7) {
    const { field, direction } = make(random)
    const text = direction === 'ASC' ? `{field: ${field}}` : `{field: ${field}, direction: ${direction}}`
    return [`orderBy: ${text}`, always({ field, direction })] as const
  }
  if (dice < 8) return ['orderBy: null', always(usual)] as const
  const name = variables.declare('order', `${list}Order`, (r) => (r.chance(0.2) ? r.pick([null, undefined]) : make(r)))
  const inRun = (values: Record<string, unknown>) => (values[name.slice(1)] as Order | null | undefined) ?? usual
  return [`orderBy: ${name}`, inRun] as const
}

function cursor(
  random: Random,
  variables: Variables,
  list: ListName,
  ordering: Ordering<Row>,
  orderIn: (values: Record<string, unknown>) => Order,
): string {
  const make = (r: Random, values: Record<string, unknown>) => {
    const wrong = { field: ordering.by, direction: ordering.direction }
    return cursorOf(ordering, r.chance(0.01) ? wrong : orderIn(values), r.pick(rows[list]))
  }
  if (random.chance(0.15)) return 'null'
  if (random.chance(0.4) && orderIn.length === 0) return `"${make(random, {})}"`
  return variables.declare('cursor', 'String', (r, values) =>
    r.chance(0.4) ? r.pick([null, undefined]) : make(r, values),
  )
}

const times = ['2026-01-10T00:00:00.123Z', '2026-01-11T01:00:00.000Z', '2026-02-10T00:00:00.500Z']

function text(random: Random, variables: Variables, kind: string, values: string[]): string {
  if (random.chance(0.1)) return 'null'
  if (random.chance(0.5)) return JSON.stringify(random.pick(values))
  return variables.use(kind, 'String', (r) => (r.chance(0.2) ? r.pick([null, undefined]) : r.pick(values)))
}

function nameFilter(random: Random, variables: Variables, kind: string, names: string[], starts: string[]): string {
  if (random.chance(0.2)) {
    return variables.use(`${kind}Filter`, 'NameFilter', (r) =>
      r.pick([
        null,
        undefined,
        {},
        { startsWith: r.pick(starts) },
        { in: r.some(names, 0, 9) },
        { equals: r.pick(names) },
      ]),
    )
  }
  const keys = random.some(['equals', 'in', 'startsWith'], 0, 2).map((key) => {
    if (key === 'in') return `in: ${JSON.stringify(random.some(names, 0, 9))}`
    const one = text(random, variables, `${kind}_${key}`, key === 'equals' ? names : starts)
    return `${key}: ${one}`
  })
  return `{${keys.join(', ')}}`
}

function personFilter(random: Random, variables: Variables): string {
  const names = data.people.flatMap(({ name }) => [name, name.toUpperCase()])
  return `{name: ${nameFilter(random, variables, 'person', names, ['A', 'ann', 'B', ''])}}`
}

function taskFilter(random: Random, variables: Variables): string {
  if (random.chance(0.15)) {
    return variables.use('filter', 'TaskFilter', (r) =>
      r.pick([
        null,
        undefined,
        {},
        { isReviewed: r.chance(0.5) },
        { state: 'OPEN', title: null },
        { title: { startsWith: 'd' } },
      ]),
    )
  }
  const keys = random.some(['title', 'createdAt', 'state', 'isReviewed', 'author'], 0, 2)
  return `{${keys.map((key) => `${key}: ${taskFilterValue(random, variables, key)}`).join(', ')}}`
}

function taskFilterValue(random: Random, variables: Variables, key: string): string {
  const variable = random.chance(0.4)
  const authors = data.people.map(({ id }) => `person_${id}`)
  if (random.chance(0.1)) return 'null'
  switch (key) {
    case 'title':
      return nameFilter(
        random,
        variables,
        'title',
        data.tasks.map(({ title }) => title),
        ['d', 'DO ', 're', 'undo 1'],
      )
    case 'createdAt': {
      const time = () =>
        variable ? variables.use('time', 'DateTime', (r) => r.pick([null, ...times])) : `"${random.pick(times)}"`
      return random.pick([`{from: ${time()}}`, `{to: ${time()}}`, `{from: ${time()}, to: ${time()}}`])
    }
    case 'state':
      return variable
        ? variables.use('state', 'State', (r) => r.pick([null, 'OPEN', 'DONE']))
        : random.pick(['OPEN', 'DONE', 'LOST'])
    case 'isReviewed':
      return variable
        ? variables.use('reviewed', 'Boolean', (r) => r.pick([null, undefined, true, false]))
        : random.pick(['true', 'false'])
    default:
      return variable ? variables.use('author', 'ID', (r) => r.pick([null, ...authors])) : `"${random.pick(authors)}"`
  }
}
