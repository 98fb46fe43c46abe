import { CommanderError } from 'commander'
import { BackupError } from '../db/backup/contents.ts'
import { WrongClockError } from '../db/clock.ts'
import { DataFolderError, FolderInUseError } from '../db/data-folder.ts'
import { findMissingRight } from '../db/errors.ts'
import { DatabaseUnreachableError, NewerDatabaseError, PendingMigrationsError } from '../db/migrate.ts'
import { SealError } from '../encryption/keyring.ts'
import { ConfigError } from '../variables.ts'
import { UnknownSigningKeyError } from './keys.ts'
import { EXIT } from './run-command.ts'
import { UnreachableError } from './send.ts'
import { UsageError } from './values.ts'

/** What stopped a command, as its standard error says it, and its exit code. */
export interface Report {
  text: string
  exitCode: number
}

/** Errors that are about the environment or the input: their message says all, and a stack would only hide it. */
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
  UnreachableError,
  UsageError,
  WrongClockError,
]

export function describeError(error: unknown): Report {
  if (error instanceof CommanderError) return { text: '', exitCode: error.exitCode === 0 ? EXIT.done : EXIT.usage }
  const { message, stack } = error as Error
  const missing = findMissingRight(error)
  if (missing) {
    const text = `chatelaine: DATABASE_URL: its role lacks a right that this needs (${missing}).\n`
    return { text, exitCode: EXIT.refused }
  }
  const text = `chatelaine: ${KNOWN.some((kind) => error instanceof kind) ? message : stack}\n`
  if (error instanceof UsageError) return { text, exitCode: EXIT.usage }
  const isOutOfReach = error instanceof UnreachableError || error instanceof DatabaseUnreachableError
  return { text, exitCode: isOutOfReach ? EXIT.unreachable : EXIT.refused }
}
