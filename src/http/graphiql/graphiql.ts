/** Serves GraphiQL to browsers: a page without data, and its assets, all from this server. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { type Encoding, encode, selectEncoding } from '../compression.ts'
import { GRAPHQL_PATH, wantsPage } from '../gate.ts'
import type { Answer } from '../request.ts'

const ASSETS_PATH = `${GRAPHQL_PATH}/assets/`

/** The policy allows only scripts of this server; inline styles are allowed because the editor writes them into the page. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "worker-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "font-src 'self' data:",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const HEADERS = { 'content-security-policy': CONTENT_SECURITY_POLICY, 'referrer-policy': 'no-referrer' }

const KEY_ICON =
  "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32' fill='none' stroke='#b8860b' stroke-width='4'><circle cx='16' cy='9' r='7'/><path d='M16 16v14m0-2h7m-7-6h5'/></svg>"

/** Whether a browser asks for the page, or the page asks for one of its assets. */
export function isForGraphiql(request: IncomingMessage, url: URL): boolean {
  if (url.pathname.startsWith(ASSETS_PATH)) return request.method === 'GET'
  return url.pathname === GRAPHQL_PATH && wantsPage(request)
}

/** Answers a request for which `isForGraphiql` is true. @param basePath the path that the server is behind */
export async function answerGraphiql(
  request: IncomingMessage,
  url: URL,
  basePath: string,
): Promise<Answer<string | Buffer>> {
  const { page, assets } = await siteBehind(basePath)
  if (url.pathname === GRAPHQL_PATH) {
    return { status: 200, headers: { ...HEADERS, 'content-type': 'text/html; charset=utf-8' }, body: page }
  }
  const asset = assets.get(url.pathname)
  if (!asset) return { status: 404, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: 'No such asset.' }
  const headers = {
    ...HEADERS,
    'content-type': asset.type,
    // The name of an asset changes with its content.
    'cache-control': 'public, max-age=31536000, immutable',
    vary: 'accept-encoding',
  }
  const selected = selectEncoding(request)
  if (selected === null) return { status: 200, headers, body: asset.text }
  return { status: 200, headers: { ...headers, 'content-encoding': selected }, body: await encodeOnce(asset, selected) }
}

/** Encodes an asset at its first request with this encoding. */
function encodeOnce({ text, encoded }: Asset, name: Encoding): Promise<Buffer> {
  const encoding = encoded.get(name) ?? encode(text, name)
  encoded.set(name, encoding)
  return encoding
}

interface Asset {
  path: string
  type: string
  text: string
  encoded: Map<Encoding, Promise<Buffer>>
}

interface Site {
  page: string
  assets: Map<string, Asset>
}

/** One for each path that a server of this process is behind. */
const sites = new Map<string, Promise<Site>>()

/** The page and its assets are nine megabytes, so they are read at the first request of a browser. */
function siteBehind(basePath: string): Promise<Site> {
  const site = sites.get(basePath) ?? build(basePath)
  sites.set(basePath, site)
  return site
}

async function build(basePath: string): Promise<Site> {
  const { css, editorWorkerService, graphqlWorker, js, jsonWorker } = await import(
    '@graphql-yoga/render-graphiql/graphiql'
  )
  const workers = {
    editorWorkerService: toAsset('editor-worker', 'js', editorWorkerService),
    graphql: toAsset('graphql-worker', 'js', graphqlWorker),
    json: toAsset('json-worker', 'js', jsonWorker),
  }
  const settings = {
    endpoint: `${basePath}${GRAPHQL_PATH}`,
    workers: Object.fromEntries(Object.entries(workers).map(([label, { path }]) => [label, basePath + path])),
    operations: await readBeside('operations.graphql'),
    logo: KEY_ICON,
  }
  const script = toAsset('graphiql', 'js', js)
  const style = toAsset('graphiql', 'css', css)
  const start = toAsset('page', 'js', `const settings = ${JSON.stringify(settings)}\n${await readBeside('page.js')}`)
  const all = [script, style, start, ...Object.values(workers)]
  return { page: pageOf(basePath, style, script, start), assets: new Map(all.map((asset) => [asset.path, asset])) }
}

function toAsset(name: string, kind: 'js' | 'css', text: string): Asset {
  const hash = createHash('sha256').update(text).digest('base64url').slice(0, 16)
  return {
    path: `${ASSETS_PATH}${name}.${hash}.${kind}`,
    type: kind === 'js' ? 'text/javascript; charset=utf-8' : 'text/css; charset=utf-8',
    text,
    encoded: new Map(),
  }
}

function readBeside(name: string): Promise<string> {
  return readFile(new URL(name, import.meta.url), 'utf8')
}

function pageOf(basePath: string, style: Asset, ...scripts: Asset[]): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Chatelaine</title>
<link rel="icon" href="data:image/svg+xml,${encodeURIComponent(KEY_ICON)}">
<link rel="stylesheet" href="${basePath}${style.path}">
${scripts.map(({ path }) => `<script defer src="${basePath}${path}"></script>`).join('\n')}
</head>
<body id="body" class="no-focus-outline">
<noscript>GraphiQL needs JavaScript; the API itself does not: POST ${basePath}${GRAPHQL_PATH}.</noscript>
<div id="root"></div>
</body>
</html>
`
}
