/** Migrates, bootstraps and fills an empty database, with the server's own code where it has any for it. */
import type pg from 'pg'
import { bootstrap } from '../../src/bootstrap.ts'
import { readConfig } from '../../src/config.ts'
import { type Database, openDatabase } from '../../src/db/database.ts'
import { migrate } from '../../src/db/migrate.ts'
import { openKeyring } from '../../src/encryption/open.ts'
import { createToken, hashToken, hintOf } from '../../src/entities/api-key/token.ts'
import { hashPassword } from '../../src/entities/password/hash.ts'
import { ENCRYPTION_KEY } from '../support/encryption-key.ts'
import { fillStatements, SET_PASSWORDS, WRITE_KEYS } from './fill-rows.ts'
import { idOf, KEY_KINDS, KINDS, ORGANIZATIONS, type World } from './world.ts'

const PASSWORD = 'four words of the benchmark'
/** How many keys one statement writes. */
const SLICE = 10_000

/** Fills the empty database at this address. */
export async function fillDatabase(url: string, users: number): Promise<World> {
  const config = readConfig({ DATABASE_URL: url, ENCRYPTION_KEY })
  const database = await openDatabase(config)
  try {
    await migrate(database)
    const { rootKey } = await bootstrap({ database, keyring: openKeyring(config) }, null)
    if (rootKey === null) throw new Error('The database of the benchmark is not empty.')
    return { rootKey, users, password: PASSWORD, ...(await fillTables(database, users)) }
  } finally {
    await database.close()
  }
}

async function fillTables(database: Database, users: number) {
  // This connection has no time limits.
  const client = await database.connectAlone()
  try {
    for (const statement of fillStatements(users)) await client.query(statement)
    const userKeys = await writeKeys(client, 'user', users)
    const administratorKeys = await writeKeys(client, 'administrator', ORGANIZATIONS)
    await client.query(SET_PASSWORDS, [await hashPassword(PASSWORD)])
    await client.query('vacuum analyze')
    return { userKeys, administratorKeys }
  } finally {
    await client.end()
  }
}

/** Makes a key for each user of a kind. The load presents the secrets; the database gets the hashes. */
async function writeKeys(client: pg.Client, kind: keyof typeof KEY_KINDS, count: number): Promise<string[]> {
  const secrets: string[] = []
  for (let first = 1; first <= count; first += SLICE) {
    const numbers = Array.from({ length: Math.min(SLICE, count - first + 1) }, (_, place) => first + place)
    const made = numbers.map((number) => createToken(idOf(KEY_KINDS[kind], number)))
    await client.query(WRITE_KEYS, [
      numbers.map((number) => idOf(KEY_KINDS[kind], number)),
      numbers.map((number) => idOf(KINDS[kind], number)),
      made.map(hintOf),
      made.map((secret) => hashToken(secret).toString('hex')),
    ])
    secrets.push(...made)
  }
  return secrets
}
