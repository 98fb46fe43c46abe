/** Documents that random ones seldom come to, each with the variables to run it with; compared with the oracle as those. */
import { parse } from 'graphql'
import type { Database } from '../../src/db/database.ts'
import { admin, alice, bob, carol, nobody, root } from './callers.ts'
import { data } from './data.ts'
import { cursorOf, orderings } from './oracle-lists.ts'
import { compareOne } from './property.ts'

export interface Directed {
  name: string
  source: string
  variables?: Record<string, unknown>[]
}

const aliases = (count: number, field: string) => Array.from({ length: count }, (_, n) => `x${n}: ${field}`).join(' ')
const upTo = (last: number) => Array.from({ length: last }, (_, n) => n + 1)
/** What is selected grows, then shrinks, so that no plan is made for all of it at first. */
const flags = [false, true, false].flatMap((b) => [true, false].map((a) => ({ a, b })))
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const [task] = data.tasks
const taskId = task?.id ?? ''
const titleCursor = cursorOf(orderings.Task, { field: 'TITLE', direction: 'ASC' }, task as never)
const descendingCursor = cursorOf(orderings.Task, { field: 'TITLE', direction: 'DESC' }, task as never)
const createdCursor = cursorOf(orderings.Task, { field: 'CREATED', direction: 'ASC' }, task as never)

const malformed = [
  '',
  'x',
  '####',
  encode([]),
  encode({}),
  encode('TITLE asc'),
  encode(['TITLE asc']),
  encode(['TITLE asc', 'a']),
  encode(['TITLE asc', 'a', 'not-a-uuid']),
  encode(['TITLE asc', 'a', taskId.toUpperCase()]),
  encode(['TITLE asc', 'a\0', taskId]),
  encode(['TITLE asc', 1, taskId]),
  encode(['TITLE asc', 'a', taskId, 'more']),
]

const wide: Directed[] = [
  {
    name: 'more fields in one object than json_build_object takes',
    source: `{ person(name: "ann-1") { ${aliases(121, 'name')} email ${aliases(0, '')} } tasks { edges { ${aliases(60, 'cursor')} node { id } } } }`,
  },
  {
    name: 'more parts of a connection and of its pageInfo than json_build_object takes',
    source: `{ tasks(first: 2) { ${aliases(55, 'totalCount')} pageInfo { ${aliases(101, 'endCursor')} hasNextPage } nodes { id } } }`,
  },
  {
    name: 'every leaf and guard of a type beside fifty others',
    source: `{ people { nodes { ${aliases(49, 'isMe')} email seenLabel logins seenAt nickname mentor { name } } } }`,
  },
]

const merging: Directed[] = [
  {
    name: 'root fields merged under skip and include',
    source: `query ($a: Boolean!, $b: Boolean!) {
      p: people(first: 3) @skip(if: $a) { totalCount nodes { name } }
      p: people(first: 3) @include(if: $b) { nodes { id email } pageInfo { endCursor } }
      ...F
    }
    fragment F on Query { p: people(first: 3) { nodes { kind } } q: me @skip(if: $b) { name } q: me { boss { name } } }`,
    variables: flags,
  },
  {
    name: 'one loaded field, merged with others in one place and alone in another',
    source: `{
      x: teams { nodes { bigTasks { ...F } } }
      y: teams { nodes { bigTasks { ...F loadedReviewer { name boss { id } } } } }
      z: teams { nodes { bigTasks { loadedReviewer { kind } ...F } } }
    }
    fragment F on Task { loadedReviewer { id } loadedTeam { name members(first: 2) { totalCount nodes { name } } } }`,
  },
  {
    name: 'one fragment at several depths and under several types',
    source: `query ($n: Int, $if: Boolean!) {
      nodes(ids: ["task_${taskId}", "person_${data.people[1]?.id}", "team_${data.teams[0]?.id}", "task_${taskId}"]) {
        ... on Task { ...T } ... on Team { tasks(first: $n) { nodes { ...T } } } ... on Person { tasks(last: $n) { nodes { ...T } } }
      }
      tasks(first: $n) { nodes { ...T parent { ...T } } }
    }
    fragment T on Task { typeLabel id @include(if: $if) subtasks(first: $n) { totalCount nodes { title typeLabel loadedTeam { name } } } }`,
    variables: [{ n: 2, if: true }, { n: 3, if: false }, { if: true }, { n: 0, if: true }],
  },
]

