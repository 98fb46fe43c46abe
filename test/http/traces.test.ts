// Runs with whole servers.
/** The spans that a collector of OpenTelemetry gets, by OTLP over HTTP with JSON. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createStartedStore } from '../support/database.ts'
import { type Program, startProgram } from '../support/program.ts'
import { ROOT_KEY } from '../support/root-key.ts'

vi.setConfig({ testTimeout: 120_000 })

const WAIT = { timeout: 30_000, interval: 20 }
const TRACE = '0af7651916cd43dd8448eb211c80319c'
const CALLER = 'b7ad6b7169203331'
const MINE = 'query Mine { viewer { user { username } } }'

interface Value {
  stringValue?: string
  intValue?: number
}

interface Sent {
  name: string
  kind: number
  traceId: string
  spanId: string
  parentSpanId?: string
  status: { code?: number; message?: string }
  attributes: { key: string; value: Value }[]
  events: unknown[]
}

/** A span as the test compares it; `parent` is the name of the span around it. */
interface Span {
  name: string
  parent: string | undefined
  attributes: Record<string, string | number | undefined>
}

/** A collector that keeps what it is sent. */
async function startCollector() {
  const bodies: string[] = []
  const server = createServer(async (request, response) => {
    if (request.method === 'POST' && request.url === '/v1/traces') bodies.push(await text(request))
    response.setHeader('content-type', 'application/json').end('{}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const resources = () => bodies.flatMap((body) => JSON.parse(body).resourceSpans)
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    text: () => bodies.join('\n'),
    resources,
    spans: (): Sent[] =>
      resources().flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope: { spans: [] }) => scope.spans)),
  }
}

async function start(settings: Record<string, string>): Promise<Program> {
  const { environment, remove } = await createStartedStore()
  onTestFinished(remove)
  return startProgram({ ...environment, ROOT_API_KEY: ROOT_KEY, OTEL_BSP_SCHEDULE_DELAY: '50', ...settings })
}

async function startTraced() {
  const collector = await startCollector()
  return { collector, program: await start({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url }) }
}

/** Sends a document as a part of a trace, of which it is recorded or not. */
async function send({ url }: Program, query: string, { variables = {}, flags = '01', key = ROOT_KEY } = {}) {
  const headers = {
    'content-type': 'application/json',
    'api-key': key,
    traceparent: `00-${TRACE}-${CALLER}-${flags}`,
  }
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query, variables }) })
  return { status: response.status, id: response.headers.get('x-request-id'), ...(await response.json()) }
}

/** The spans of the request with this id, in the order in which they began to end, once its outermost one has arrived. */
async function spansOf(collector: Awaited<ReturnType<typeof startCollector>>, id: string | null): Promise<Span[]> {
  const isOutermost = ({ attributes }: Sent) => attributes.some(({ value }) => value.stringValue === id)
  await expect.poll(() => collector.spans().some(isOutermost), WAIT).toBe(true)
  const sent = collector.spans()
  const nameOf = new Map([[CALLER, 'the caller'], ...sent.map(({ spanId, name }): [string, string] => [spanId, name])])
  return sent.map(({ name, parentSpanId, attributes }) => ({
    name,
    parent: nameOf.get(parentSpanId ?? ''),
    attributes: Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue ?? value.intValue])),
  }))
}

const sql = (name: string) => ({ 'db.system.name': 'postgresql', 'db.operation.name': name })

test('the spans of a query are one trace, which is the one that the request names', async () => {
  const { collector, program } = await startTraced()

  const { id } = await send(program, MINE)
  const spans = await spansOf(collector, id)

  expect(new Set(collector.spans().map(({ traceId }) => traceId))).toEqual(new Set([TRACE]))
  expect(spans.filter(({ name }) => name !== 'WITH')).toEqual([
    { name: 'SELECT', parent: 'identify', attributes: sql('SELECT') },
    { name: 'identify', parent: 'POST /graphql', attributes: {} },
    { name: 'SELECT', parent: 'read', attributes: sql('SELECT') },
    {
      name: 'read',
      parent: 'POST /graphql',
      attributes: { 'graphql.operation.type': 'query', 'graphql.operation.name': 'Mine' },
    },
    {
      name: 'POST /graphql',
      parent: 'the caller',
      attributes: {
        'http.request.method': 'POST',
        'http.route': '/graphql',
        'url.path': '/graphql',
        'http.response.status_code': 200,
        'chatelaine.request_id': id,
      },
    },
  ])
  const [{ resource }] = collector.resources()
  expect(resource.attributes).toEqual(
    expect.arrayContaining([
      { key: 'service.name', value: { stringValue: 'chatelaine' } },
      { key: 'service.version', value: { stringValue: '0.1.0' } },
    ]),
  )
})

