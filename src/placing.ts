/** Gives positions to changes while a server runs, soon after they are committed, and ends the waits for them. */
import { setTimeout as sleep } from 'node:timers/promises'
import { placeChanges, readStream } from './entities/change/operations.ts'
import { logError } from './log.ts'
import type { Services } from './services.ts'

/** Every server looks this often whether a change waits, whatever program made it: it reads one row. */
const PACE_MS = 500

export interface Placing {
  /** Waits for the step that is under way, after which nothing more is placed. */
  stop(): Promise<void>
}

export function startPlacing(services: Pick<Services, 'database' | 'changeWaits'>, paceMs = PACE_MS): Placing {
  const stopping = new AbortController()
  const { signal } = stopping
  const running = run()
  async function run() {
    while (!signal.aborted) {
      // What could not be placed is placed the next time.
      await placeWaiting(services, signal).catch((error: unknown) => logError(error, null))
      await sleep(paceMs, null, { signal }).catch(() => {})
    }
  }
  return {
    async stop() {
      stopping.abort()
      await running
    },
  }
}

async function placeWaiting(
  { database, changeWaits }: Pick<Services, 'database' | 'changeWaits'>,
  signal: AbortSignal,
) {
  const { position, isWaiting } = await readStream(database)
  if (!isWaiting) return changeWaits.note(position)
  await placeChanges(database, signal)
  changeWaits.note((await readStream(database)).position)
}
