/** Imports users of another system. */

import { inOrganization } from '../../authority/caller.ts'
import { guard } from '../../authority/guard.ts'
import { runStatement } from '../../db/database.ts'
import {
  ConflictError,
  DomainError,
  InvalidInputError,
  MissingAuthorityError,
  NotFoundError,
  RaceLostError,
} from '../../errors.ts'
import { builder } from '../../graphql/builder.ts'
import { ErrorCodeEnum } from '../../graphql/errors.ts'
import { noteRefusal } from '../../mutation/answer-error.ts'
import { mutation } from '../../mutation/declare.ts'
import type { Made, Operation } from '../../mutation/run.ts'
import { target } from '../audit/targets.ts'
import type { Notice } from '../notification/operations.ts'
import { type ImportedUser, ImportedUserInput, itemIssues, nameOf } from './import-inputs.ts'
import { grantedByItems, importItem } from './import-item.ts'
import { type FailedItem, type FoundItem, findItems } from './import-lookup.ts'

interface Result {
  index: number
  /** Null where the item failed. */
  userId: string | null
  username: string
  status: 'CREATED' | 'UPDATED' | 'UNCHANGED' | 'FAILED'
  error: DomainError | null
}

const OnImportError = builder.enumType('OnImportError', {
  description: 'What happens where an item of an import fails.',
  values: {
    STOP: { description: 'Nothing is imported; the error names the item.' },
    SKIP: { description: 'The item is left out, and its result has the error. All other items are imported.' },
  },
})

const ImportStatus = builder.enumType('ImportStatus', {
  description: 'The outcome of one item of an import.',
  values: {
    CREATED: { description: 'The user was created.' },
    UPDATED: { description: 'The user existed already, and what they lacked was added.' },
    UNCHANGED: { description: 'The user existed already, with everything that the item gives.' },
    FAILED: { description: 'Nothing of the item was imported, for the reason in `code` and `message`.' },
  },
})

const ImportResult = builder.objectRef<Result>('ImportUserResult').implement({
  description: 'The outcome of one item of an import.',
  authScopes: { signedIn: true },
  fields: (t) => ({
    index: t.exposeInt('index', { nullable: false, description: 'The position of the item in the input, from 0.' }),
    username: t.exposeString('username', { nullable: false, description: 'The username of the item.' }),
    userId: t.id({
      nullable: true,
      description: 'The id of the user; null where the item was not imported.',
      resolve: ({ userId }) => userId && `user_${userId}`,
    }),
    status: t.field({
      type: ImportStatus,
      nullable: false,
      description: 'The outcome: whether the user was created, updated, left as they were, or not imported.',
      resolve: ({ status }) => status,
    }),
    code: t.field({
      type: ErrorCodeEnum,
      nullable: true,
      description: 'The kind of the error; null where the item was imported.',
      resolve: ({ error }) => error?.code ?? null,
    }),
    message: t.string({
      nullable: true,
      description: 'The error in words, for people; null where the item was imported.',
      resolve: ({ error }) => error?.message ?? null,
    }),
    path: t.stringList({
      nullable: true,
      description:
        'The position in the input that the error is about, like `["items", "3", "roles", "0", "role"]`; null where the item was imported or the error is about all of it.',
      resolve: ({ error }) => pathOf(error),
    }),
  }),
})

function pathOf(error: DomainError | null): string[] | null {
  if (error instanceof NotFoundError) return error.path.split('.')
  return error instanceof InvalidInputError ? (error.issues[0]?.path.split('.') ?? null) : null
}

