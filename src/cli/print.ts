/** How answers look on a terminal. */
type Json = Record<string, unknown>

/** A list as a table, an object as lines of `name: value`. */
export function formatResult(value: unknown): string {
  const rows = rowsOf(value)
  if (rows) return formatTable(rows)
  if (isObject(value)) return formatObject(value, '')
  return formatCell(value)
}

/** The rows of a list or a connection; null for anything else. */
function rowsOf(value: unknown): Json[] | null {
  if (Array.isArray(value)) return value.filter(isObject)
  if (isObject(value) && Array.isArray(value.nodes)) return value.nodes.filter(isObject)
  return null
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function formatObject(object: Json, indent: string): string {
  return Object.entries(object)
    .filter(([name]) => name !== '__typename')
    .map(([name, value]) =>
      isObject(value) && !Array.isArray(value.nodes) && Object.keys(value).length > 1
        ? `${indent}${name}:\n${formatObject(value, `${indent}  `)}`
        : `${indent}${name}: ${formatCell(value)}`,
    )
    .join('\n')
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

/** Everything in one line: objects by what they are called, lists by their items. */
function formatCell(value: unknown): string {
  if (value === null || value === undefined) return '-'
  if (Array.isArray(value)) return value.map(formatCell).join(', ') || '-'
  if (!isObject(value)) return printable(String(value))
  if (Array.isArray(value.nodes)) return formatCell(value.nodes)
  return Object.entries(value)
    .filter(([name, part]) => name !== '__typename' && part !== null)
    .map(([, part]) => formatCell(part))
    .join(' ')
}

/** A name from the database can't steer the terminal. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is taken out.
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '�')
}
