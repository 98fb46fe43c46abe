/** Formats answers for a terminal. */
import { formatCell, isObject, type Json, NAMES, rowsOf } from './cells.ts'
import { type Look, layOut } from './table.ts'

/** Formats a list as a table, and an object as lines of `name: value`. */
export function formatResult(value: unknown, look: Look): string {
  const rows = rowsOf(value)
  if (rows) return formatTable(rows, look)
  if (isObject(value)) return formatObject(value, '', look)
  return formatCell(value)
}

function formatObject(object: Json, indent: string, look: Look): string {
  return Object.entries(object)
    .filter(([name]) => name !== '__typename')
    .map(([name, value]) => formatPart(name, isNamed(object) && !look.isWide ? shortOf(value) : value, indent, look))
    .join('\n')
}

/** Returns the name of what an object belongs to, such as the organization of a user: all else of that is not its own. */
function shortOf(value: unknown): unknown {
  return isObject(value) && isNamed(value) ? value[nameOf(value) ?? ''] : value
}

function isNamed(object: Json): boolean {
  return nameOf(object) !== undefined
}

function nameOf(object: Json): string | undefined {
  return NAMES.find((name) => typeof object[name] === 'string')
}

function formatPart(name: string, value: unknown, indent: string, look: Look): string {
  const rows = isObject(value) || isListOfRecords(value) ? rowsOf(value) : null
  if (rows && rows.length > 0) {
    const inner = { ...look, width: look.width && look.width - indent.length - 2 }
    return `${indent}${name}:\n${formatTable(rows, inner).replace(/^/gm, `${indent}  `)}`
  }
  if (!rows && isObject(value) && Object.keys(value).length > 1) {
    return `${indent}${name}:\n${formatObject(value, `${indent}  `, look)}`
  }
  return `${indent}${name}: ${rows ? '-' : formatCell(value, look.isWide)}`
}

/** Whether the value is a list of objects with several fields, which would not be readable in one line. */
function isListOfRecords(value: unknown): boolean {
  const [first] = Array.isArray(value) ? value : []
  return isObject(first) && Object.keys(first).length > 1
}

function formatTable(rows: Json[], look: Look): string {
  if (rows.length === 0) return '(none)'
  const { head, formatRows } = layOut(rows, look)
  return `${head}\n${formatRows(rows)}`
}

/** Returns JSON in which every control character is escaped. */
export function formatJson(value: unknown): string {
  const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  return JSON.stringify(value, null, 2).replace(/[\u007f-\u009f]/g, escaped)
}