const paging: Directed[] = [
  {
    name: 'every page size by one variable, shared by several connections',
    source: `query ($n: Int) {
      tasks(first: $n) { nodes { id subtasks(last: $n) { nodes { id } pageInfo { hasPreviousPage } } } pageInfo { hasNextPage endCursor } }
      teams(last: $n) { nodes { name } pageInfo { hasPreviousPage startCursor } }
    }`,
    variables: [...upTo(100).map((n) => ({ n })), {}, { n: null }, { n: 0 }, { n: -1 }, { n: 101 }, { n: 5 }],
  },
  {
    name: 'a bad page size where nothing is selected is nothing',
    source: `query ($n: Int, $if: Boolean!) { me { name tasks(first: $n) @include(if: $if) { totalCount } } }`,
    variables: [
      { n: 5, if: true },
      { n: 0, if: false },
      { n: 0, if: true },
      { n: 500, if: false },
      { n: 1, if: false },
    ],
  },
  ...['0', '-1', '101'].flatMap((size) => [
    { name: `first: ${size}`, source: `{ tasks(first: ${size}) { totalCount } me { name } }` },
    { name: `last: ${size}`, source: `{ me { tasks(last: ${size}) { pageInfo { hasNextPage } } } }` },
  ]),
  {
    name: 'first and last',
    source: '{ tasks(first: 1, last: 1) { nodes { id } } me { staff(last: 2, first: 3) { totalCount } } }',
  },
  {
    name: 'first and last, one of them null',
    source:
      'query ($f: Int, $l: Int) { tasks(first: $f, last: $l) { nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }',
    variables: [{ f: 2, l: null }, { f: null, l: 2 }, {}, { f: 1, l: 1 }, { l: 3 }, { f: null, l: null }],
  },
  {
    name: 'orderBy in a variable',
    source: 'query ($o: TaskOrder) { tasks(orderBy: $o) { nodes { id } } }',
    variables: [{ o: { field: 'SIZE', direction: 'DESC' } }, { o: { field: 'TITLE' } }, {}, { o: null }],
  },
  {
    name: 'malformed cursors and cursors of another ordering',
    source:
      'query ($c: String) { tasks(first: 2, after: $c) { nodes { title } } b: tasks(last: 2, before: $c) { edges { cursor } } }',
    variables: [...malformed, titleCursor, descendingCursor, createdCursor, null, undefined].map((c) => ({ c })),
  },
  {
    name: 'a cursor of one direction in the other',
    source: `{ tasks(after: "${descendingCursor}", first: 3, orderBy: {field: TITLE, direction: DESC}) { nodes { title } }
      b: tasks(after: "${titleCursor}", first: 3, orderBy: {field: TITLE, direction: DESC}) { nodes { title } } }`,
  },
]

const seeing: Directed[] = [
  {
    name: 'a row as another type that hides it, with something implied below',
    source:
      '{ people(first: 100) { nodes { name profile { isHidden home { name budget } person { name profile { home { id } } } } } } }',
  },
  {
    name: 'an edge as another type that hides it',
    source:
      '{ teams { nodes { members(first: 50) { totalCount edges { role membership { role note person { name } team { name } } node { name } inviter { name } } } } } }',
  },
  {
    name: 'hidden rows below hidden rows',
    source: `{ tasks(first: 100) { nodes { title team { name owner { name boss { name mentor { name home: profile { home { name } } } } } }
      author { name } reviewer { name boss { name } } parent { title team { name } author { name } parent { team { name } } } } } }`,
  },
  {
    name: 'every edge of every team and person',
    source: `{ teams(first: 100) { nodes { ownMembership { role team { name } person { name } } humanOwner { name } treasurer { name } members(first: 100) { totalCount edges { cursor node { name } } } } }
      people(first: 100) { nodes { teams(first: 100) { totalCount edges { note node { name } } } reports { name } workTasks(first: 2) { totalCount } } } }`,
  },
  {
    name: 'everything by key, twice, with what is missing or of no type',
    source: `{ nodes(ids: ${JSON.stringify(allIds())}) { __typename id ... on Task { typeLabel title } ... on Person { name seenLabel } ... on Team { name owner { name } } ... on Membership { note team { name } } } }`,
  },
  ...allIds().map((id) => ({
    name: `node ${id}`,
    source: `{ node(id: "${id}") { __typename id ... on Task { typeLabel team { name } } } }`,
  })),
]

function allIds(): string[] {
  return [
    ...data.tasks.slice(0, 8).map(({ id }) => `task_${id}`),
    ...data.people.map(({ id }) => `person_${id}`),
    ...data.teams.map(({ id }) => `team_${id}`),
    ...data.members.slice(0, 12).map(({ id }) => `membership_${id}`),
    `task_${taskId}`,
    'task_00000000-0000-4000-8000-000000000000',
    'house_00000000-0000-4000-8000-000000000000',
  ]
}

export const directed: Directed[] = [...wide, ...merging, ...paging, ...seeing]

/** What differs from the oracle, for any caller; each document is parsed once, so that its plans are used again. */
export async function compareDirected(
  database: Database,
  { source, name, variables = [{}] }: Directed,
): Promise<string[]> {
  const document = parse(source)
  const differences: string[] = []
  for (const values of [...variables, ...variables.slice(0, 3)]) {
    for (const caller of [admin, alice, root, bob, carol, nobody]) {
      const difference = await compareOne(database, document, values, caller)
      if (difference) differences.push(`${name}, as ${caller.name}, ${JSON.stringify(values)}\n${difference}`)
    }
  }
  return differences
}
