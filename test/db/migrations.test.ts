/** A server of the version before may restart beside newer tables, as far as OLDEST_PROGRAM says. */
import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { OLDEST_PROGRAM } from '../../src/db/oldest-program.ts'

const MIGRATIONS = new URL('../../drizzle/', import.meta.url)
const names = readdirSync(MIGRATIONS).sort()

/** A program that knows nothing of what these statements make can go on as before. */
const ADDITIONS = [
  /^CREATE TABLE "(?<table>\w+)"/,
  /^CREATE INDEX /,
  /^ALTER TABLE "\w+" ADD COLUMN (?!.*NOT NULL)/,
  /^ALTER TABLE "\w+" ADD COLUMN .*DEFAULT /,
]

/** Functions, and the triggers that call them: what an older program writes is noted by them too. */
function isForTriggers(part: string): boolean {
  if (/^CREATE (FUNCTION|TRIGGER) /.test(part)) return true
  const executed = [...part.matchAll(/EXECUTE format\('(\w+ \w+)/g)].map(([, what]) => what)
  return /^DO \$do\$/.test(part) && executed.length > 0 && executed.every((what) => what === 'CREATE TRIGGER')
}

const HARMLESS = [
  // An older program does without: only its end of the grants of an organization reads it.
  'DROP INDEX "role_grants_organization_index"',
  // An older program writes no such rows.
  `CREATE UNIQUE INDEX "api_keys_imported_hash_unique" ON "api_keys" ("hash") WHERE "source" = 'IMPORTED'`,
]

/** The statements of a migration that change what an older program works with. */
function changesOf(text: string): string[] {
  const parts = text
    .split('--> statement-breakpoint')
    .map((part) => part.replaceAll(/^--.*\n/gm, '').trim())
    .filter((part) => !isForTriggers(part))
  const statements = parts.flatMap((part) => part.split(/;\s*(?:\n|$)/)).map((statement) => statement.trim())
  const made = statements.flatMap((statement) => ADDITIONS[0]?.exec(statement)?.groups?.table ?? [])
  return statements.filter((statement) => {
    const [, table = ''] = /^(?:ALTER TABLE|INSERT INTO|CREATE UNIQUE INDEX "\w+" ON) "(\w+)"/.exec(statement) ?? []
    return (
      statement !== '' &&
      !HARMLESS.includes(statement) &&
      !made.includes(table) &&
      !ADDITIONS.some((addition) => addition.test(statement))
    )
  })
}

test('the oldest program that may run beside this one knows a migration that there is', () => {
  expect(names).toContain(OLDEST_PROGRAM)
})

test('the migrations after it only add', () => {
  const later = names.filter((name) => name > OLDEST_PROGRAM)

  const changes = later.map((name) => changesOf(readFileSync(new URL(`${name}/migration.sql`, MIGRATIONS), 'utf8')))

  expect(changes.flat()).toEqual([])
})

test.each([
  'DROP TABLE "users"',
  'ALTER TABLE "users" DROP COLUMN "email"',
  'ALTER TABLE "users" RENAME COLUMN "email" TO "address"',
  'ALTER TABLE "users" ADD COLUMN "email" text NOT NULL',
  'ALTER TABLE "users" ALTER COLUMN "email" SET NOT NULL',
  'CREATE UNIQUE INDEX "users_email" ON "users" ("email")',
  'ALTER TABLE "users" ADD CONSTRAINT "users_email" CHECK (email is not null)',
  'DROP INDEX "users_email"',
  'INSERT INTO "users" DEFAULT VALUES',
])('a migration that is not only an addition is noticed: %s', (statement) => {
  expect(changesOf(`CREATE TABLE "others" ("id" uuid);\n--> statement-breakpoint\n${statement};`)).toEqual([statement])
})
