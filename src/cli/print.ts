/** Formats answers for a terminal. */
type Json = Record<string, unknown>

/** Formats a list as a table, and an object as lines of `name: value`. */
export function formatResult(value: unknown): string {
  const rows = rowsOf(value)
  if (rows) return formatTable(rows)
  if (isObject(value)) return formatObject(value, '')
  return formatCell(value)
}

/** Returns the rows of a list or a connection, with an edge's own fields beside its node's; null for anything else. */
function rowsOf(value: unknown): Json[] | null {
  if (Array.isArray(value)) return value.filter(isObject)
  if (!isObject(value)) return null
  if (Array.isArray(value.nodes)) return value.nodes.filter(isObject)
  if (!Array.isArray(value.edges)) return null
  return value.edges.filter(isObject).map(({ node, ...own }) => ({ ...(isObject(node) ? node : {}), ...own }))
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function formatObject(object: Json, indent: string): string {
  return Object.entries(object)
    .filter(([name]) => name !== '__typename')
    .map(([name, value]) => formatPart(name, value, indent))
    .join('\n')
}

function formatPart(name: string, value: unknown, indent: string): string {
  const rows = isObject(value) || isListOfRecords(value) ? rowsOf(value) : null
  if (rows && rows.length > 0) return `${indent}${name}:\n${formatTable(rows).replace(/^/gm, `${indent}  `)}`
  if (!rows && isObject(value) && Object.keys(value).length > 1) {
    return `${indent}${name}:\n${formatObject(value, `${indent}  `)}`
  }
  return `${indent}${name}: ${rows ? '-' : formatCell(value)}`
}

/** Whether the value is a list of objects with several fields, which would not be readable in one line. */
function isListOfRecords(value: unknown): boolean {
  const [first] = Array.isArray(value) ? value : []
  return isObject(first) && Object.keys(first).length > 1
}

function formatTable(rows: Json[]): string {
  const names = Object.keys(rows[0] ?? {}).filter((name) => name !== '__typename')
  if (names.length === 0) return '(none)'
  const cells = [
    names.map((name) => name.toUpperCase()),
    ...rows.map((row) => names.map((name) => formatCell(row[name]))),
  ]
  const widths = names.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0)))
  return cells
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** Formats any value in one line: objects by their values, lists by their items. */
function formatCell(value: unknown): string {
  if (value === null || value === undefined) return '-'
  if (Array.isArray(value)) return value.map(formatCell).join(', ') || '-'
  if (!isObject(value)) return printable(String(value))
  return Object.entries(value)
    .filter(([name, part]) => name !== '__typename' && part !== null)
    .map(([, part]) => formatCell(part))
    .join(' ')
}

/** Replaces control characters: text from the database or a server must not control the terminal. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: this expression replaces control characters.
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '�')
}

/** Returns JSON in which every control character is escaped. */
export function formatJson(value: unknown): string {
  const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  return JSON.stringify(value, null, 2).replace(/[\u007f-\u009f]/g, escaped)
}
