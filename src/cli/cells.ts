/** Formats single values for people. */
export type Json = Record<string, unknown>

/** What something is told by; where it has one of them, its id is only for programs. */
export const NAMES = ['username', 'code', 'name', 'action', 'permission']

const TIME = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.\d+Z$/

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Formats any value in one line: objects by their values, lists by their items; times without fractions unless they are wanted. */
export function formatCell(value: unknown, isWhole = false): string {
  if (value === null || value === undefined) return '-'
  if (isObject(value)) return formatParts(value, isWhole)
  if (Array.isArray(value)) return value.map((item) => formatCell(item, isWhole)).join(', ') || '-'
  return printable(isWhole ? String(value) : String(value).replace(TIME, '$1Z'))
}

function formatParts(value: Json, isWhole: boolean): string {
  const rows = rowsOf(value)
  if (rows) return formatCell(rows, isWhole)
  return Object.entries(value)
    .filter(([name, part]) => name !== '__typename' && part !== null)
    .map(([, part]) => formatCell(part, isWhole))
    .join(' ')
}

/** Returns the rows of a list or a connection, with an edge's own fields beside its node's; null for anything else. */
export function rowsOf(value: unknown): Json[] | null {
  if (Array.isArray(value)) return value.filter(isObject)
  if (!isObject(value)) return null
  if (Array.isArray(value.nodes)) return value.nodes.filter(isObject)
  if (!Array.isArray(value.edges)) return null
  return value.edges.filter(isObject).map(({ node, ...own }) => rowOfEdge(isObject(node) ? node : {}, own))
}

/** What the relation says, such as the scope of a role, stands before what else is known of the node. */
function rowOfEdge(node: Json, own: Json): Json {
  const names = Object.fromEntries(Object.entries(node).filter(([name]) => name === 'id' || NAMES.includes(name)))
  // A relation names both its ends: the node itself needs no second column.
  const others = Object.entries(own).filter(
    ([, end]) => !isObject(end) || !NAMES.some((name) => name in end && end[name] === node[name]),
  )
  return { ...names, ...Object.fromEntries(others), ...node, ...Object.fromEntries(others) }
}

/** Replaces control characters: text from the database or a server must not control the terminal. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: this expression replaces control characters.
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '�')
}

/** Formats a number with commas: 20,504. */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US')
}
