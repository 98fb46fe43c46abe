import { readFileSync } from 'node:fs'
import { buildSchema, Kind, parse, print, validate } from 'graphql'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { complexityError, MAX_TOKENS } from '../../src/http/limits.ts'
import { startApp } from '../support/app.ts'
import { openBrowser, type TestBrowser, type Visit } from '../support/browser.ts'
import { findChromium } from '../support/chromium.ts'
import { runCommand } from '../support/program.ts'
import { ROOT_KEY } from '../support/root-key.ts'
import { createUser } from '../support/seed.ts'

const app = startApp()

const HTML = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }

describe('the prepared operations', () => {
  const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')
  const source = read('../../src/http/graphiql/operations.graphql')
  const document = parse(source, { maxTokens: MAX_TOKENS })

  test('are the ten most frequent tasks, valid and within the limits', () => {
    const names = document.definitions.map((one) => one.kind === Kind.OPERATION_DEFINITION && one.name?.value)

    expect(validate(buildSchema(read('../../schema.graphql')), document)).toEqual([])
    expect(complexityError(document)).toBe(null)
    expect(names).toEqual(
      'WhoAmI CreateUser CreateServiceUser CreateProject GrantRoles RevokeRoles Users DisableUser RotateApiKey Organization'.split(
        ' ',
      ),
    )
  })

  test('say what they are for, and ask for the error', () => {
    const lines = source.split('\n')
    for (const definition of document.definitions) {
      const line = definition.loc?.startToken.line ?? 0
      expect(lines[line - 2], `above line ${line}`).toMatch(/^# \S/)
      const text = print(definition)
      if (text.startsWith('mutation')) expect(text).toMatch(/__typename[\s\S]*\.\.\. on MutationError \{\s+message/)
    }
  })
})

describe('the page', () => {
  test('is small and public, has no inline scripts, and allows only scripts of this server', async () => {
    const response = await fetch(app.url, { headers: HTML })
    const page = await response.text()

    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(response.headers.get('content-security-policy')).toBe(
      "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self' data:; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    )
    expect(page.length).toBeLessThan(1200)
    expect(page.match(/<script[^>]*>[^<]+/g)).toBe(null)
    expect(page.match(/(?:src|href)="(?!\/graphql\/assets\/|data:)/g)).toBe(null)
  })

  test('loads permanently cached files, under names that change with the content', async () => {
    const page = await (await fetch(app.url, { headers: HTML })).text()
    const paths = page.match(/\/graphql\/assets\/[^"]+/g) ?? []

    expect(paths.map((path) => path.replace(/\.[\w-]{16}\./, '.'))).toEqual(
      ['graphiql.css', 'graphiql.js', 'page.js'].map((name) => `/graphql/assets/${name}`),
    )
    for (const path of paths) {
      const zipped = await fetch(new URL(path, app.url))
      const plain = await fetch(new URL(path, app.url), { headers: { 'accept-encoding': 'identity' } })
      expect([zipped.status, plain.status]).toEqual([200, 200])
      expect(zipped.headers.get('content-encoding')).toBe('gzip')
      expect(zipped.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
      expect(zipped.headers.get('x-content-type-options')).toBe('nosniff')
      const text = await plain.text()
      expect(await zipped.text()).toBe(text)
      const [brotli, refusing] = await Promise.all(
        ['br', 'gzip;q=0'].map((encoding) =>
          fetch(new URL(path, app.url), { headers: { 'accept-encoding': encoding } }),
        ),
      )
      expect([brotli?.headers.get('content-encoding'), await brotli?.text()]).toEqual(['br', text])
      expect([refusing?.headers.get('content-encoding'), await refusing?.text()]).toEqual([null, text])
    }
  })

  test('is where a browser gets from the address of the server; programs get 404, which names /graphql', async () => {
    const root = new URL('/', app.url)
    const browser = await fetch(root, { headers: HTML, redirect: 'manual' })
    const followed = await fetch(root, { headers: HTML })
    const programs = await Promise.all([
      fetch(root),
      fetch(root, { headers: { accept: 'application/json' } }),
      fetch(root, { method: 'POST', headers: HTML }),
      fetch(new URL('/other', app.url), { headers: HTML }),
    ])

    expect([browser.status, browser.headers.get('location'), browser.headers.get('vary')]).toEqual([
      ...[303, '/graphql', 'accept'],
    ])
    expect([followed.status, followed.url, followed.headers.get('content-type')]).toEqual([
      ...[200, app.url, 'text/html; charset=utf-8'],
    ])
    for (const program of programs) {
      expect([program.status, (await program.json()).errors[0].message]).toEqual([404, 'There is only /graphql.'])
    }
  })

  test('is for browsers: programs get JSON, and what is not there is not found', async () => {
    const json = await fetch(`${app.url}?query={__typename}`)
    const missing = await fetch(new URL('/graphql/assets/page.js', app.url))
    const posted = await fetch(app.url, {
      method: 'POST',
      headers: { ...HTML, 'content-type': 'application/json' },
      body: '{"query":"{__typename}"}',
    })

    expect(await json.json()).toEqual({ data: { __typename: 'Query' } })
    expect(missing.status).toBe(404)
    expect(await posted.json()).toEqual({ data: { __typename: 'Query' } })
  })
})

// `npm test` says so at its end where this part is left out.
const chromium = findChromium()

describe.runIf(chromium !== null)('in a browser', () => {
  let browser: TestBrowser
  beforeAll(async () => {
    browser = await openBrowser(chromium ?? '')
  })
  afterAll(() => browser?.close())

  test('the documentation appears when the key is entered, and the prepared operations run', async () => {
    const visit = await open(browser)
    const { page, hosts, outside, problems } = visit
    await page.getByText('Put your key into the').first().waitFor()

    await enterKey(visit, ROOT_KEY)

    const documentation = page.locator('.graphiql-doc-explorer')
    await documentation.getByRole('link', { name: 'Mutation', exact: true }).waitFor()
    expect(await documentation.getByText('Error fetching schema').count()).toBe(0)
    await runOperation(visit, 'WhoAmI')
    await waitForAnswer(visit, '"username": "root"')
    await runOperation(visit, 'CreateUser')
    await waitForAnswer(visit, '"__typename": "CreateUserPayload"')
    const { user } = await app.root.ok('{ user(username: "alice") { displayName email } }')
    expect(user).toEqual({ displayName: 'Alice', email: 'alice@example.com' })
    await runOperation(visit, 'CreateUser')
    await waitForAnswer(visit, '"__typename": "ConflictError"')
    await takePicture(visit)
    expect([...hosts]).toEqual([new URL(app.url).host])
    expect(outside).toEqual([])
    expect(problems).toEqual([])
    expect(JSON.stringify(await page.context().storageState())).not.toContain(ROOT_KEY)
  })

  test('the address that the command line prints opens the page with the query and the variables of the command', async () => {
    await createUser(app, 'bob')
    const { stdout } = await runCommand(['open', 'user', 'bob', '--fields', 'username,email', '--url', app.url])
    const visit = await browser.visit()
    await visit.page.goto(stdout.trim())

    await visit.page.getByRole('button', { name: 'Headers' }).click()
    await enterKey(visit, ROOT_KEY)
    await visit.page.getByRole('button', { name: /^Execute query/ }).click()

    await waitForAnswer(visit, '"email": "bob@example.test"')
    expect(visit.problems).toEqual([])
  })

  test('a wrong key shows the error', async () => {
    const visit = await open(browser)

    await enterKey(visit, 'wrong')
    await waitForAnswer(visit, 'UNAUTHENTICATED')

    expect(await visit.page.locator('.graphiql-doc-explorer').textContent()).toContain('Error fetching schema')
    expect(visit.problems.filter((text) => !text.includes('status of 401'))).toEqual([])
  })

  test('a request to another machine is noticed', async () => {
    const { page, outside } = await browser.visit()

    await page.goto('http://elsewhere.test/').catch(() => {})

    expect(outside).toEqual(['http://elsewhere.test/'])
  })
})

async function open(browser: TestBrowser): Promise<Visit> {
  const visit = await browser.visit()
  await visit.page.goto(app.url)
  return visit
}

/** Types it where the cursor of a reader of the first line would go: behind `Bearer `. */
async function enterKey({ page }: Visit, key: string) {
  await page.locator('.graphiql-editor-tool .graphiql-editor:not(.hidden)').click()
  for (const press of ['Control+Home', 'ArrowDown', 'End', 'ArrowLeft']) await page.keyboard.press(press)
  await page.keyboard.insertText(key)
}

async function runOperation({ page }: Visit, name: string) {
  await page.getByRole('button', { name: /^Execute query/ }).click()
  await page.getByRole('menuitem', { name, exact: true }).click()
}

async function waitForAnswer({ page }: Visit, text: string) {
  await page.locator('.result-window .view-line', { hasText: text }).first().waitFor()
}

/** For the README, where `GRAPHIQL_PICTURE` names a file. */
async function takePicture(visit: Visit) {
  const { GRAPHIQL_PICTURE: path } = process.env
  if (!path) return
  const { page } = visit
  await page.setViewportSize({ width: 1440, height: 780 })
  await runOperation(visit, 'WhoAmI')
  await waitForAnswer(visit, '"username": "root"')
  await page.locator('.graphiql-editor-tool .graphiql-editor:not(.hidden)').click()
  await page.keyboard.press('Home')
  await page.getByRole('link', { name: 'Mutation' }).click()
  await page.locator('.graphiql-query-editor .view-lines').hover()
  await page.mouse.wheel(0, 340)
  await page.waitForTimeout(1000)
  await page.screenshot({ path })
}
