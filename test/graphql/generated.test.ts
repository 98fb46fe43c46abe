import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, expect, test } from 'vitest'
import { printedMarks, printedSchema } from '../../src/graphql/print-schema.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'chatelaine-generated-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('schema.graphql is the schema as it is declared now', () => {
  const checkedIn = readFileSync(join(root, 'schema.graphql'), 'utf8')

  expect(checkedIn).toBe(printedSchema())
})

test('what the command line reads beside it is what is declared now', () => {
  expect(readFileSync(join(root, 'src/cli/api.json'), 'utf8')).toBe(printedMarks())
})

test('the migrations make the tables as they are declared now', async () => {
  const out = join(folder, 'drizzle')
  cpSync(join(root, 'drizzle'), out, { recursive: true })
  const before = readdirSync(out, { recursive: true }).sort()

  const printed = await generate(out)

  expect(printed).toContain('No schema changes')
  expect(readdirSync(out, { recursive: true }).sort()).toEqual(before)
})

test('an index that no migration makes is noticed', async () => {
  const out = join(folder, 'behind')
  cpSync(join(root, 'drizzle'), out, { recursive: true })
  const [last = ''] = readdirSync(out).sort().reverse()
  const snapshot = join(out, last, 'snapshot.json')
  const known = JSON.parse(readFileSync(snapshot, 'utf8')) as { ddl: { name: string }[] }
  const ddl = known.ddl.filter(({ name }) => name !== 'users_username_order')
  writeFileSync(snapshot, JSON.stringify({ ...known, ddl }))
  const before = readdirSync(out)

  await generate(out)

  const [added = '', ...more] = readdirSync(out).filter((name) => !before.includes(name))
  expect(more).toEqual([])
  expect(readFileSync(join(out, added, 'migration.sql'), 'utf8')).toContain('CREATE INDEX "users_username_order"')
})

/** Lets drizzle-kit write what is missing into a copy of drizzle/; gives what it printed. */
async function generate(out: string): Promise<string> {
  const config = join(folder, 'drizzle.config.mjs')
  const options = { dialect: 'postgresql', schema: './src/db/tables.ts', out: relative(root, out) }
  writeFileSync(config, `export default ${JSON.stringify(options)}`)
  const kit = join(root, 'node_modules/drizzle-kit/bin.cjs')
  const { stdout } = await promisify(execFile)(process.execPath, [kit, 'generate', '--config', config], {
    cwd: root,
    timeout: 60_000,
  })
  return stdout
}
