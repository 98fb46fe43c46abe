/** `npm test`: types, lint, unused code, then the tests on the databases. Ends in `N passed, N failed`. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findChromium, WITHOUT_CHROMIUM } from './support/chromium.ts'

let passed = 0
let failed = 0

function run(title: string, command: string, args: string[]): boolean {
  process.stdout.write(`\n== ${title}\n`)
  const isGood = spawnSync(command, args, { stdio: 'inherit' }).status === 0
  if (!isGood) process.stdout.write(`== ${title}: failed\n`)
  return isGood
}

function count(isGood: boolean) {
  if (isGood) passed += 1
  else failed += 1
}

count(run('types', 'tsc', []))
count(run('lint', 'biome', ['check']))
count(run('unused code', 'knip', []))

const folder = mkdtempSync(join(tmpdir(), 'chatelaine-report-'))
const report = join(folder, 'report.json')
const vitest = ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...process.argv.slice(2)]
const isGood = run('tests', 'vitest', vitest)
const counts = readCounts()
passed += counts.passed
failed += counts.failed
// A file that does not load has no failed test, and a run whose set-up fails has no test at all.
if (counts.failed === 0 && (!isGood || !counts.isWhole)) failed += 1
rmSync(folder, { recursive: true, force: true })

if (findChromium() === null) process.stdout.write(`\n${WITHOUT_CHROMIUM}\n`)
process.stdout.write(`\n${passed} passed, ${failed} failed\n`)
process.exit(failed === 0 ? 0 : 1)

function readCounts() {
  try {
    const { success, numPassedTests, numFailedTests } = JSON.parse(readFileSync(report, 'utf8'))
    const isWhole = success === true && numPassedTests > 0
    return { passed: Number(numPassedTests), failed: Number(numFailedTests), isWhole }
  } catch {
    return { passed: 0, failed: 0, isWhole: false }
  }
}
