import { eq } from 'drizzle-orm'
import { type Finder, findRow } from '../auth/references.ts'
import { organizations } from '../db/tables.ts'
import { DEFAULT_ORGANIZATION } from './operations.ts'
import { findOrganization, Organization } from './schema.ts'

/** The organization named, or else the caller's home; the operator's is `default`. @throws NotFoundError */
export function findHomeOrganization(finder: Finder, name: string | null | undefined, path: string) {
  if (name !== undefined && name !== null) return findOrganization(finder, name, path)
  const { organizationId } = finder.caller
  if (organizationId === null) return findOrganization(finder, DEFAULT_ORGANIZATION, path)
  return findOrganizationById(finder, organizationId, path, 'The caller’s organization')
}

/** The visible organization of this id. @throws NotFoundError */
export function findOrganizationById(finder: Finder, id: string, path: string, what: string) {
  return findRow(finder, organizations, Organization.visible, eq(organizations.id, id), { path, what, lock: 'SHARE' })
}
