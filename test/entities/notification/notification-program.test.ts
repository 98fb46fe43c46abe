// Runs with whole servers.
/** The variables of mail, and the program that sends it: `serve` with SMTP_URL, killed and started again. */
import { describe, expect, test, vi } from 'vitest'
import { readConfig } from '../../../src/config.ts'
import { ConfigError } from '../../../src/variables.ts'
import { changeDocument } from '../../support/change.ts'
import { openMailbox } from '../../support/mailbox.ts'
import { wordsOf } from '../../support/notifications.ts'
import { ask, createStore, type Program, runCommand, startProgram } from '../../support/program.ts'
import { ROOT_KEY } from '../../support/root-key.ts'

// Processes start slowly where many tests run beside this one.
vi.setConfig({ testTimeout: 120_000 })

const mailbox = await openMailbox()
const MAIL = {
  SMTP_URL: mailbox.settings.smtpUrl ?? '',
  MAIL_FROM: mailbox.settings.mailFrom ?? '',
  MAIL_RETRY_SECONDS: '1',
  ROOT_API_KEY: ROOT_KEY,
}

async function createUser(program: Program, username: string) {
  const input = { username, email: `${username}@example.test`, withApiKey: false }
  const { data } = await ask(program, ROOT_KEY, changeDocument('createUser'), { input })
  expect(data.createUser.__typename).toBe('CreateUserPayload')
}

describe('the variables of mail', () => {
  const SMTP_URL = 'smtps://user:hunter2hunter2@mail.example.test:465'
  const MAIL_FROM = 'chatelaine@example.test'

  test('are read unchanged, and without them no mail is sent', () => {
    const { smtpUrl, mailFrom, mailRetrySeconds } = readConfig({ SMTP_URL, MAIL_FROM })
    const none = readConfig({})

    expect({ smtpUrl, mailFrom, mailRetrySeconds }).toEqual({
      smtpUrl: SMTP_URL,
      mailFrom: MAIL_FROM,
      mailRetrySeconds: 30,
    })
    expect([none.smtpUrl, none.mailFrom, none.mailRetrySeconds]).toEqual([null, null, 30])
  })

  test.each([
    'chatelaine@example.test',
    '<chatelaine@example.test>',
    'Chatelaine <chatelaine@example.test>',
    '"Chatelaine, Müller & Co." <chatelaine@münchen.test>',
  ])('take a sender with a display name or without: %s', (sender) => {
    expect(readConfig({ SMTP_URL, MAIL_FROM: sender }).mailFrom).toBe(sender)
  })

  test.each([
    ['SMTP_URL', { SMTP_URL: 'https://user:hunter2hunter2@mail.example.test', MAIL_FROM }],
    ['SMTP_URL', { SMTP_URL: 'mail.example.test', MAIL_FROM }],
    ['MAIL_FROM', { SMTP_URL }],
    ['MAIL_FROM', { SMTP_URL, MAIL_FROM: 'nobody' }],
    ['MAIL_FROM', { SMTP_URL, MAIL_FROM: 'Nobody <nobody>' }],
    ['MAIL_FROM', { SMTP_URL, MAIL_FROM: 'Chatelaine <a@example.test>, b@example.test' }],
    ['MAIL_FROM', { SMTP_URL, MAIL_FROM: 'Chatelaine <a@example.test> <b@example.test>' }],
    ['MAIL_FROM', { SMTP_URL, MAIL_FROM: 'Team: a@example.test;' }],
    ['MAIL_FROM', { SMTP_URL, MAIL_FROM: 'Chatelaine\r\nBcc: b@example.test <a@example.test>' }],
    ['MAIL_RETRY_SECONDS', { SMTP_URL, MAIL_FROM, MAIL_RETRY_SECONDS: '0' }],
    ['MAIL_RETRY_SECONDS', { MAIL_RETRY_SECONDS: '3601' }],
  ])('stop the start where %s is wrong, and the error repeats no password: %j', (name, environment) => {
    let thrown: unknown
    try {
      readConfig(environment)
    } catch (error) {
      thrown = error
    }

    expect(thrown).toBeInstanceOf(ConfigError)
    expect((thrown as ConfigError).message).toMatch(new RegExp(`^${name} must `))
    expect((thrown as ConfigError).message).not.toContain('hunter2')
  })
})

describe('the program', () => {
  test('sends the mails that were queued before it was killed, and those of commands', async () => {
    const environment = { ...(await createStore()), ...MAIL }
    const before = mailbox.mails.length
    await mailbox.leave()
    const killed = await startProgram(environment)
    await createUser(killed, 'bob')
    await killed.stop('SIGKILL')
    const command = ['create-user', 'carol', '--email', 'carol@example.test', '--with-api-key', 'false']
    const { code, stderr } = await runCommand(command, environment)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    await mailbox.comeBack()

    const program = await startProgram(environment)
    const mails = (await mailbox.waitFor(before + 2)).slice(before)
    const ended = await program.stop()

    expect(mails.map(wordsOf).sort()).toEqual([
      'bob@example.test | Chatelaine: user created, bob | The user bob was created. | root',
      'carol@example.test | Chatelaine: user created, carol | The user carol was created. | the operator',
    ])
    expect({ code: ended.code, stderr: ended.stderr }).toEqual({ code: 0, stderr: '' })
    expect(ended.stdout).not.toContain('SMTP_URL')
  })

  test('sends mails with the display name and the address of MAIL_FROM', async () => {
    const sender = 'Chatelaine <chatelaine@example.test>'
    const program = await startProgram({ ...(await createStore()), ...MAIL, MAIL_FROM: sender })
    const before = mailbox.mails.length

    await createUser(program, 'dora')

    const [mail] = (await mailbox.waitFor(before + 1)).slice(before)
    expect([mail?.from, mail?.headers.from]).toEqual(['chatelaine@example.test', sender])
  })

  test('says that it sends no mail where SMTP_URL is not set', async () => {
    const program = await startProgram({ ...(await createStore()), ROOT_API_KEY: ROOT_KEY })
    const { stdout } = await program.stop()

    expect(stdout).toContain('SMTP_URL is not set: notifications are kept, and not sent.\n')
  })
})
