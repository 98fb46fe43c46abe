import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'

/** Names statements, so that a connection parses and plans each of them once. */
export interface StatementNames {
  /** Returns the name of a statement that is sent repeatedly; undefined at its first use. */
  nameOf(text: string): string | undefined
  /** Gives every statement another name: what was prepared under the old ones is no longer valid. */
  renew(): void
}

/** More than the server's own statements and the documents that are kept for reading. */
const MOST_NAMES = 2000

export function createStatementNames(): StatementNames {
  const names = new LRUCache<string, { name: string | undefined }>({ max: MOST_NAMES })
  let generation = 0
  return {
    nameOf(text) {
      const known = names.get(text)
      if (!known) {
        names.set(text, { name: undefined })
        return undefined
      }
      known.name ??= `${generation}_${hash('sha256', text, 'base64url').slice(0, 22)}`
      return known.name
    },
    renew() {
      generation += 1
      names.clear()
    },
  }
}