test('the spans of a mutation have its transaction, and none has a value of the request or a message of an error', async () => {
  const { collector, program } = await startTraced()
  const query =
    'mutation Make($code: String!) { createProject(input: { code: $code }) { __typename ... on MutationError { message } } }'

  const { id } = await send(program, query, { variables: { code: 'hidden-code' } })
  const again = await send(program, query, { variables: { code: 'hidden-code' } })
  const wrong = await send(program, MINE, { key: 'hidden-key-of-nobody-0123456789' })
  const spans = await spansOf(collector, id)
  await spansOf(collector, again.id)
  await spansOf(collector, wrong.id)

  const ofChange = spans.filter(({ parent }) => parent === 'change').map(({ name }) => name)
  expect(ofChange).toEqual(expect.arrayContaining(['BEGIN', 'SELECT', 'INSERT']))
  expect(spans).toContainEqual({
    name: 'change',
    parent: 'POST /graphql',
    attributes: { 'graphql.operation.type': 'mutation', 'graphql.operation.name': 'Make' },
  })
  expect(again.data.createProject.__typename).toBe('ConflictError')
  const failed = collector.spans().filter(({ status }) => status.code === 2)
  expect(failed.filter(({ name }) => name === 'identify')).toMatchObject([
    { attributes: [{ key: 'error.type', value: { stringValue: 'BadCredentialError' } }], events: [] },
  ])
  expect(collector.text()).not.toMatch(/hidden|project|\$1/i)
  expect(collector.text()).not.toContain(ROOT_KEY)
})

test('a request of a trace that is not recorded is not recorded either', async () => {
  const { collector, program } = await startTraced()

  await send(program, MINE, { flags: '00' })
  const { id } = await send(program, MINE)
  const spans = await spansOf(collector, id)

  expect(spans.filter(({ name }) => name === 'POST /graphql')).toHaveLength(1)
})

test('the last spans are sent before the end, and the log names the trace', async () => {
  const collector = await startCollector()
  const program = await start({
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.url}/v1/traces`,
    OTEL_BSP_SCHEDULE_DELAY: '60000',
    OTEL_SERVICE_NAME: 'access',
    LOG_LEVEL: 'info',
  })
  await send(program, MINE)

  const { code } = await program.stop()

  expect(code).toBe(0)
  expect(collector.spans().map(({ name }) => name)).toContain('POST /graphql')
  expect(collector.text()).toContain('{"key":"service.name","value":{"stringValue":"access"}}')
  expect(program.log()).toContainEqual(expect.objectContaining({ msg: 'request', traceId: TRACE }))
})

test('a collector that does not answer disturbs nothing: it is told in the log, and the end does not wait for it', async () => {
  const program = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', OTEL_EXPORTER_OTLP_TIMEOUT: '500' })

  const { status } = await send(program, MINE)
  const told = () => program.log().map(({ name }) => name)
  await expect.poll(told, WAIT).toEqual(['TracesNotSent'])
  const { code, stderr } = await program.stop()

  expect({ status, code }).toEqual({ status: 200, code: 0 })
  expect(stderr.match(/TracesNotSent/g)).toHaveLength(1)
})

test('checks of health and the work of the server itself are not traced', async () => {
  const { collector, program } = await startTraced()

  await fetch(new URL('/health/ready', program.url))
  await fetch(new URL('/.well-known/jwks.json', program.url))
  const { id } = await send(program, MINE)
  await spansOf(collector, id)

  expect(new Set(collector.spans().map(({ traceId }) => traceId))).toEqual(new Set([TRACE]))
})
