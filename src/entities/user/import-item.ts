/** Imports one user: creates them, or adds what a user of that name lacks. */
import type { Caller } from '../../authority/caller.ts'
import {
  type Granted,
  grantedByMembership,
  grantedByRoles,
  grantedByTakeover,
  grantedTogether,
} from '../../authority/guard.ts'
import { ConflictError, InvalidInputError } from '../../errors.ts'
import type { Made, Operation } from '../../mutation/run.ts'
import { expiryNotices } from '../api-key/notices.ts'
import { insertForeignKey } from '../api-key/operations.ts'
import { target } from '../audit/targets.ts'
import { lockCredentials } from '../credential/operations.ts'
import type { Notice } from '../notification/operations.ts'
import { setPassword } from '../password/operations.ts'
import { describeRoles } from '../role/lookup.ts'
import { grantRoles } from '../role/operations.ts'
import { insertSshKey } from '../ssh-key/operations.ts'
import { IN_CHARGE } from './create-service.ts'
import { nameOf } from './import-inputs.ts'
import type { Additions, FoundItem } from './import-lookup.ts'
import type { UserReference } from './lookup.ts'
import { namingOf } from './mutations.ts'
import { insertUser, suspendUser } from './operations.ts'

interface Imported {
  userId: string
  status: 'CREATED' | 'UPDATED' | 'UNCHANGED'
  change: Made[]
  notices: Notice[]
}

/** What the items grant: their roles, what members of the organizations hold, and all that users hold who get a way in. */
export function grantedByItems(caller: Caller, items: FoundItem[]): Granted {
  const homes = new Set(items.filter(({ existing }) => !existing).map(({ organization }) => organization.id))
  const takenOver = items.flatMap(({ existing, additions }) =>
    existing && existing.id !== caller.userId && makesWayIn(additions) ? existing : [],
  )
  const ends = items.flatMap(({ additions }) =>
    additions.apiKeys.flatMap(({ expiresAt }) => (expiresAt === null ? [] : Date.parse(expiresAt))),
  )
  return {
    ...grantedTogether(
      grantedByRoles(items.flatMap(({ additions }) => additions.roles)),
      ...[...homes].map(grantedByMembership),
      ...takenOver.map(grantedByTakeover),
    ),
    ...(ends.length > 0 && { keyUntil: new Date(Math.max(...ends)) }),
  }
}

function makesWayIn({ sshKeys, apiKeys, passwordHash }: Additions): boolean {
  return sshKeys.length > 0 || apiKeys.length > 0 || passwordHash !== null
}

type ImportOperation = Pick<Operation<unknown, unknown>, 'ctx' | 'tx' | 'caller' | 'dryRun'>

/** @throws ConflictError, InvalidInputError */
export function importItem(operation: ImportOperation, found: FoundItem): Promise<Imported> {
  return found.existing ? extendUser(operation, found, found.existing) : createUser(operation, found)
}

const DISABLED = { reason: 'Imported as disabled', expiresAt: null }

async function createUser(operation: ImportOperation, found: FoundItem): Promise<Imported> {
  const { ctx, tx, caller } = operation
  const { index, item, organization } = found
  const kind = item.kind ?? 'HUMAN'
  const fields = { username: nameOf(item), displayName: item.displayName ?? null, email: item.email ?? null }
  if (kind === 'SERVICE' && fields.email === null)
    throw new InvalidInputError([{ path: `items.${index}.email`, message: IN_CHARGE }])
  const organizationId = organization.id
  const id = await insertUser(tx, namingOf(ctx, caller), { ...fields, organizationId, kind })
  const { after, keys } = await add(operation, { id, organizationId }, found)
  const isDisabled = item.isActive === false
  if (isDisabled) await suspendUser(tx, caller, { id, usernameKey: fields.username.toLowerCase() }, DISABLED)
  return {
    userId: id,
    status: 'CREATED',
    change: [
      {
        target: target('User', { id, organizationId }),
        after: { ...fields, organization: organization.name, ...after, ...(isDisabled && { isActive: false }) },
      },
    ],
    notices: keys.flatMap((key) => expiryNotices({ ...key, userId: id })),
  }
}

async function extendUser(operation: ImportOperation, found: FoundItem, user: UserReference): Promise<Imported> {
  const { item, organization, additions } = found
  if (user.kind !== (item.kind ?? 'HUMAN')) throw new ConflictError(`${user.username} is a user of the other kind.`)
  if (typeof item.organization === 'string' && user.organizationId !== organization.id)
    throw new ConflictError(`${user.username} has another home organization, which is permanent.`)
  if (additions.roles.length === 0 && !makesWayIn(additions))
    return { userId: user.id, status: 'UNCHANGED', change: [], notices: [] }
  const { after, keys } = await add(operation, user, found)
  return {
    userId: user.id,
    status: 'UPDATED',
    change: [{ target: target('User', user), after }],
    notices: [
      ...(additions.passwordHash === null ? [] : [{ userId: user.id, kind: 'PASSWORD_SET' as const }]),
      ...keys.flatMap((key) => [
        { userId: user.id, kind: 'KEY_CREATED' as const, details: { label: key.label } },
        ...expiryNotices({ ...key, userId: user.id }),
      ]),
    ],
  }
}

/** Adds what the user lacks. Returns what the audit records of it, and the keys. */
async function add(
  { tx, caller, dryRun }: ImportOperation,
  { id }: { id: string; organizationId: string },
  { item, existing, additions }: FoundItem,
) {
  const { roles, sshKeys, apiKeys, passwordHash } = additions
  const mustChange = item.mustChangePassword ?? false
  if (existing && existing.id !== caller.userId && makesWayIn(additions)) await lockCredentials(tx, id)
  if (roles.length > 0) await grantRoles(tx, caller, id, roles)
  if (passwordHash !== null) await setPassword(tx, caller, id, { hash: passwordHash, mustChange })
  for (const key of sshKeys) await insertSshKey(tx, id, key)
  const keys = []
  for (const key of apiKeys) keys.push({ ...key, ...(await insertForeignKey(tx, caller, id, key, dryRun)) })
  const after = {
    ...(roles.length > 0 && { roles: describeRoles(roles) }),
    ...(passwordHash !== null && { password: 'set', mustChangePassword: mustChange }),
    ...(sshKeys.length > 0 && {
      sshKeys: sshKeys.map(({ type, fingerprint, comment }) => ({ type, fingerprint, comment })),
    }),
    ...(keys.length > 0 && {
      apiKeys: keys.map(({ id: keyId, label, expiresAt }) => ({ id: `key_${keyId}`, label, expiresAt })),
    }),
  }
  return { after, keys }
}
