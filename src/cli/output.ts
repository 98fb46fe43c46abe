/** The form in which an answer is printed. */
import type { CommandSpec } from './commands.ts'
import { readFields } from './fields.ts'
import type { Look } from './table.ts'
import type { Terminal } from './terminal.ts'
import { UsageError } from './values.ts'

const FORMS = ['table', 'wide', 'json', 'csv']

/** The options of the program that say what is printed. */
export interface OutputOptions {
  output?: string
  json?: boolean
  csv?: boolean
  fields?: string
}

export interface Output {
  form: string
  /** The fields to show; null for those that people read. */
  fields: string[] | null
  look: Look
}

/** @throws UsageError */
export function readOutput(terminal: Terminal, spec: CommandSpec, options: OutputOptions): Output {
  const fields = options.fields === undefined ? null : readFields(spec, options.fields)
  return { ...readLook(terminal, options), fields }
}

/** Reads the form alone. @throws UsageError */
export function readLook({ stdout }: Terminal, options: OutputOptions): Pick<Output, 'form' | 'look'> {
  const form = readForm(options)
  const isWide = form === 'wide'
  return { form, look: { width: stdout.isTTY && !isWide ? (stdout.columns ?? null) : null, isWide } }
}

function readForm({ output, json, csv }: OutputOptions): string {
  const given = [output, json ? 'json' : undefined, csv ? 'csv' : undefined].filter((form) => form !== undefined)
  const forms = new Set(given.map((form) => form.toLowerCase()))
  if (forms.size > 1) throw new UsageError('One form at a time: -o, --json or --csv.')
  const [form = 'table'] = forms
  if (FORMS.includes(form)) return form
  throw new UsageError(`-o takes ${FORMS.join(', ')}, not "${form}".`)
}
