import { defineConfig } from 'vitest/config'

/** What may differ from one database to the other; everything else runs on PostgreSQL alone, unless there is time. */
const ON_BOTH = [
  'access-changes',
  'api-key',
  'api-key-rotation',
  'api-key-use',
  'audit',
  'audit-list',
  'audit-refusals',
  'authority',
  'authorized-keys',
  'caller-races',
  'cli-keys',
  'client/client',
  'concurrency',
  'concurrent-ends',
  'concurrent-keys',
  'conventions',
  'credential',
  'data-folder',
  'documents/d0',
  'documents/d1',
  'documents/d2',
  'documents/d4',
  'dry-run',
  'effective-access',
  'embedded',
  'generated',
  'guard',
  'guard-keys',
  'holders',
  'last-administrator',
  'notification',
  'organization',
  'password-races',
  'password-set',
  'project',
  'races',
  'read-only',
  'read-only-waits',
  'read/every-field',
  'read/lint',
  'role',
  'role-expiry',
  'role-grant',
  'secrets',
  'session',
  'sign-in',
  'start',
  'user',
  'user-end',
  'user-suspension',
  'visibility',
]

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

const ALL = ['test/**/*.test.ts']

export default defineConfig({
  // graphql has builds for several conditions; all who import it must get the same one.
  ssr: { resolve: { conditions: ['module-sync', 'node'] } },
  test: {
    projects: [
      project('pglite', process.env.CHATELAINE_LONG ? ALL : ON_BOTH.map((file) => `test/${file}.test.ts`)),
      project('postgres', ALL),
    ],
    pool: 'forks',
    maxWorkers: 2,
  },
})
