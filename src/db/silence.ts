import { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { Client } from 'pg'

/** Longer than any statement may take, and short enough that the request can still be answered in time. */
const LONGEST_SILENCE_MS = 4000

/** Watches a connection for a database that has stopped answering. */
export interface SilenceWatch {
  /** Something was sent that the database has to answer. */
  expect(): void
  /** The answer has arrived. */
  arrived(): void
  /** Waits for as long as it takes, while `isPatient` is true: the database may be working for longer. */
  setPatient(isPatient: boolean): void
}

/**
 * Closes the connection where the database is silent while an answer is awaited. Only bytes that are received count: writing
 * to a connection that is dead succeeds for minutes.
 */
export function watchSilence({ connection: { stream } }: Client, onSilence: () => void): SilenceWatch {
  let awaited = 0
  let isPatient = false
  const timer = setTimeout(() => {
    if (awaited === 0 || isPatient) return
    onSilence()
    cutOff(stream)
  }, LONGEST_SILENCE_MS).unref()
  stream.on('data', () => timer.refresh())
  stream.once('close', () => clearTimeout(timer))
  return {
    expect() {
      awaited += 1
      timer.refresh()
    },
    arrived() {
      awaited -= 1
    },
    setPatient(value) {
      isPatient = value
      timer.refresh()
    },
  }
}

/** Closes a connection so that nothing of what was written and not yet delivered arrives later. */
function cutOff(stream: Client['connection']['stream']) {
  const isTcp = stream instanceof Socket && !(stream instanceof TLSSocket) && stream.remoteAddress !== undefined
  if (isTcp) stream.resetAndDestroy()
  else stream.destroy()
}
