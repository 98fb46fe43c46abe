/** Users as a table in CSV: the columns of `chatelaine export users --format csv`, and those for keys and passwords. */
import { CsvError, parse } from 'csv-parse/sync'
import { UsageError } from '../values.ts'
import { ROOT } from './chatelaine.ts'
import { refuseLongLines } from './files.ts'
import { emptyPlan, homeOf, type Json, type MapOptions, type Plan, type RoleItem } from './plan.ts'

/** How the text of a cell becomes the value of a field; the columns by their names in lower case. */
const COLUMNS: Record<string, (cell: string, at: string) => Json> = {
  username: (username) => ({ username }),
  displayname: (displayName) => ({ displayName }),
  email: (email) => ({ email }),
  kind: (kind) => ({ kind: kind.toUpperCase() }),
  organization: (organization) => ({ organization }),
  isactive: (cell, at) => ({ isActive: readBoolean(cell, at) }),
  isadmin: (cell, at) => ({ isAdmin: readBoolean(cell, at) }),
  roles: (cell, at) => ({ roles: partsOf(cell).map((part) => readRole(part, at)) }),
  sshkeys: (cell) => ({ sshKeys: cell.split('\n').filter((line) => line.trim() !== '') }),
  passwordhash: (passwordHash) => ({ passwordHash }),
  mustchangepassword: (cell, at) => ({ mustChangePassword: readBoolean(cell, at) }),
  apikeys: (cell) => ({ apiKeys: partsOf(cell).map((secret) => ({ secret })) }),
  apikeyhashes: (cell) => ({ apiKeys: partsOf(cell).map((sha256) => ({ sha256 })) }),
}

/** @throws UsageError where a file is not such a table */
export function mapTable(files: { file: string; text: string }[], options: MapOptions): Plan {
  const plan = emptyPlan()
  for (const { file, text } of files)
    for (const { record, info } of readRecords(file, text)) {
      const at = `${file}, line ${info.lines}`
      const fields = Object.entries(record).map(([column, cell]) =>
        cell === '' ? {} : COLUMNS[column]?.(unescaped(cell), at),
      )
      const keys = fields.flatMap((field) => (field?.apiKeys as Json[] | undefined) ?? [])
      const user = Object.assign({ username: '', ...homeOf(options) }, ...fields, keys.length > 0 && { apiKeys: keys })
      if (user.username.toLowerCase() === 'root') plan.problems.push({ name: 'user root', why: ROOT })
      else plan.users.push(user)
    }
  return plan
}

/** Without the apostrophe that an export puts before what a spreadsheet would take for a formula. */
function unescaped(cell: string): string {
  return cell.replace(/^'(?=[=+\-@\t\r])/, '')
}

interface Row {
  record: Record<string, string>
  info: { lines: number }
}

function readRecords(file: string, text: string): Row[] {
  refuseLongLines(file, text)
  try {
    const columns = (header: string[]) => header.map((column) => readColumn(file, column))
    return parse(text, { bom: true, columns, info: true, skip_empty_lines: true }) as unknown as Row[]
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    // The message of the library may quote the record, in which there are keys.
    throw new UsageError(
      `${file} is not valid CSV: ${PROBLEMS[error.code] ?? 'a quote is not closed'} (line ${error.lines}).`,
    )
  }
}

const PROBLEMS: Record<string, string> = {
  CSV_RECORD_INCONSISTENT_COLUMNS: 'a line has another number of cells than the first',
  CSV_RECORD_INCONSISTENT_FIELDS_LENGTH: 'a line has another number of cells than the first',
}

function readColumn(file: string, name: string): string {
  const column = name.toLowerCase().replaceAll(/[\s_-]/g, '')
  if (Object.hasOwn(COLUMNS, column)) return column
  throw new UsageError(`${file} has the column "${name}", but the columns are ${Object.keys(COLUMNS).join(', ')}.`)
}

function partsOf(cell: string): string[] {
  return cell
    .split(/[;\n]/)
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

function readBoolean(cell: string, at: string): boolean {
  const text = cell.toLowerCase()
  if (text === 'true' || text === 'false') return text === 'true'
  throw new UsageError(`${at}: it takes true or false, not "${cell}".`)
}

const ROLE = /^([^@\s]+)@(?:(everywhere)|(project|organization):(\S+))(?: until (\S+))?$/

/** Reads `VERSION_MANAGER@project:project2 until 2030-01-01T00:00:00Z`. */
function readRole(part: string, at: string): RoleItem {
  const [, role, everywhere, kind, name, expiresAt] = ROLE.exec(part) ?? []
  if (!role)
    throw new UsageError(
      `${at}: "${part}" is no role like EDITOR@project:apollo, EDITOR@organization:acme or EDITOR@everywhere.`,
    )
  return { role, ...(everywhere ? { everywhere: true } : { [String(kind)]: name }), ...(expiresAt && { expiresAt }) }
}

/** The same in the other direction, for an export. */
export function roleText({ role, project, organization, expiresAt }: RoleItem): string {
  const place = project ? `project:${project}` : organization ? `organization:${organization}` : 'everywhere'
  return `${role}@${place}${expiresAt ? ` until ${expiresAt}` : ''}`
}
