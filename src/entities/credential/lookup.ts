import { type SQL, sql } from 'drizzle-orm'
import type { Caller } from '../../authority/caller.ts'
import { immediateScope } from '../../authority/visibility.ts'
import type { Transaction } from '../../db/database.ts'
import { credentials, models } from '../../db/tables.ts'
import { fitsReference } from '../../graphql/references.ts'
import { type Finder, type FoundRow, findRow } from '../../mutation/lookup.ts'
import { rowOf } from '../../read/sql.ts'
import { Model } from '../model/type.ts'
import { findUserOrSelf } from '../user/lookup.ts'
import { type Credential as CredentialRow, readUses } from './operations.ts'
import { Credential } from './type.ts'

/** Finds the visible credential of a user with this name. @throws NotFoundError */
export function findCredential(
  finder: Finder,
  userId: string,
  name: string,
  path: string,
  lock: 'CHANGE' | 'SHARE',
): Promise<FoundRow<CredentialRow>> {
  const fits = sql`${credentials.userId} = ${userId} and ${fitsReference('credential', { id: credentials.id, key: credentials.nameKey }, name)}`
  return findRow(finder, credentials, Credential.visible, fits, {
    path,
    what: 'The credential',
    lock,
  })
}

/** A user, by default the caller, and a credential of theirs, to change it. @throws NotFoundError */
export async function findOwned(finder: Finder, input: { user?: string | null; name: string }) {
  const user = await findUserOrSelf(finder, input.user, 'user')
  return { user, credential: await findCredential(finder, user.id, input.name, 'name', 'CHANGE') }
}

/**
 * Lists the models that use these credentials, as `controller/model`, and counts the models that are hidden from the
 * caller. Returns null where no model uses them.
 */
export async function describeUses(tx: Transaction, caller: Caller, which: SQL): Promise<string | null> {
  const uses = await readUses(tx, which, Model.visible?.(rowOf(models), immediateScope(caller)))
  if (uses.length === 0) return null
  const names = uses.filter(({ isVisible }) => isVisible).map(({ name }) => name)
  const hidden = uses.length - names.length
  return [...names, ...(hidden > 0 ? [`${hidden} that you may not see`] : [])].join(', ')
}
