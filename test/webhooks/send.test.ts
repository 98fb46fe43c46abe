/** To which addresses something is sent, and what is read of an answer. */
import type { AddressInfo, Socket } from 'node:net'
import { createServer } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { addressProblem, urlProblem } from '../../src/webhook-address.ts'
import { type Network, sendMessage } from '../../src/webhooks/send.ts'
import { openReceiver } from './receiver.ts'

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const MESSAGE = { id: 'event_1', body: '{"type":"user.created","data":{}}' }
const LOCAL: Network = { allowed: ['127.0.0.1/32'] }

describe('an address', () => {
  test.each([
    ...['127.0.0.1', '127.9.9.9', '0.0.0.0', '10.0.0.1', '172.16.0.1', '192.168.1.1', '169.254.169.254', '100.64.0.1'],
    ...['100.100.100.200', '168.63.129.16', '192.0.0.192', '198.18.0.1', '224.0.0.1', '255.255.255.255'],
    ...[
      '::',
      '::1',
      '::ffff:127.0.0.1',
      '::ffff:169.254.169.254',
      '64:ff9b::7f00:1',
      'fe80::1',
      'fc00::1',
      'fd00:ec2::254',
    ],
    ...['2002:7f00:1::', '2001::1', 'ff02::1', '2001:db8::1', '::a9fe:a9fe', '100:0:0:1::1', '4000::1'],
  ])('that is not public is refused: %s', (address) => {
    expect(addressProblem(address, true, [])).toMatch(
      /is not public: an operator can allow it by WEBHOOK_ALLOWED_NETWORKS\.$/,
    )
  })

  test.each(['93.184.216.34', '8.8.8.8', '2606:4700:4700::1111'])(
    'that is public is taken, encrypted: %s',
    (address) => {
      expect(addressProblem(address, true, [])).toBeNull()
      expect(addressProblem(address, false, [])).toMatch(/^http:\/\/ is not encrypted/)
    },
  )

  test('that the operator allows is taken, also without encryption', () => {
    const allowed = ['10.0.0.0/8', '::1/128']

    const problems = ['10.9.9.9', '::1', '::ffff:10.0.0.1', '11.0.0.1', '::2'].map((address) =>
      addressProblem(address, false, allowed),
    )

    expect(problems.map((problem) => problem === null)).toEqual([true, true, true, false, false])
  })
})

describe('a URL', () => {
  test.each([
    ...[
      'ftp://example.com',
      'example.com',
      'https://',
      'https:// example.com',
      'javascript:alert(1)',
      'https://exa\nmple.com',
    ],
    ...['https://user:password@example.com', 'https://example.com/#part', 'http://example.com/hook'],
    ...[
      'https://localhost/',
      'https://a.localhost/',
      'https://localhost./',
      'https://127.1/',
      'https://0x7f.1/',
      'https://2130706433/',
    ],
    ...[
      'https://[::1]/',
      'https://[::ffff:7f00:1]/',
      'https://169.254.169.254/latest/meta-data/',
      'https://10.0.0.1:8443/',
    ],
  ])('that cannot be used is refused: %s', (url) => {
    expect(urlProblem(url, [])).not.toBeNull()
  })

  test.each(['https://example.com/hook?tenant=1', 'https://example.com:8443/', 'https://93.184.216.34/'])(
    'of the public is taken: %s',
    (url) => {
      expect(urlProblem(url, [])).toBeNull()
    },
  )
})

test('a name that stands for an address that is not public gets nothing, whatever it also stands for', async () => {
  const receiver = await openReceiver()
  onTestFinished(receiver.close)
  const { port } = new URL(receiver.url)
  const asked: string[] = []
  const to = (...addresses: string[]): Network => ({
    allowed: ['127.0.0.2/32'],
    async resolve(hostname) {
      asked.push(hostname)
      return addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
    },
  })

  const outcomes = await Promise.all(
    [to('127.0.0.1'), to('127.0.0.2', '127.0.0.1'), to()].map((network) =>
      sendMessage(`http://hook.example.test:${port}/`, MESSAGE, [SECRET], network),
    ),
  )

  expect(outcomes.map(({ status, error }) => `${status} ${error}`)).toEqual([
    'null http:// is not encrypted: use https://, or an operator can allow it by WEBHOOK_ALLOWED_NETWORKS.',
    'null http:// is not encrypted: use https://, or an operator can allow it by WEBHOOK_ALLOWED_NETWORKS.',
    'null The name has no address.',
  ])
  expect(receiver.requests()).toBe(0)
  expect(asked).toEqual(Array(3).fill('hook.example.test'))
})

test('a name is resolved once, and the connection is made to what was checked', async () => {
  const receiver = await openReceiver()
  onTestFinished(receiver.close)
  let asked = 0
  const network: Network = {
    ...LOCAL,
    async resolve() {
      asked += 1
      return [{ address: asked === 1 ? '127.0.0.1' : '10.0.0.1', family: 4 }]
    },
  }

  const outcome = await sendMessage(
    `http://hook.example.test:${new URL(receiver.url).port}/`,
    MESSAGE,
    [SECRET],
    network,
  )

  expect(outcome).toEqual({ status: 204, excerpt: null, error: null })
  expect(asked).toBe(1)
  expect(receiver.accepted[0]?.headers.host).toMatch(/^hook\.example\.test:/)
})

/** A server that says this to whoever connects, and then nothing. */
async function openTalker(say: (socket: Socket) => void) {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => say(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

test('of an endless answer 64 kB are read, and one line is kept without control characters', async () => {
  let sent = 0
  const url = await openTalker((socket) => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n\u001b[2Jhello\r\n\0world \ud83d ')
    const more = () => {
      sent += 1
      if (sent < 10_000 && !socket.destroyed) socket.write('x'.repeat(1000), more)
    }
    more()
  })

  const { status, excerpt, error } = await sendMessage(url, MESSAGE, [SECRET], LOCAL)

  expect({ status, error }).toEqual({ status: 200, error: null })
  expect(excerpt).toMatch(/^\[2Jhello world \ufffd+ x+$/)
  expect(excerpt).toHaveLength(200)
  expect(sent).toBeLessThan(10_000)
})

test.each([
  ['breaks off', (socket: Socket) => socket.destroy(), 'The connection failed: ECONNRESET.'],
  [
    'changes to another protocol',
    (socket: Socket) => socket.write('HTTP/1.1 101 x\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n'),
    'The connection failed.',
  ],
  ['is no HTTP', (socket: Socket) => socket.end('220 smtp\r\n'), 'The connection failed: HPE_INVALID_CONSTANT.'],
  [
    'redirects',
    (socket: Socket) => socket.end('HTTP/1.1 307 x\r\nlocation: http://127.0.0.1/\r\n\r\n'),
    'The receiver redirects (307), which is not followed.',
  ],
])('an answer that %s is an error', async (_what, say, error) => {
  const url = await openTalker(say)

  expect((await sendMessage(url, MESSAGE, [SECRET], LOCAL)).error).toBe(error)
})

test.runIf(process.env.CHATELAINE_LONG)('an answer that does not come is waited for 10 s', async () => {
  const url = await openTalker(() => {})

  const began = performance.now()
  const { error } = await sendMessage(url, MESSAGE, [SECRET], LOCAL)

  expect(error).toBe('There was no answer within 10 s.')
  expect(Math.round((performance.now() - began) / 1000)).toBe(10)
})
