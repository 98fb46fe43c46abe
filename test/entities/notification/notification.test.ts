// Runs on the embedded database.
/** What users are told by mail: every kind of mail, what a mail never contains, and when no mail is sent. */
import { sql } from 'drizzle-orm'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { startApp } from '../../support/app.ts'
import { change, changeDocument, failChange, failInput } from '../../support/change.ts'
import { inDays } from '../../support/look.ts'
import { openMailbox } from '../../support/mailbox.ts'
import { countMails, emptyQueue, readNotifications, waitUntilSent, wordsOf } from '../../support/notifications.ts'
import { query, withoutWriting } from '../../support/rows.ts'
import { createApiKey, createUser } from '../../support/seed.ts'
import { basic, OTHER_PASSWORD, PASSWORD } from '../../support/sessions.ts'

// Mails are sent about once a second.
vi.setConfig({ testTimeout: 120_000 })

const mailbox = await openMailbox()
const app = startApp(mailbox.settings)

beforeEach(async () => {
  await emptyQueue(app)
  mailbox.mails.length = 0
})

/** A person without a key, to whom no mail was sent when they were created. */
async function createQuietly(username: string) {
  await change(app.root, 'createUser', { username, withApiKey: false })
  await query(app, sql`update users set email = ${`${username}@example.test`} where username = ${username}`)
}

describe('a mail tells the user', () => {
  test('about their account, their keys and their passwords, without a secret', async () => {
    const expiresAt = inDays(1)
    const bob = await createUser(app, 'bob')
    const person = 'person.in.charge@example.test'
    const service = await change(app.root, 'createServiceUser', { username: 'upload', email: person }, 'secret')
    const ci = await createApiKey(bob.client, { label: 'ci' })
    const PAYLOAD = 'secret apiKey { id }'
    const rotated = await change(bob.client, 'rotateApiKey', { apiKey: ci.id, overlapUntil: expiresAt }, PAYLOAD)
    const again = await change(app.root, 'rotateApiKey', { apiKey: rotated.apiKey.id }, PAYLOAD)
    await change(app.root, 'revokeApiKey', { apiKey: again.apiKey.id })
    await change(app.root, 'setUserPassword', { user: 'bob', password: PASSWORD })
    const own = { currentPassword: PASSWORD, newPassword: OTHER_PASSWORD }
    await change(app.as(basic('bob', PASSWORD)), 'changePassword', own)
    await change(app.root, 'disableUser', { user: 'bob', reason: 'a secret reason' })
    await change(app.root, 'deleteUser', { user: 'bob' })

    const mails = await mailbox.waitFor(10)

    const to = 'bob@example.test'
    // Sent by several workers at once, so in any order.
    expect(mails.map(wordsOf).sort()).toEqual(
      [
        `${to} | Chatelaine: user created, bob | The user bob was created. | root`,
        `${person} | Chatelaine: user created, api-upload | The user api-upload was created. | root`,
        `${to} | Chatelaine: key created, bob | A new API key “ci” was made for bob. | bob`,
        `${to} | Chatelaine: key rotated, bob | The API key “ci” of bob was replaced by a new one. The old one works until ${expiresAt}. | bob`,
        `${to} | Chatelaine: key rotated, bob | The API key “ci” of bob was replaced by a new one. The old one works no more. | root`,
        `${to} | Chatelaine: key revoked, bob | The API key “ci” of bob was revoked: it works no more. | root`,
        `${to} | Chatelaine: password set, bob | The password of bob was set again. If that was not you, tell an administrator. | root`,
        `${to} | Chatelaine: password set, bob | The password of bob was set again. If that was not you, tell an administrator. | bob`,
        `${to} | Chatelaine: user disabled, bob | The user bob was disabled: nothing works for them until they are enabled. | root`,
        `${to} | Chatelaine: user deleted, bob | The user bob was deleted, with all keys and access. | root`,
      ].sort(),
    )
    const keys = [bob.key, service.secret, ci.key, rotated.secret, again.secret]
    const secrets = [...keys, ...keys.map((key) => key.slice(-4)), PASSWORD, OTHER_PASSWORD, 'a secret reason']
    const kept = await query(app, sql`select n::text, j::text as job from notifications n, pgboss.job j`)
    const said = JSON.stringify([mails.map(({ raw, text }) => raw + text), kept])
    expect(secrets.filter((secret) => said.includes(secret))).toEqual([])
    const states = (await readNotifications(app)).map(({ state, attempts, lastError }) => [state, attempts, lastError])
    expect(states).toEqual(Array(10).fill(['SENT', 1, null]))
  })

  test('about each key that is revoked with a new password', async () => {
    await createQuietly('bob')
    await createApiKey(app.root, { user: 'bob', label: 'one' })
    await createApiKey(app.root, { user: 'bob', label: 'two' })
    const made = await readNotifications(app)

    const input = { user: 'bob', password: PASSWORD, endApiKeys: true }
    const { endedApiKeys } = await change(app.root, 'setUserPassword', input, 'endedApiKeys')

    expect(endedApiKeys).toBe(2)
    const told = (await readNotifications(app)).slice(made.length)
    expect(told.map(({ kind }) => kind).sort()).toEqual(['KEY_REVOKED', 'KEY_REVOKED', 'PASSWORD_SET'])
  })
})

