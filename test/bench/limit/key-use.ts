/** Notes the use of keys as the server promises it: at most once a minute per key, here for all keys of a second at once. */
import type pg from 'pg'

const NOTE_MS = 1000
const KEPT_MS = 60_000

const NOTE = {
  name: 'key-use',
  text: `update api_keys as k set last_used_at = statement_timestamp() where k.hash = any($1::bytea[]) and k.revoked_at is null
    and (k.last_used_at is null or k.last_used_at < statement_timestamp() - interval '1 minute')`,
}

export function createKeyUse(pool: pg.Pool): (hash: Buffer) => void {
  let noted = new Set<string>()
  let waiting: Buffer[] = []
  setInterval(() => {
    noted = new Set()
  }, KEPT_MS).unref()
  setInterval(() => {
    if (waiting.length === 0) return
    const hashes = waiting
    waiting = []
    pool.query({ ...NOTE, values: [hashes] }).catch(() => {})
  }, NOTE_MS).unref()
  return (hash) => {
    const name = hash.toString('latin1')
    if (noted.has(name)) return
    noted.add(name)
    waiting.push(hash)
  }
}
