import { globSync, readFileSync } from 'node:fs'
import { defineConfig } from 'vitest/config'

const EVERY = globSync('test/**/*.test.ts', { exclude: ['**/node_modules'] })
/** What starts, moves, kills and cuts off whole servers takes long, and is run by `npm run test:servers`. */
const SERVERS = EVERY.filter((file) => readFileSync(file, 'utf8').slice(0, 100).includes('// Runs with whole servers.'))
const suite = process.env.CHATELAINE_SUITE
const ALL = suite === undefined ? EVERY : EVERY.filter((file) => SERVERS.includes(file) === (suite === 'servers'))
const headed = (head: string) => ALL.filter((file) => readFileSync(file, 'utf8').startsWith(head))
/** What may differ from one database to the other says so at its head; everything else runs on PostgreSQL alone. */
const ON_BOTH = headed('// Runs on both databases.')
const ON_EMBEDDED = headed('// Runs on the embedded database.')
const ON_POSTGRES = ALL.filter((file) => !ON_EMBEDDED.includes(file))
const isLong = process.env.CHATELAINE_LONG !== undefined

/** The suite runs on a PostgreSQL server that it starts itself, and a part of it on the embedded database too. */
const project = (name: string, include: string[]) => ({
  extends: true as const,
  test: {
    name,
    include,
    globalSetup: ['test/support/global-setup.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
})

export default defineConfig({
  // graphql has builds for several conditions; all who import it must get the same one.
  ssr: { resolve: { conditions: ['module-sync', 'node'] } },
  test: {
    projects: [project('pglite', isLong ? ALL : [...ON_BOTH, ...ON_EMBEDDED]), project('postgres', ON_POSTGRES)],
    pool: 'forks',
    isolate: false,
    maxWorkers: 2,
    // Most of what a test makes is garbage soon: with more room for it, it is collected less often.
    execArgv: ['--min-semi-space-size=16', '--max-semi-space-size=64'],
  },
})