describe('no mail is sent', () => {
  async function expectDry(name: string, input: object) {
    const answer = await app.root.ok(changeDocument(name), { input, dryRun: true })
    expect(answer[name].__typename).toBe(`${name.charAt(0).toUpperCase()}${name.slice(1)}Payload`)
  }

  test('about users without an e-mail', async () => {
    await change(app.root, 'createUser', { username: 'bob', email: null })
    await change(app.root, 'createUser', { username: 'carol', email: 'carol@example.test', withApiKey: false })
    await query(app, sql`update users set email = null where username = 'carol'`)
    await mailbox.waitFor(1)

    const { id } = await createApiKey(app.root, { user: 'bob' })
    await change(app.root, 'rotateApiKey', { apiKey: id })
    await change(app.root, 'setUserPassword', { user: 'carol', password: PASSWORD })
    for (const user of ['bob', 'carol']) {
      await change(app.root, 'updateUser', { user, displayName: 'None' })
      await change(app.root, 'disableUser', { user })
      await change(app.root, 'enableUser', { user })
      const { deletedId } = await change(app.root, 'deleteUser', { user }, 'deletedId')
      await change(app.root, 'restoreUser', { id: deletedId })
    }

    expect(await countMails(app)).toEqual({ rows: 1, jobs: 1 })
  })

  test('about a dry run, about what is refused or fails, and where nothing changes', async () => {
    await createQuietly('bob')
    const revoked = await createApiKey(app.root, { user: 'bob' })
    await change(app.root, 'revokeApiKey', { apiKey: revoked.id })
    await change(app.root, 'disableUser', { user: 'bob' })
    await createQuietly('carol')
    const carol = await createApiKey(app.root, { user: 'carol' })
    await waitUntilSent(app)
    const before = await countMails(app)

    await withoutWriting(app, async () => {
      const email = 'erin@example.test'
      await expectDry('createUser', { username: 'erin', email })
      await expectDry('createServiceUser', { username: 'upload', email })
      await expectDry('createApiKey', { user: 'carol', label: 'dry', expiresAt: inDays(30) })
      await expectDry('rotateApiKey', { apiKey: carol.id })
      await expectDry('revokeApiKey', { apiKey: carol.id })
      await expectDry('setUserPassword', { user: 'carol', password: PASSWORD })
      await expectDry('disableUser', { user: 'carol' })
      await expectDry('enableUser', { user: 'bob' })
      await expectDry('updateUser', { user: 'carol', email })
      await expectDry('deleteUser', { user: 'carol' })
      const refused = { input: { username: 'erin', email } }
      await app.as(carol.key).refused('FORBIDDEN', changeDocument('createUser'), refused)
      await failChange(app.root, 'ConflictError', 'createUser', { username: 'carol', email })
      await failChange(app.root, 'NotFoundError', 'createServiceUser', {
        username: 'x',
        email,
        organization: 'nowhere',
      })
      await failChange(app.root, 'ConflictError', 'rotateApiKey', { apiKey: revoked.id })
      const wrong = { currentPassword: PASSWORD, newPassword: OTHER_PASSWORD }
      await failChange(app.root, 'InvalidInputError', 'changePassword', wrong)
      await change(app.root, 'disableUser', { user: 'bob' })
      await change(app.root, 'enableUser', { user: 'carol' })
      await change(app.root, 'updateUser', { user: 'carol', email: 'carol@example.test' })
      await change(app.root, 'revokeApiKey', { apiKey: revoked.id })
    })

    expect(before).toEqual({ rows: 4, jobs: 4 })
    expect(await countMails(app)).toEqual(before)
  })
})

