/** A mail server: it keeps what it takes, refuses when told to, goes away and comes back at the same port. */
import type { AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'
import { afterAll, expect, vi } from 'vitest'
import type { Config } from '../../src/config.ts'
import { toldElsewhere } from './secrets.ts'

/** A mail as it arrived. */
export interface Mail {
  /** The addresses of the envelope. */
  from: string
  to: string[]
  /** By lower-case name; unfolded. */
  headers: Record<string, string>
  text: string
  /** Every byte of it. */
  raw: string
}

export interface Mailbox {
  /** What a server of the tests needs to send its mails here. */
  readonly settings: Pick<Config, 'smtpUrl' | 'mailFrom' | 'mailRetrySeconds'>
  /** What was taken, in the order of arrival. */
  readonly mails: Mail[]
  /** Mails that come next are refused with these codes, one after the other. */
  refuseNext(...codes: number[]): void
  /** Recipients that come next are refused with these codes, one after the other. */
  refuseNextRecipients(...codes: number[]): void
  /** Takes no connections any more. */
  leave(): Promise<void>
  /** Where it is there already it stays. */
  comeBack(): Promise<void>
  /** Waits until so many mails are there, and gives them all. */
  waitFor(count: number): Promise<Mail[]>
}

/** How long a mail may take: pg-boss looks every two seconds, and the machine may be busy. */
export const MAIL_TIMEOUT = { timeout: 60_000, interval: 50 }

/** Listens at a free port until the tests of the file have ended. */
export async function openMailbox(): Promise<Mailbox> {
  const mails: Mail[] = []
  const refusals: Refusals = { mails: [], recipients: [] }
  let server: SMTPServer | null = createServer(mails, refusals)
  const port = await listenAt(server, 0)
  async function leave() {
    const closing = server
    server = null
    if (closing) await new Promise<void>((resolve) => closing.close(resolve))
  }
  afterAll(leave)
  return {
    settings: { smtpUrl: `smtp://127.0.0.1:${port}`, mailFrom: 'chatelaine@example.test', mailRetrySeconds: 1 },
    mails,
    refuseNext(...codes) {
      refusals.mails.push(...codes)
    },
    refuseNextRecipients(...codes) {
      refusals.recipients.push(...codes)
    },
    leave,
    async comeBack() {
      if (server) return
      server = createServer(mails, refusals)
      await listenAt(server, port)
    },
    async waitFor(count) {
      await vi.waitFor(() => expect(mails.length).toBeGreaterThanOrEqual(count), MAIL_TIMEOUT)
      return [...mails]
    },
  }
}

/** The codes with which what comes next is refused. */
interface Refusals {
  mails: number[]
  recipients: number[]
}

function refusal(responseCode: number): Error {
  return Object.assign(new Error('Not now.'), { responseCode })
}

/** It needs no password, and refuses every password that is given. */
function createServer(mails: Mail[], refusals: Refusals): SMTPServer {
  return new SMTPServer({
    authOptional: true,
    allowInsecureAuth: true,
    disabledCommands: ['STARTTLS'],
    closeTimeout: 1000,
    onAuth(_auth, _session, answer) {
      answer(refusal(535))
    },
    onRcptTo(_address, _session, answer) {
      const code = refusals.recipients.shift()
      answer(code ? refusal(code) : null)
    },
    onData(stream, { envelope }, answer) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        const code = refusals.mails.shift()
        if (code) return answer(refusal(code))
        const from = envelope.mailFrom ? envelope.mailFrom.address : ''
        const to = envelope.rcptTo.map(({ address }) => address)
        const mail = readMail(Buffer.concat(chunks).toString('latin1'))
        mails.push({ from, to, ...mail })
        toldElsewhere.push(mail.raw, mail.text)
        answer()
      })
    },
  })
}

function listenAt(server: SMTPServer, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    const socket = server.listen(port, '127.0.0.1', () => resolve((socket.address() as AddressInfo).port))
  })
}

function readMail(raw: string): Pick<Mail, 'headers' | 'text' | 'raw'> {
  const end = raw.indexOf('\r\n\r\n')
  const lines = raw
    .slice(0, end)
    .replace(/\r\n[ \t]/g, ' ')
    .split('\r\n')
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  )
  const body = decode(raw.slice(end + 4), headers['content-transfer-encoding'] ?? '7bit')
  // RFC 3676: where a line ends with a blank it goes on.
  const text = /format=flowed/.test(headers['content-type'] ?? '') ? body.replace(/ \r\n/g, ' ') : body
  return { headers, text: text.replace(/\r\n/g, '\n'), raw }
}

function decode(body: string, encoding: string): string {
  if (encoding === 'base64') return Buffer.from(body, 'base64').toString()
  if (encoding !== 'quoted-printable') return body
  const bytes = body
    .replace(/=\r\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_text, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1').toString()
}
