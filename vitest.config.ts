import { defineConfig } from 'vitest/config'

/**
 * What asks nothing of a database, or the same of any: beside PostgreSQL it runs once, unless there is time.
 */
const ONCE = process.env.CHATELAINE_LONG
  ? []
  : [
      'administrator-races',
      'advisories',
      'bad-input',
      'bad-input-check',
      'bad-input-credential',
      'bad-input-query',
      'check-access-edges',
      'check-access-input',
      'check-access-questions',
      'check-chain',
      'check-chain-ends',
      'check-chain-limits',
      'check-grantors',
      'check-grantors-levels',
      'check-mutation-input',
      'check-mutations',
      'check-near-misses',
      'check-past',
      'check-ways',
      'cli',
      'cli-commands',
      'cli-completion',
      'cli-exit',
      'cli-http',
      'cli-secrets',
      'config',
      'cors',
      'expiry',
      'graphiql',
      'guard-property',
      'guessing',
      'guessing-address',
      'guessing-crowd',
      'hidden-cursors',
      'hidden-lists',
      'hidden-roles',
      'http-hostile',
      'http-limits',
      'http-protocol',
      'missing-authority',
      'notification-program',
      'password',
      'password-change',
      'public-key',
      'quoted-input',
      'read-schema',
      'refusal-where',
      'replay',
      'revocation',
      'root-key',
      'session-end',
      'session-forged',
      'session-list',
      'sign-in-time',
      'statements',
      'stop',
      'two-credentials',
      'verify',
      'verify-session',
      'viewer-can',
    ]

/** The suite runs twice: on the embedded database and on a PostgreSQL server that it starts itself. */
const project = (name: string, exclude: string[] = []) => ({
  extends: true as const,
  test: {
    name,
    include: ['test/**/*.test.ts'],
    exclude: exclude.map((file) => `test/${file}.test.ts`),
    globalSetup: ['test/support/global-setup.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
})

export default defineConfig({
  // graphql has builds for several conditions; all who import it must get the same one.
  ssr: { resolve: { conditions: ['module-sync', 'node'] } },
  test: {
    projects: [project('pglite', ONCE), project('postgres')],
    pool: 'forks',
    maxWorkers: 2,
  },
})
