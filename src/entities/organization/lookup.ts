import { type SQL, sql } from 'drizzle-orm'
import { organizations } from '../../db/tables.ts'
import { fitsReference } from '../../graphql/references.ts'
import { type Finder, findRow } from '../../mutation/lookup.ts'
import { ROOT_USERNAME } from '../user/operations.ts'
import { Organization } from './type.ts'

/**
 * Finds the organization with this name or, without a name, the home organization of the caller. The operator has the
 * home organization of root.
 * @throws NotFoundError
 */
export function findHomeOrganization(finder: Finder, name: string | null | undefined, path: string) {
  if (name !== undefined && name !== null) return findOrganization(finder, name, path)
  const { organizationId } = finder.self
  if (organizationId === null) {
    const home = sql`${organizations.id} = (select u.organization_id from users as u where u.username_key = ${ROOT_USERNAME} and u.deleted_at is null)`
    return findRow(finder, organizations, undefined, home, { path, what: 'The home of root', lock: 'SHARE' })
  }
  return findOrganizationById(finder, sql`${organizationId}`, path, 'The caller’s organization')
}

/** Finds the visible organization with this id, which is an expression. @throws NotFoundError */
export function findOrganizationById(finder: Finder, id: SQL, path: string, what: string) {
  const fits = sql`${organizations.id} = ${id}`
  return findRow(finder, organizations, Organization.visible, fits, { path, what, lock: 'SHARE' })
}

/** Finds the visible organization with this name. @throws NotFoundError */
export function findOrganization(finder: Finder, name: string, path: string, lock: 'CHANGE' | 'SHARE' = 'SHARE') {
  const fits = fitsReference('organization', { id: organizations.id, key: organizations.nameKey }, name)
  return findRow(finder, organizations, Organization.visible, fits, { path, what: 'The organization', lock })
}
