/** Gives positions to changes while a server runs, soon after they are committed. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Database } from './db/database.ts'
import { placeChanges, readStream } from './entities/change/operations.ts'
import { logError } from './log.ts'

/** Every server looks this often whether a change waits, whatever program made it: it reads one row. */
const PACE_MS = 500

export interface Placing {
  /** Waits for the step that is under way, after which nothing more is placed. */
  stop(): Promise<void>
}

export function startPlacing(database: Database): Placing {
  const stopping = new AbortController()
  const { signal } = stopping
  const running = run()
  async function run() {
    while (!signal.aborted) {
      // What could not be placed is placed the next time.
      await placeWaiting(database, signal).catch((error: unknown) => logError(error, null))
      await sleep(PACE_MS, null, { signal }).catch(() => {})
    }
  }
  return {
    async stop() {
      stopping.abort()
      await running
    },
  }
}

async function placeWaiting(database: Database, signal: AbortSignal) {
  const { isWaiting } = await readStream(database)
  if (isWaiting) await placeChanges(database, signal)
}
