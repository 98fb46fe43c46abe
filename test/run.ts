/**
 * `npm test`: the tests on the databases, and beside them types, lint and unused code. Ends in `N passed, N failed`.
 * With arguments, which vitest gets, the tests alone: `npm test -- role-grant` is the files of that name. With `--servers`,
 * the tests of whole servers.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findChromium, WITHOUT_CHROMIUM } from './support/chromium.ts'

interface Count {
  passed: number
  failed: number
}

const CHECKS = [
  { title: 'types', command: 'tsc', args: [] },
  { title: 'lint', command: 'biome', args: ['check'] },
  { title: 'unused code', command: 'knip', args: [] },
]

const given = process.argv.slice(2)
const isOfServers = given[0] === '--servers'
const isWhole = given.length === 0
if (isWhole || isOfServers) process.env.CHATELAINE_SUITE = isWhole ? 'main' : 'servers'
const checks = isWhole ? CHECKS.map(check) : []
const counts = await Promise.all([runTests(isOfServers ? given.slice(1) : given), ...checks])
const passed = counts.reduce((sum, count) => sum + count.passed, 0)
const failed = counts.reduce((sum, count) => sum + count.failed, 0)
if (findChromium() === null) process.stdout.write(`\n${WITHOUT_CHROMIUM}\n`)
process.stdout.write(`\n${passed} passed, ${failed} failed\n`)
process.exit(failed === 0 ? 0 : 1)

/** One command, whose output is shown whole once it has ended. */
async function check({ title, command, args }: (typeof CHECKS)[number]): Promise<Count> {
  const { isGood, output } = await run(command, args, 'pipe')
  process.stdout.write(`== ${title}: ${isGood ? 'good' : `failed\n${output}`}\n`)
  return isGood ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 }
}

async function runTests(files: string[]): Promise<Count> {
  const folder = mkdtempSync(join(tmpdir(), 'chatelaine-report-'))
  const report = join(folder, 'report.json')
  const reporters = ['--reporter=minimal', '--reporter=./test/support/reporter.ts', '--reporter=json']
  const { isGood } = await run('vitest', ['run', ...reporters, `--outputFile.json=${report}`, ...files], 'inherit')
  const { isWhole, ...count } = readReport(report)
  rmSync(folder, { recursive: true, force: true })
  // A file that does not load has no failed test, and a run whose set-up fails has no test at all.
  return count.failed === 0 && !(isGood && isWhole) ? { ...count, failed: 1 } : count
}

function readReport(report: string) {
  try {
    const { success, numPassedTests, numFailedTests } = JSON.parse(readFileSync(report, 'utf8'))
    const isWhole = success === true && numPassedTests > 0
    return { passed: Number(numPassedTests), failed: Number(numFailedTests), isWhole }
  } catch {
    return { passed: 0, failed: 0, isWhole: false }
  }
}

function run(command: string, args: string[], stdio: 'pipe' | 'inherit') {
  const child = spawn(command, args, { stdio: ['ignore', stdio, stdio] })
  let output = ''
  child.stdout?.on('data', (text) => {
    output += text
  })
  child.stderr?.on('data', (text) => {
    output += text
  })
  return new Promise<{ isGood: boolean; output: string }>((resolve) => {
    child.once('error', (error) => resolve({ isGood: false, output: String(error) }))
    child.once('close', (code) => resolve({ isGood: code === 0, output }))
  })
}
