import { createKeptCallers, type KeptCallers } from './authentication/kept.ts'
import type { Config } from './config.ts'
import type { Database } from './db/database.ts'
import type { Keyring } from './encryption/keyring.ts'
import { createKeyGuesses, type KeyGuesses } from './entities/api-key/guesses.ts'
import { createNoteUse, type NoteUse } from './entities/api-key/use.ts'
import { type ChangeWaits, createChangeWaits } from './entities/change/waits.ts'
import type { Mailer } from './entities/notification/operations.ts'
import { createPasswordChecker, type PasswordChecker } from './entities/password/check.ts'
import { createTokens, type Tokens } from './entities/session/token.ts'
import { createNoteVisit, type NoteVisit } from './entities/user/seen.ts'

/** The services that all parts of the server share; there is one instance per process. */
export interface Services {
  readonly database: Database
  readonly keyring: Keyring
  readonly config: Config
  readonly passwords: PasswordChecker
  readonly keyGuesses: KeyGuesses
  readonly tokens: Tokens
  readonly noteUse: NoteUse
  readonly noteVisit: NoteVisit
  readonly keptCallers: KeptCallers
  readonly changeWaits: ChangeWaits
  /** It is null where SMTP_URL is not set. */
  readonly mailer: Mailer | null
}

export function createServices(
  database: Database,
  keyring: Keyring,
  config: Config,
  mailer: Mailer | null = null,
): Services {
  return {
    database,
    keyring,
    config,
    passwords: createPasswordChecker(database),
    keyGuesses: createKeyGuesses(database),
    mailer,
    noteUse: createNoteUse(database),
    noteVisit: createNoteVisit(database),
    keptCallers: createKeptCallers(),
    changeWaits: createChangeWaits(),
    tokens: createTokens(keyring, config.tokenIssuer),
  }
}
