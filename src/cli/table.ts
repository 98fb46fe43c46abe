/** Formats rows as a table that fits the terminal, or as CSV. */
import { formatCell, isObject, type Json, NAMES } from './cells.ts'

/** How a table is shown. */
export interface Look {
  /** The columns of the terminal; null where nobody looks, so that nothing is shortened. */
  width: number | null
  /** True where ids and whole times are wanted. */
  isWide: boolean
}

/** A table of which more rows can follow: the widths are those of the first ones. */
export interface Table {
  head: string
  formatRows(rows: Json[]): string
}

const GAP = '  '
/** A column that is wider gives way before another is left out. */
const LARGE = 20

interface Column {
  name: string
  width: number
  isEmpty: boolean
}

/** Lays out a table for these rows, with the given columns or those that people read. */
export function layOut(rows: Json[], look: Look, given?: string[]): Table {
  const format = (name: string) => (row: Json) => formatCell(row[name], look.isWide)
  const all = (given ?? namesOf(rows[0] ?? {}, look)).map((name) => measure(name, rows.map(format(name))))
  const shown = look.width === null ? all : fitColumns(all, look.width)
  const formatLine = (cells: string[]) =>
    shown
      .map(({ width }, place) =>
        shorten(cells[place] ?? '', look.width === null ? Number.POSITIVE_INFINITY : width).padEnd(width),
      )
      .join(GAP)
      .trimEnd()
  const more = shown.length < all.length ? `${GAP}…` : ''
  return {
    head: formatLine(shown.map(({ name }) => name.toUpperCase())) + more,
    formatRows: (some) => some.map((row) => formatLine(shown.map(({ name }) => format(name)(row)))).join('\n'),
  }
}

function measure(name: string, cells: string[]): Column {
  const width = Math.max(name.length, ...cells.map((cell) => cell.length))
  return { name, width, isEmpty: cells.every((cell) => cell === '-') }
}

/** Returns the names of the columns of a row: without its ids, unless they are asked for or it has no other name. */
function namesOf(row: Json, { isWide }: Look): string[] {
  const names = Object.keys(row).filter((name) => name !== '__typename')
  if (isWide) return names
  const hasName = names.some((name) => NAMES.includes(name))
  return names.filter((name) => (name === 'id' ? !hasName : !name.endsWith('Id')))
}

/** Leaves out what is empty, makes large columns smaller, and leaves out the last ones, as far as the width demands it. */
function fitColumns(columns: Column[], available: number): Column[] {
  const room = available - GAP.length - 1
  if (widthOf(columns) <= available) return columns
  const kept = columns.filter(({ isEmpty }) => !isEmpty)
  for (const column of kept.slice(1).toSorted((a, b) => b.width - a.width)) {
    const excess = widthOf(kept) - room
    if (excess > 0 && column.width > LARGE) column.width = Math.max(LARGE, column.width - excess)
  }
  while (kept.length > 1 && widthOf(kept) > room) kept.pop()
  return kept
}

function widthOf(columns: Column[]): number {
  return columns.reduce((sum, { width }) => sum + width, (columns.length - 1) * GAP.length)
}

/** Where nobody looks, nothing is shortened: a row of a later page can be wider than the column. */
function shorten(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`
}

/** Formats lines of CSV, as RFC 4180 has it; nothing is written for null. */
export function formatCsv(lines: unknown[][]): string {
  return lines.map((line) => `${line.map(quote).join(',')}\r\n`).join('')
}

function quote(value: unknown): string {
  if (value === null || value === undefined) return ''
  const isMany = isObject(value) || Array.isArray(value)
  const cell = isMany ? formatCell(value, true).replace(/^-$/, '') : formatCell(value, true)
  // What a spreadsheet would take for a formula gets an apostrophe before it, as in exports.
  const text = typeof value === 'string' && /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell
  return /[",]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
