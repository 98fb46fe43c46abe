/** The statements that a document tells operators to run, as psql would run them. */
import { readFileSync } from 'node:fs'
import pg from 'pg'

/** What the password of a document stands for. */
const PASSWORD_OF_DOCUMENT = '…'

/** The blocks of SQL under a heading of the second level. */
export function readBlocks(document: string, title: string): string[] {
  const text = readFileSync(new URL(`../../docs/${document}`, import.meta.url), 'utf8')
  const section = text.split(/^## /m).find((part) => part.startsWith(`${title}\n`)) ?? ''
  return [...section.matchAll(/^```sql\n(.*?)^```$/gms)].map(([, block = '']) => block)
}

/**
 * Runs a block as the administrator at this address, until `\c` signs in as another role. The password that the document
 * leaves out becomes the one given.
 */
export async function runBlock(block: string, adminUrl: string, password: string) {
  const url = new URL(adminUrl)
  // `\c database role` ends what runs on one connection.
  const [first = '', ...others] = block.split(/^\\c /m)
  await runOn(url, first, password)
  for (const part of others) {
    const [line = '', ...statements] = part.split('\n')
    const [database = '', role = ''] = line.split(' ')
    Object.assign(url, { pathname: `/${database}`, username: role, password })
    await runOn(url, statements.join('\n'), password)
  }
}

async function runOn(url: URL, statements: string, password: string) {
  const client = new pg.Client({ connectionString: url.href })
  await client.connect()
  try {
    // Each is sent alone: a database is not made in a transaction.
    for (const statement of statements.split(/;$/m).filter((text) => text.trim() !== ''))
      await client.query(statement.replaceAll(PASSWORD_OF_DOCUMENT, password))
  } finally {
    await client.end()
  }
}
