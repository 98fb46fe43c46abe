/** Formats the difference in access that a dry run answers with. */
import { isObject } from './cells.ts'
import { type Look, layOut } from './table.ts'

interface Item {
  kind: keyof typeof KINDS
  username: string
  permission: string | null
  level: string | null
  scope: string | null
  organization: string | null
  project: string | null
  controller: string | null
  model: string | null
  expiresAt: string | null
}

/** What users would gain and lose; the items are the first of them. */
export interface AccessDiff {
  gained: number
  lost: number
  items: Item[]
}

const KINDS = { GAINED: '+ gained', LOST: '- lost', LONGER: '> longer', SHORTER: '< shorter' }
const HIDDEN = '(hidden)'

/** Whether an answer has a difference in access: that of a dry run. */
export function hasAccessDiff(value: unknown): value is { accessDiff: AccessDiff } {
  return isObject(value) && isObject(value.accessDiff)
}

/** Formats how many things are gained and lost, and a table of them. */
export function formatAccessDiff({ gained, lost, items }: AccessDiff, look: Look): string {
  if (items.length === 0) return gained + lost === 0 ? 'Access would not change.' : countsOf(gained, lost)
  const rows = items.map((item) => ({
    change: KINDS[item.kind] ?? item.kind,
    user: item.username,
    what: item.permission ?? item.level,
    where: whereOf(item),
    until: item.expiresAt,
  }))
  const { head, formatRows } = layOut(rows, look)
  return `${countsOf(gained, lost)}\n\n${head}\n${formatRows(rows)}`
}

function countsOf(gained: number, lost: number): string {
  return `Access would change: ${gained} gained, ${lost} lost.`
}

function whereOf({ scope, organization, project, controller, model }: Item): string {
  if (controller !== null) return model === null ? `controller ${controller}` : `model ${controller}/${model}`
  if (scope === 'EVERYWHERE') return 'everywhere'
  if (scope === 'PROJECT') return `project ${project ?? HIDDEN}`
  return scope === 'ORGANIZATION' ? `organization ${organization ?? HIDDEN}` : HIDDEN
}
