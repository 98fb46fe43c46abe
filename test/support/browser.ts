/** A browser with one page, and a record of all that goes wrong in it or leaves the machine. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Browser, chromium, type Page } from 'playwright-core'

const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Chromium asks its maker for updates and the like. A page that asked there would still be seen in `hosts`. */
const CALLS_HOME = /\b(google|googleapis|gstatic|gvt1)\.com\b/

export interface Visit {
  page: Page
  /** The hosts of all that the page and its workers asked for. */
  hosts: Set<string>
  /** What anything in the browser asked of other machines since this visit began, but for Chromium’s calls home. */
  outside: string[]
  /** Errors and warnings of the console, exceptions and violations of the policy. */
  problems: string[]
}

export interface TestBrowser {
  /** A page as of a first visit: nothing is stored. */
  visit(): Promise<Visit>
  close(): Promise<void>
}

/** Starts it behind a proxy that refuses everything: nothing leaves this machine, and what wanted to is noted. */
export async function openBrowser(executablePath: string): Promise<TestBrowser> {
  let outside: string[] = []
  const note = (url = '') => {
    if (!CALLS_HOME.test(url)) outside.push(url)
  }
  const proxy = createServer((request, response) => {
    note(request.url)
    response.writeHead(403).end()
  })
  proxy.on('connect', (request, socket) => {
    note(request.url)
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n')
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  const { port } = proxy.address() as AddressInfo
  const args = [...ARGUMENTS, `--proxy-server=http://127.0.0.1:${port}`]
  const browser = await chromium.launch({ executablePath, headless: true, args })
  return {
    visit() {
      outside = []
      return visit(browser, outside)
    },
    async close() {
      await browser.close()
      proxy.close()
    },
  }
}

async function visit(browser: Browser, outside: string[]): Promise<Visit> {
  const context = await browser.newContext({ viewport: { width: 1360, height: 850 } })
  const hosts = new Set<string>()
  const problems: string[] = []
  context.on('request', (request) => hosts.add(new URL(request.url()).host))
  context.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') problems.push(message.text())
  })
  context.on('weberror', (thrown) => problems.push(String(thrown.error())))
  return { page: await context.newPage(), hosts, outside, problems }
}