mutation({
  name: 'importUsers',
  description:
    'Imports users of another system, with their roles, SSH keys, API keys and the hash of their password: at most 100 at once. It can be repeated: what is there already stays as it is, and nothing is removed. A user that is created gets no mail. The caller must hold everything that is granted, and everything that the users hold who get a key or a password.',
  input: (t) => ({
    items: t.field({ type: [ImportedUserInput], required: true, description: 'The users, at most 100.' }),
    onError: t.field({ type: OnImportError, description: 'What happens where an item fails; STOP by default.' }),
  }),
  payload: (p) => ({
    results: p.value([ImportResult], 'The outcome of each item, in the order of the input.'),
  }),
  longTexts: ['items.sshKeys'],
  check: ({ items, onError }) => [
    ...(items.length === 0 ? [{ path: 'items', message: 'Give at least one user.' }] : []),
    ...(onError === 'SKIP' ? [] : items.flatMap((item, index) => itemIssues(`items.${index}`, item))),
  ],
  find: (finder, input) => ({ items: findItems(finder, input) }),
  target: ({ items }) => {
    const [organization, ...others] = new Map(
      foundOf(items).map((one) => [one.organization.id, one.organization]),
    ).values()
    return organization && others.length === 0 ? target('Organization', organization) : null
  },
  may: (by) =>
    by.notAgainstAdministrator(
      by.both(
        by.permission('users.manage', 'in the organization of every user', ({ items }) => foundOf(items).map(homeOf)),
        by.permission('roles.grant', 'on the scope of every given role', ({ items }) =>
          foundOf(items).flatMap(({ roles }) => roles),
        ),
      ),
      ({ items }) => foundOf(items).find(({ existing }) => existing?.isAdministrator)?.existing ?? NOBODY,
    ),
  grants: ({ refs, caller, input }) => (input.onError === 'SKIP' ? null : grantedByItems(caller, foundOf(refs.items))),
  touchesCredentials: ({ items }) => items.some(hasCredentials),
  makesWayIn: ({ items }) => items.some(({ passwordHash, sshKeys }) => passwordHash || (sshKeys ?? []).length > 0),
  errors: ['CONFLICT'],
  async run(operation) {
    const { tx, caller, input, refs } = operation
    const isGuarded = input.onError !== 'SKIP' || (await mayGrantAll(operation, foundOf(refs.items)))
    const [results, change, notices]: [Result[], Made[], Notice[]] = [[], [], []]
    for (const one of refs.items) {
      const { index, item } = one
      const put = async (): Promise<Done> => {
        if ('error' in one) throw one.error
        if (!isGuarded) await guard(tx, caller, grantedByItems(caller, [one]))
        return importItem(operation, one)
      }
      const done = input.onError === 'SKIP' ? await attempt(operation, one, put) : await put().catch(namingItem(one))
      const { userId = null, status = 'FAILED', error = null } = done
      results.push({ index, username: nameOf(item), userId, status, error })
      change.push(...(done.change ?? []))
      notices.push(...(done.notices ?? []))
    }
    return { values: { results }, change, notices }
  },
})

/** The user that a rule asks about where no user exists yet. */
const NOBODY = { id: '', organizationId: '', isAdministrator: false }

type Items = (FoundItem | FailedItem)[]

function foundOf(items: Items): FoundItem[] {
  return items.filter((one): one is FoundItem => !('error' in one))
}

function homeOf({ existing, organization }: FoundItem) {
  return inOrganization(existing?.organizationId ?? organization.id)
}

function hasCredentials({ passwordHash, sshKeys, apiKeys }: ImportedUser): boolean {
  return typeof passwordHash === 'string' || (sshKeys ?? []).length > 0 || (apiKeys ?? []).length > 0
}

/** Asks the escalation guard about all items at once: only where it refuses, each item is asked about by itself. */
async function mayGrantAll({ tx, caller }: Pick<Operation<unknown, unknown>, 'tx' | 'caller'>, items: FoundItem[]) {
  try {
    await guard(tx, caller, grantedByItems(caller, items))
    return true
  } catch (error) {
    if (error instanceof MissingAuthorityError) return false
    throw error
  }
}

type Done = Partial<Awaited<ReturnType<typeof importItem>>> & { error?: DomainError }

/** Imports one item, or nothing of it where it fails. */
async function attempt(
  { ctx, tx, dryRun }: Pick<Operation<unknown, unknown>, 'ctx' | 'tx' | 'dryRun'>,
  { item }: FoundItem | FailedItem,
  put: () => Promise<Done>,
): Promise<Done> {
  await runStatement(tx, 'savepoint item', [], false)
  try {
    const done = await put()
    await runStatement(tx, 'release savepoint item', [], false)
    return done
  } catch (error) {
    if (!(error instanceof DomainError)) throw error
    await runStatement(tx, 'rollback to savepoint item; release savepoint item', [], false)
    noteRefusal('importUsers', ctx, { input: { user: nameOf(item) }, isDryRun: dryRun }, error)
    return { error }
  }
}

/** Names the item in a conflict, which has no path. Another call may have created the user meanwhile: then there is less to do. */
function namingItem(one: FoundItem | FailedItem) {
  return (error: unknown): never => {
    if (!(error instanceof ConflictError)) throw error
    const conflict = new ConflictError(`items.${one.index} (${nameOf(one.item)}): ${error.message}`)
    throw 'existing' in one && one.existing === null ? new RaceLostError(conflict) : conflict
  }
}
