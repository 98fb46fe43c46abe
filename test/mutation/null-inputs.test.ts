/** An explicit null never means more than was meant: where leaving a value out means more, null is refused. */
import { type GraphQLInputObjectType, getNullableType, isInputObjectType, isListType, isNonNullType } from 'graphql'
import { describe, expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { failInput } from '../support/change.ts'
import { CHANGES, makeWorld } from '../support/changes.ts'
import { withoutWriting } from '../support/rows.ts'
import { inputTypeOf } from './bad-input/inputs.ts'

const app = startApp()
const given = app.world(() => makeWorld(app))

/** The values whose absence means more: no end, no limits, every level, every organization, no change of a password that another user knows. */
const MEANS_MORE = [
  ...[
    'createWebhook.types',
    'createWebhook.organization',
    'updateWebhook.url',
    'updateWebhook.types',
    'updateWebhook.isPaused',
  ],
  ...['updateApiKey.label', 'updateApiKey.expiresAt', 'updateApiKey.limits'],
  ...['createApiKey.expiresAt', 'createApiKey.isReadOnly', 'createApiKey.limits', 'createRole.organization'],
  ...['createUser.roles.0.expiresAt', 'createServiceUser.roles.0.expiresAt', 'grantRoles.roles.0.expiresAt'],
  'setRoles.roles.0.expiresAt',
  ...['importUsers.items.0.roles.0.expiresAt', 'importUsers.items.0.apiKeys.0.expiresAt'],
  ...['importUsers.items.0.isActive', 'importUsers.items.0.mustChangePassword'],
  ...['grantControllerAccess.expiresAt', 'setControllerAccess.expiresAt', 'revokeControllerAccess.access'],
  ...['createUser.mustChangePassword', 'setUserPassword.mustChangePassword'],
  ...['grantModelAccess.expiresAt', 'setModelAccess.expiresAt', 'revokeModelAccess.access'],
  // Without its key a repetition would make the same again.
  ...CHANGES.map(({ name }) => `${name}.idempotencyKey`).filter((path) =>
    CHANGES.flatMap(({ name }) => optionalPaths(name)).includes(path),
  ),
]

/** The values whose absence means less, the caller, a default, or no change; null is the same or clears them. */
const MEANS_NO_MORE = [
  ...['addBasePermissions', 'addPermissions', 'apiKey', 'basePermissions', 'confirmPassword', 'credential', 'code'],
  ...['currentPassword', 'detachCredentials', 'displayName', 'email', 'endApiKeys', 'everywhere', 'fingerprint'],
  ...[
    'ifExists',
    'isAdmin',
    'key',
    'maxKeyTtl',
    'name',
    'organization',
    'overlapUntil',
    'password',
    'project',
    'reason',
  ],
  ...['removeBasePermissions', 'removePermissions', 'roles', 'title', 'tokenTtl', 'type', 'user', 'username'],
  ...[
    'withApiKey',
    'apiKeys',
    'kind',
    'onError',
    'passwordHash',
    'sshKeys',
    'label',
    'secret',
    'sha256',
    'description',
  ],
]
/** A suspension without an end means less for its user. */
const SUSPENSION = 'disableUser.expiresAt'

describe('a value that may be left out', () => {
  test('is known to mean more, or to mean no more', () => {
    const unknown = CHANGES.flatMap(({ name }) => optionalPaths(name)).filter(
      (path) =>
        !MEANS_MORE.includes(path) && path !== SUSPENSION && !MEANS_NO_MORE.includes(path.split('.').at(-1) ?? ''),
    )

    expect([...new Set(unknown)]).toEqual([])
  })

  test.each(MEANS_MORE)('%s is refused as null, and nothing is written', async (path) => {
    const [name = '', ...keys] = path.split('.')
    const sample = CHANGES.find((change) => change.name === name)
    const input = structuredClone(sample?.input(given())) ?? {}
    const holder = keys
      .slice(0, -1)
      .reduce<Record<string, unknown>>(
        (value, key) => value[key] as Record<string, unknown>,
        input as Record<string, unknown>,
      )
    holder[keys.at(-1) ?? ''] = null

    await withoutWriting(app, () => failInput(app.root, [keys.join('.')], name, input))
  })
})

/** The paths of the values that an input can be without, also those of the items of its lists. */
function optionalPaths(name: string): string[] {
  const given = inputTypeOf(name)
  const type = given && getNullableType(given)
  return isInputObjectType(type) ? optionalFields(name, type) : []
}

function optionalFields(path: string, type: GraphQLInputObjectType): string[] {
  return Object.values(type.getFields()).flatMap((field) => {
    const own = isNonNullType(field.type) ? [] : [`${path}.${field.name}`]
    const list = getNullableType(field.type)
    const item = isListType(list) ? getNullableType(list.ofType) : null
    return isInputObjectType(item) ? [...own, ...optionalFields(`${path}.${field.name}.0`, item)] : own
  })
}

test('the table of values names only what there is', () => {
  const paths = CHANGES.flatMap(({ name }) => optionalPaths(name))

  expect(MEANS_MORE.filter((path) => !paths.includes(path))).toEqual([])
})
