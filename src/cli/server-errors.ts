import { BackupError } from '../db/backup/contents.ts'
import { WrongClockError } from '../db/clock.ts'
import { DataFolderError, FolderInUseError } from '../db/data-folder.ts'
import { findMissingRight } from '../db/errors.ts'
import { DatabaseUnreachableError, NewerDatabaseError, PendingMigrationsError } from '../db/migrate.ts'
import { SealError } from '../encryption/keyring.ts'
import { ConfigError } from '../variables.ts'
import { UnknownSigningKeyError } from './keys.ts'

/** Errors that are about the environment: their message says all, and a stack would only hide it. */
const KNOWN = [
  BackupError,
  ConfigError,
  DataFolderError,
  DatabaseUnreachableError,
  FolderInUseError,
  NewerDatabaseError,
  PendingMigrationsError,
  SealError,
  UnknownSigningKeyError,
  WrongClockError,
]

/** Describes an error of the server's own code. */
export function describeServerError(error: unknown): { message: string | undefined; isOutOfReach: boolean } {
  const missing = findMissingRight(error)
  if (missing) {
    const message = `DATABASE_URL: its role lacks a right that this needs (${missing}).`
    return { message, isOutOfReach: false }
  }
  const { message, stack } = error as Error
  const isKnown = KNOWN.some((kind) => error instanceof kind)
  return { message: isKnown ? message : stack, isOutOfReach: error instanceof DatabaseUnreachableError }
}
