/** The programs of other projects that the cluster consists of. */
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** The oldest PostgreSQL that is supported, where Debian puts it. */
export const POSTGRES_PROGRAMS = '/usr/lib/postgresql/15/bin'

const PACKAGES = [
  ['etcd', 'etcd-server'],
  ['patroni', 'patroni'],
  ['patronictl', 'patroni'],
  ['haproxy', 'haproxy'],
  ['pgbouncer', 'pgbouncer'],
  [join(POSTGRES_PROGRAMS, 'postgres'), 'postgresql-15'],
  ['ps', 'procps'],
] as const

/** HAProxy and PgBouncer are in /usr/sbin, which is not in the path of every user. */
const PATHS = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin']

/** The packages of Debian that are missing. */
export function findMissing(): string[] {
  const missing = PACKAGES.filter(([command]) => !isThere(command)).map(([, name]) => name)
  return [...new Set(missing)]
}

function isThere(command: string): boolean {
  const paths = command.startsWith('/') ? [command] : PATHS.map((path) => join(path, command))
  return paths.some((path) => {
    try {
      accessSync(path, constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}
