import { randomUUIDv7 } from 'node:crypto'

/** A new id: a UUIDv7, so that ids sort by age. */
export function createId(): string {
  return randomUUIDv7()
}
