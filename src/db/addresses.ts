/** The addresses in DATABASE_URL, in all the forms that other programs of PostgreSQL take. */
import type { ClientConfig } from 'pg'
import { parse, toClientConfig } from 'pg-connection-string'

export interface Addresses {
  /** One for each host, in the order in which they are tried. */
  connections: ClientConfig[]
  /** Whether a host that accepts no changes is passed over. */
  needsWrites: boolean
}

const WITH_HOSTS = /^(postgres(?:ql)?:\/\/(?:[^/?#]*@)?)([^/?#]*)(.*)$/

/** The library takes any other text for one that encrypts without checking the certificate. */
const SSL_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full', 'no-verify']

/**
 * Reads a URL like `postgres://user:password@host1:5432,host2/database?target_session_attrs=read-write`. A host can be a
 * folder with a socket, as `%2Frun%2Fpostgresql` or `?host=/run/postgresql`. What is missing is in the variables `PG…`.
 * @throws Error where it is malformed; the message does not repeat it
 */
export function readAddresses(url: string): Addresses {
  const [, begin = '', hosts = '', rest = ''] = WITH_HOSTS.exec(url) ?? []
  const query = new URLSearchParams(rest.slice(rest.indexOf('?') + 1))
  const sessions = query.get('target_session_attrs') ?? 'any'
  if (!['any', 'read-write', 'primary'].includes(sessions)) {
    throw new Error('its target_session_attrs must be any, read-write or primary')
  }
  if (!SSL_MODES.includes(query.get('sslmode') ?? 'prefer')) {
    throw new Error(`its sslmode must be one of ${SSL_MODES.join(', ')}`)
  }
  try {
    // `sslmode` means what it means to every other program of PostgreSQL.
    const connections = hosts
      .split(',')
      .map((host) => toClientConfig(parse(begin + host + rest, { useLibpqCompat: true })))
    return { connections, needsWrites: sessions !== 'any' }
  } catch (error) {
    const { code, path } = error as NodeJS.ErrnoException
    throw new Error(code && path ? `its file ${path} can’t be read (${code})` : 'it is malformed')
  }
}
