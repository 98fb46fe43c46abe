/** The mails about the account of a user: that it works again, and that its address was changed. */
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { startApp } from '../../support/app.ts'
import { change } from '../../support/change.ts'
import { openMailbox } from '../../support/mailbox.ts'
import { emptyQueue, readNotifications, wordsOf } from '../../support/notifications.ts'

// Mails are sent about once a second.
vi.setConfig({ testTimeout: 120_000 })

const mailbox = await openMailbox()
const app = startApp(mailbox.settings)

beforeEach(async () => {
  await change(app.root, 'createUser', { username: 'bob', email: 'bob@example.test', withApiKey: false })
  await change(app.root, 'createServiceUser', { username: 'upload', email: 'old@example.test' })
  await emptyQueue(app)
  mailbox.mails.length = 0
})

/** The texts of so many mails that were sent, in the order of their texts. */
async function readMails(count: number): Promise<string[]> {
  const mails = await mailbox.waitFor(count)
  expect(mails).toHaveLength(count)
  return mails.map(wordsOf).sort()
}

describe('a mail tells the user', () => {
  test('that they were enabled', async () => {
    await change(app.root, 'disableUser', { user: 'bob' })
    await mailbox.waitFor(1)
    mailbox.mails.length = 0

    await change(app.root, 'enableUser', { user: 'bob' })

    expect(await readMails(1)).toEqual([
      'bob@example.test | Chatelaine: user enabled, bob | The user bob was enabled: what they hold counts again. | root',
    ])
  })

  test('that they were restored, with the name that they have then', async () => {
    const { deletedId } = await change(app.root, 'deleteUser', { user: 'bob' }, 'deletedId')
    await mailbox.waitFor(1)
    mailbox.mails.length = 0

    await change(app.root, 'restoreUser', { id: deletedId, username: 'robert' })

    expect(await readMails(1)).toEqual([
      'bob@example.test | Chatelaine: user restored, robert | The user robert was restored: nothing works for them until they are enabled. | root',
    ])
  })
})

describe('a mail about a changed e-mail address', () => {
  const told = (address: string, username: string) =>
    `${address} | Chatelaine: email changed, ${username} | The e-mail address of ${username} was changed. If that was not expected, tell an administrator. | root`

  test('goes to the new address and to the old one, and neither mail contains the other address', async () => {
    await change(app.root, 'updateUser', { user: 'bob', email: 'robert@example.test' })

    expect(await readMails(2)).toEqual([told('bob@example.test', 'bob'), told('robert@example.test', 'bob')])
    const texts = new Map(mailbox.mails.map(({ to, text, raw }) => [to[0], { text, raw }]))
    const former = texts.get('bob@example.test')
    const current = texts.get('robert@example.test')
    expect(former?.text).toContain('your address was that of the person in charge until this change.\n')
    expect(former?.raw).not.toContain('robert@')
    expect(current?.text).toContain('your address is that of the person in charge.\n')
    expect(current?.raw).not.toContain('bob@')
    const [first, second] = (await readNotifications(app)).slice(-2)
    expect([first?.email, second?.email].sort()).toEqual(['bob@example.test', 'robert@example.test'])
  })

  test('goes to both persons in charge of a service user', async () => {
    await change(app.root, 'updateUser', { user: 'api-upload', email: 'new@example.test' })

    expect(await readMails(2)).toEqual([told('new@example.test', 'api-upload'), told('old@example.test', 'api-upload')])
  })

  test('goes to both where createServiceUser updates the user', async () => {
    const input = { username: 'upload', email: 'new@example.test', ifExists: 'UPDATE' }
    await change(app.root, 'createServiceUser', input)
    await change(app.root, 'createServiceUser', { ...input, displayName: 'The same address' })

    expect(await readMails(2)).toEqual([told('new@example.test', 'api-upload'), told('old@example.test', 'api-upload')])
    expect(await readNotifications(app)).toHaveLength(4)
  })

  test('goes to the old address where the address is removed, and to the new one where there was none', async () => {
    await change(app.root, 'updateUser', { user: 'bob', email: null })
    expect(await readMails(1)).toEqual([told('bob@example.test', 'bob')])
    mailbox.mails.length = 0

    await change(app.root, 'updateUser', { user: 'bob', email: 'robert@example.test' })

    expect(await readMails(1)).toEqual([told('robert@example.test', 'bob')])
  })
})
