// Runs with whole servers.
/**
 * The package as npm makes and installs it. It has no source, nothing that scripts of packages would build, and no Node of its
 * own until one is put beside it.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import packageJson from '../../package.json' with { type: 'json' }
import { createClient } from '../support/app.ts'

const ROOT = join(import.meta.dirname, '../..')
const NODE = realpathSync(process.execPath)
/** Lets this Node say that it is an old one. */
const AS_OLD = ['--import', `data:text/javascript,Object.defineProperty(process.versions,'node',{value:'20.20.2'})`]

let folder: string
let files: string[]
const inFolder = (...parts: string[]) => join(folder, ...parts)

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'chatelaine-package-'))
  const npm = (args: string[], cwd: string) => execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: 'pipe' })
  const [packed] = JSON.parse(npm(['pack', '--json', '--silent', '--pack-destination', folder], ROOT))
  files = packed.files.map(({ path }: { path: string }) => path)
  writeFileSync(inFolder('package.json'), '{ "private": true }')
  const without = ['--ignore-scripts', '--omit=optional', '--no-audit', '--no-fund', '--prefer-offline']
  if (process.env.CHATELAINE_LONG !== undefined) npm(['install', ...without, inFolder(packed.filename)], folder)
  else link(inFolder(packed.filename))
  mkdirSync(inFolder('path'))
  symlinkSync(NODE, inFolder('path/node'))
}, 180_000)

/** Puts the package where npm would, with what it depends on and nothing that is optional. */
function link(packed: string) {
  const target = inFolder('node_modules/chatelaine')
  mkdirSync(target, { recursive: true })
  mkdirSync(inFolder('node_modules/.bin'))
  execFileSync('tar', ['-xzf', packed, '-C', target, '--strip-components=1'])
  symlinkSync(join(target, 'src/main.js'), inFolder('node_modules/.bin/chatelaine'))
  for (const name of Object.keys(packageJson.dependencies)) {
    mkdirSync(join(inFolder('node_modules', name), '..'), { recursive: true })
    symlinkSync(join(ROOT, 'node_modules', name), inFolder('node_modules', name))
  }
}

afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The command as an old Node runs it; the path has nothing but this. */
function commandLine(args: string[], path: string[]) {
  const environment = { PATH: path.join(delimiter), HOME: folder, DATA_DIR: inFolder('data'), PORT: '0' }
  return [NODE, [...AS_OLD, inFolder('node_modules/.bin/chatelaine'), ...args], environment] as const
}

function run(args: string[], path: string[] = [inFolder('path')]) {
  const [command, all, env] = commandLine(args, path)
  const { status, stdout, stderr } = spawnSync(command, all, { encoding: 'utf8', env, cwd: folder })
  return { status, stdout, stderr }
}

test('the package has what runs, and nothing that is only for its making', () => {
  expect(files).toEqual(expect.arrayContaining(['src/main.js', 'dist/cli/main.js', 'schema.graphql', 'LICENSE']))
  expect(files.filter((path) => /\.ts$|^(test|docs)\/|snapshot\.json$/.test(path))).toEqual([])
  expect(files.some((path) => /^drizzle\/\w+\/migration\.sql$/.test(path))).toBe(true)
})

describe('on a Node that is too old', () => {
  test('it says in one sentence what to do, where no other is found', () => {
    expect(run(['--version'], [])).toEqual({
      status: 1,
      stdout: '',
      stderr:
        'Chatelaine runs on Node 26, and this is Node 20.20.2: install it again without --omit=optional, which brings a Node along, or put a newer one on the path.\n',
    })
  })

  test('it runs by the newest on the path', () => {
    expect(run(['--version'])).toEqual({ status: 0, stdout: `${packageJson.version}\n`, stderr: '' })
    expect(run(['--help']).stdout).toContain('serve')
    expect(run(['no-such-command'])).toMatchObject({ status: 2, stdout: '' })
  })

  test('it runs by the one that was installed beside it', () => {
    const own = `node_modules/node-${process.platform}-${process.arch}`
    mkdirSync(inFolder(own, 'bin'), { recursive: true })
    onTestFinished(() => rmSync(inFolder(own), { recursive: true }))
    writeFileSync(inFolder(own, 'package.json'), '{ "name": "node", "version": "26.0.0" }')
    symlinkSync(NODE, inFolder(own, 'bin/node'))

    expect(run(['--version'], [])).toEqual({ status: 0, stdout: `${packageJson.version}\n`, stderr: '' })
  })
})

test('it serves, with GraphiQL and passwords, and ends when it is told to', async () => {
  const [command, args, env] = commandLine(['serve'], [inFolder('path')])
  const server = spawn(command, args, { env, cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => void server.kill('SIGKILL'))
  let output = ''
  for (const stream of [server.stdout, server.stderr]) stream.on('data', (chunk) => (output += chunk))
  const found = (pattern: RegExp) => expect.poll(() => pattern.exec(output)?.[1], { timeout: 60_000 }).toBeDefined()

  await found(/listens at (\S+)/)
  const url = /listens at (\S+)/.exec(output)?.[1] ?? ''
  const root = createClient(() => url, { 'api-key': /(chl_\w+)/.exec(output)?.[1] ?? '' })

  const { viewer } = await root.ok('{ viewer { user { username } } }')
  const PASSWORD = 'correct horse battery'
  await root.ok(`mutation { changePassword(input: { newPassword: "${PASSWORD}" }) { __typename } }`)
  const { signIn } = await root.ok(
    `mutation { signIn(input: { username: "root", password: "${PASSWORD}" }) { __typename } }`,
  )
  expect([viewer.user.username, signIn.__typename]).toEqual(['root', 'SignInPayload'])
  expect(await (await fetch(new URL('/health', url))).json()).toMatchObject({
    status: 'ok',
    version: packageJson.version,
  })
  const page = await (await fetch(url, { headers: { accept: 'text/html' } })).text()
  const assets = [...page.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, path = '']) => path)
  expect(assets.length).toBeGreaterThan(2)
  for (const path of assets) expect((await fetch(new URL(path, url))).status).toBe(200)

  server.kill('SIGTERM')
  const [code] = await once(server, 'exit')
  expect(code).toBe(0)
}, 90_000)
