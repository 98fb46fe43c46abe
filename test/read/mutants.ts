/**
 * Is the property test able to fail? Each mutant is a copy of the program with one mistake in src/read; the test must
 * find it. `npm run test:mutants`, or with words that the names of the mutants to try contain.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Mutant, mutants } from './mutant-table.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const DOCUMENTS = '150'

const words = process.argv.slice(2)
const chosen = mutants.filter(({ name }) => words.every((word) => name.includes(word)))
const folder = mkdtempSync(join(tmpdir(), 'mutants-'))
try {
  process.exitCode = runAll() ? 0 : 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function runAll(): boolean {
  const patched = chosen.map((mutant) => ({ mutant, source: patch(mutant) }))
  const untouched = runIn(copyTree('unpatched'))
  report('unpatched', untouched.passed ? 'passes' : 'FAILS', untouched.output)
  if (!untouched.passed) return false
  const survivors = patched.filter(({ mutant, source }, n) => {
    const tree = copyTree(`mutant-${n}`)
    writeFileSync(join(tree, 'src/read', mutant.file), source)
    const { passed, output } = runIn(tree)
    // One that fails for a slip in its own text has shown nothing.
    const isBroken =
      /SyntaxError|ReferenceError|TypeError|is not defined|Cannot read properties|MODULE_NOT_FOUND|syntax error|FROM-clause/.test(
        output,
      )
    report(mutant.name, isBroken ? 'BROKEN' : passed ? 'SURVIVED' : 'killed', output)
    return passed || isBroken
  })
  process.stdout.write(`${chosen.length - survivors.length} of ${chosen.length} mutants killed\n`)
  return survivors.length === 0
}

/** The file with the mistake. @throws Error where the text to replace is not there exactly once. */
function patch({ name, file, find, replace }: Mutant): string {
  const source = readFileSync(join(ROOT, 'src/read', file), 'utf8')
  const parts = source.split(find)
  if (parts.length !== 2) throw new Error(`${name}: found ${parts.length - 1} times in ${file}, not once.`)
  return parts.join(replace)
}

function copyTree(name: string): string {
  const tree = join(folder, name)
  mkdirSync(join(tree, 'test'), { recursive: true })
  cpSync(join(ROOT, 'src'), join(tree, 'src'), { recursive: true })
  cpSync(join(ROOT, 'test/read'), join(tree, 'test/read'), { recursive: true })
  cpSync(join(ROOT, 'package.json'), join(tree, 'package.json'))
  symlinkSync(join(ROOT, 'node_modules'), join(tree, 'node_modules'))
  return tree
}

function runIn(tree: string) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['test/read/compare.ts'], {
    cwd: tree,
    env: { ...process.env, READ_SEED: '1', READ_RUNS: DOCUMENTS },
    encoding: 'utf8',
    timeout: 120_000,
  })
  return { passed: status === 0, output: `${stdout}${stderr}` }
}

/** The verdict and what led to it, in a line. */
function report(name: string, verdict: string, output: string) {
  const why = output.split('\n').find((line) => /^READ_SEED|, as |Error/.test(line)) ?? output.trim().split('\n').at(-1)
  process.stdout.write(`${verdict.padEnd(8)} ${name}   (${why?.slice(0, 110)})\n`)
}
