import { type SQL, sql } from 'drizzle-orm'
import type { Caller } from '../../authority/caller.ts'
import { immediateScope } from '../../authority/visibility.ts'
import type { Transaction } from '../../db/database.ts'
import { credentials, models } from '../../db/tables.ts'
import { type Finder, findRow } from '../../mutation/lookup.ts'
import type { Row } from '../../read/spec.ts'
import { Model } from '../model/type.ts'
import { type Credential as CredentialRow, readUses } from './operations.ts'
import { Credential } from './type.ts'

/** A user's visible credential of this name. @throws NotFoundError */
export function findCredential(
  finder: Finder,
  userId: string,
  name: string,
  path: string,
  lock: 'CHANGE' | 'SHARE',
): Promise<CredentialRow> {
  const fits = sql`${credentials.userId} = ${userId} and ${credentials.nameKey} = ${name.toLowerCase()}`
  return findRow(finder, credentials, Credential.visible, fits, {
    path,
    what: `The credential "${name}"`,
    lock,
  })
}

/** The models that use credentials, as `controller/model`; those hidden from the caller are counted. Null: none. */
export async function describeUses(tx: Transaction, caller: Caller, which: SQL): Promise<string | null> {
  const uses = await readUses(tx, which, Model.visible?.(models as unknown as Row, immediateScope(caller)))
  if (uses.length === 0) return null
  const names = uses.filter(({ isVisible }) => isVisible).map(({ name }) => name)
  const hidden = uses.length - names.length
  return [...names, ...(hidden > 0 ? [`${hidden} that you may not see`] : [])].join(', ')
}
