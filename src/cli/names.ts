/** The names that a server knows, for the completion in a shell. */
import type { Candidate } from './complete.ts'
import { overHttp } from './send.ts'
import { findTarget, type TargetOptions } from './target.ts'
import type { Terminal } from './terminal.ts'

const KINDS = {
  users: { key: 'username', about: 'displayName' },
  roles: { key: 'name', about: 'title' },
  projects: { key: 'code', about: 'title' },
  organizations: { key: 'name', about: 'title' },
  controllers: { key: 'name', about: 'type' },
  permissions: { key: 'name', about: 'description' },
}

/** A list of names. */
export type Kind = keyof typeof KINDS

const MOST = 50
/** A person waits at the keyboard. */
const TIMEOUT_MS = 2_000

/** Returns names that begin so; none where no server answers in time. The database itself is never opened for this. */
export async function namesFromServer(
  terminal: Terminal,
  options: TargetOptions,
  kind: Kind,
  start: string,
): Promise<Candidate[]> {
  const { key, about } = KINDS[kind]
  try {
    const target = findTarget(terminal, options)
    if (!target) return []
    const filter = start === '' ? '' : `, filter: { ${key}: { startsWith: $start } }`
    const document = `query${start === '' ? '' : ' ($start: String)'} { ${kind}(first: ${MOST}${filter}) { nodes { ${key} ${about} } } }`
    const { data } = await overHttp(target.url, target.key, TIMEOUT_MS)(document, start === '' ? {} : { start })
    const { nodes = [] } = (data?.[kind] ?? {}) as { nodes?: Record<string, string | null>[] }
    return nodes.map((node) => ({ value: node[key] ?? '', ...(node[about] && { about: node[about] }) }))
  } catch {
    return []
  }
}
