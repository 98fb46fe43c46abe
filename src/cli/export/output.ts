/** Where an export goes: to standard output as fast as that is read, or to a file that is there only when it is complete. */
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import type { Writable } from 'node:stream'
import { UsageError } from '../values.ts'

export type Write = (text: string) => Promise<void>

/** Writes to standard output; the next text waits until this one was taken. */
export function toStream(stream: Writable): Write {
  return async (text) => {
    if (!stream.write(text)) await once(stream, 'drain')
  }
}

/**
 * Lets `work` write a file, which only the user of this process can read. It is there only when `work` is done.
 * @throws UsageError
 */
export async function writeWhole<T>(file: string, work: (write: Write) => Promise<T>): Promise<T> {
  refuseExisting(file)
  const part = `${file}.${process.pid}.part`
  const handle = await open(part, 'wx', 0o600).catch((error) => refuseFile(file, error))
  let isDone = false
  try {
    const worked = await work((text) => handle.writeFile(text).catch((error) => refuseFile(file, error)))
    await handle.sync()
    refuseExisting(file)
    await rename(part, file)
    isDone = true
    return worked
  } finally {
    await handle.close()
    if (!isDone) await rm(part, { force: true })
  }
}

/** @throws UsageError where there is such a file */
export function refuseExisting(file: string) {
  if (existsSync(file))
    throw new UsageError(
      `The file "${file}" exists: choose another name, because what is in it may be nowhere else any more.`,
    )
}

function refuseFile(file: string, error: unknown): never {
  throw new UsageError(`The file "${file}" can’t be written (${(error as NodeJS.ErrnoException).code}).`)
}
