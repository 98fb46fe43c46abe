/** Prints the answer of a command in the form that was asked for, a long list page by page. */
import { type AccessDiff, formatAccessDiff, hasAccessDiff } from './access-diff.ts'
import { isObject, type Json, rowsOf } from './cells.ts'
import type { CommandSpec } from './commands.ts'
import { columnsOf } from './document.ts'
import { pick } from './fields.ts'
import type { Output } from './output.ts'
import type { Page } from './pages.ts'
import { formatJson, formatResult } from './print.ts'
import type { Result } from './send.ts'
import { formatCsv, type Look, layOut, type Table } from './table.ts'
import type { Terminal } from './terminal.ts'

/** Formats an answer that is no error. */
export function formatAnswer(spec: CommandSpec, value: unknown, { form, fields, look }: Output): string {
  const rows = rowsOf(value)
  const picked = rows ?? (isObject(value) ? [value] : [])
  if (form === 'csv') return formatRows(spec, picked, fields, true)
  if (!fields && form !== 'json' && hasAccessDiff(value)) return formatDry(value, look)
  if (!fields) return `${formatResult(value, look)}\n`
  const shown = picked.map((row) => pick(row, fields))
  if (form === 'json') return `${formatJson(rows ? shown : shown[0])}\n`
  return `${formatResult(rows ? shown : shown[0], look)}\n`
}

function formatDry({ accessDiff, ...rest }: { accessDiff: AccessDiff }, look: Look): string {
  return `${formatResult(rest, look)}\n\n${formatAccessDiff(accessDiff, look)}\n`
}

function formatRows(spec: CommandSpec, rows: Json[], fields: string[] | null, hasHead: boolean): string {
  const names = fields ?? columnsOf(spec)
  const lines = rows.map((row) => Object.values(pick(row, names)))
  return formatCsv(hasHead ? [names, ...lines] : lines)
}

/** Prints a list whose pages come one after the other. */
export interface ListPrinter {
  add(page: Page): void
  end(errors: NonNullable<Result['errors']>): void
}

export function createListPrinter(terminal: Terminal, spec: CommandSpec, output: Output): ListPrinter {
  if (output.form === 'json') return createJsonPrinter(terminal, spec, output)
  return output.form === 'csv' ? createCsvPrinter(terminal, spec, output) : createTablePrinter(terminal, output)
}

function createCsvPrinter({ stdout }: Terminal, spec: CommandSpec, { fields }: Output): ListPrinter {
  let isFirst = true
  return {
    add({ nodes }) {
      stdout.write(formatRows(spec, nodes.filter(isObject), fields, isFirst))
      isFirst = false
    },
    end() {},
  }
}

function createTablePrinter({ stdout }: Terminal, { fields, look }: Output): ListPrinter {
  let table: Table | null = null
  return {
    add({ nodes }) {
      const rows = nodes.filter(isObject).map((node) => (fields ? pick(node, fields) : node))
      if (rows.length === 0) return
      if (!table) {
        table = layOut(rows, look, fields ?? undefined)
        stdout.write(`${table.head}\n`)
      }
      stdout.write(`${table.formatRows(rows)}\n`)
    },
    end() {
      if (!table) stdout.write('(none)\n')
    },
  }
}

function createJsonPrinter({ stdout }: Terminal, spec: CommandSpec, { fields }: Output): ListPrinter {
  const nodes: unknown[] = []
  let last: Page | null = null
  return {
    add(page) {
      nodes.push(...page.nodes)
      last = page
    },
    end(errors) {
      const pageInfo = { ...last?.pageInfo, hasPreviousPage: false }
      const whole = { data: { [spec.field.name]: { ...last, nodes, pageInfo } }, ...(errors.length > 0 && { errors }) }
      const picked = () => nodes.filter(isObject).map((node) => pick(node, fields ?? []))
      stdout.write(`${formatJson(fields ? picked() : whole)}\n`)
    },
  }
}
