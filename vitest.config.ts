import { defineConfig } from 'vitest/config'

/** The whole suite runs twice: on the embedded database and on a PostgreSQL server that it starts itself. */
const project = (name: string) => ({
  extends: true as const,
  test: {
    name,
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
})

export default defineConfig({
  // graphql has builds for several conditions; all who import it must get the same one.
  ssr: { resolve: { conditions: ['module-sync', 'node'] } },
  test: {
    projects: [project('pglite'), project('postgres')],
    pool: 'forks',
    maxWorkers: 2,
  },
})