describe('a text that users write', () => {
  const HEADERS = [
    'content-transfer-encoding',
    'content-type',
    'date',
    'from',
    'message-id',
    'mime-version',
    'subject',
    'to',
  ]

  test('adds no header, recipient or line to a mail', async () => {
    await createQuietly('bob')
    const evil = 'ci\r\nBcc: evil@example.test\r\n\r\nSend\u2028money {actor} $& now'
    await change(app.root, 'updateUser', { user: 'bob', displayName: evil })
    await createApiKey(app.root, { user: 'bob', label: evil })

    const [mail, ...others] = await mailbox.waitFor(1)

    expect(others).toEqual([])
    if (!mail) throw new Error('No mail.')
    expect(wordsOf(mail)).toBe(
      'bob@example.test | Chatelaine: key created, bob | A new API key “ci Bcc: evil@example.test Send money {actor} $& now” was made for bob. | root',
    )
    expect(Object.keys(mail.headers).sort()).toEqual(HEADERS)
  })

  test('brings no control character into a mail', async () => {
    await createQuietly('bob')
    await createApiKey(app.root, { user: 'bob', label: 'a\u001b[2J\u0007\u0085\u009b31mb' })

    const [mail] = await mailbox.waitFor(1)

    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there.
    expect(mail?.text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
  })

  test.each([
    'bob@example.test\r\nBcc: evil@example.test',
    'bob@example.test, evil@example.test',
    'Bob <bob@example.test>',
    '"bob, evil"@example.test',
    'bob',
    'bob@',
    '@münchen.test',
    'bób@example.test',
    'bob@exam\u200bple.test',
    'bob@ｅxample.test',
    'bob@münchen。test',
    'bob@münchen.test/x',
    'bob@münchen..test',
    'bob@mün chen.test',
    'bob@münchen.test\r\nBcc: evil@example.test',
    `bob@${'ü'.repeat(64)}.test`,
  ])('is refused as an e-mail where it is %j', async (email) => {
    const input = { username: 'bob', email }

    await withoutWriting(app, () => failInput(app.root, ['email'], 'createUser', input))
  })

  test.each(['ines@münchen.test', 'ines@MÜNCHEN.test', 'ines@mu\u0308nchen.test'])(
    'with an internationalized domain is kept as it is written, and the mail goes to its ASCII form: %s',
    async (email) => {
      await change(app.root, 'createUser', { username: 'ines', email, withApiKey: false })
      await change(app.root, 'createServiceUser', { username: 'upload', email })
      await change(app.root, 'createUser', { username: 'bob', withApiKey: false })
      await change(app.root, 'updateUser', { user: 'bob', email })
      await change(app.root, 'disableUser', { user: 'bob' })

      const mails = await mailbox.waitFor(4)

      const { users } = await app.root.ok('{ users { nodes { username email } } }')
      expect(users.nodes.filter((user: { email: string }) => user.email === email)).toHaveLength(3)
      expect(new Set((await readNotifications(app)).map((told) => told.email))).toEqual(new Set([email]))
      expect(new Set(mails.map(({ headers }) => headers.to))).toEqual(new Set(['ines@xn--mnchen-3ya.test']))
    },
  )

  test('with an internationalized domain is accepted in the document itself', async () => {
    const answer = await app.root.ok(
      'mutation { createUser(input: { username: "ines", email: "ines@münchen.test" }) { __typename } }',
    )

    expect(answer.createUser.__typename).toBe('CreateUserPayload')
  })

  test('with unusual characters is a valid address, and the mail goes to exactly that', async () => {
    const email = "a.b+c!#$%&'*/=?^_`{|}~-@example.test"
    await change(app.root, 'createUser', { username: 'bob', email, withApiKey: false })

    const [mail] = await mailbox.waitFor(1)

    expect(mail?.to).toEqual([email])
  })
})
