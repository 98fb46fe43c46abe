import { ConflictError } from '../errors.ts'
import { databaseError } from './errors.ts'

/** Runs a write that a unique constraint may refuse. @throws ConflictError with this message where it does */
export async function writeUnique(write: PromiseLike<unknown>, constraint: string, message: string) {
  try {
    await write
  } catch (error) {
    if (databaseError(error)?.constraint !== constraint) throw error
    throw new ConflictError(message)
  }
}
