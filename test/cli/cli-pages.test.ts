/** Lists on the command line: a command says how much of a list it shows, and can show all of it. */
import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { change } from '../support/change.ts'
import { type Ended, runCommand } from '../support/program.ts'
import { ROOT_KEY } from '../support/root-key.ts'
import { query } from '../support/rows.ts'
import { createUser } from '../support/seed.ts'

const app = startApp()

app.world(() =>
  query(
    app,
    sql`insert into projects (id, organization_id, code)
      select gen_random_uuid(), (select id from organizations where name = 'default'), 'p-' || lpad(n::text, 3, '0')
      from generate_series(1, 205) as n`,
  ),
)

/** Runs a command against the app, by root. */
function run(...args: string[]): Promise<Ended> {
  return runCommand(['--url', app.url, ...args], { CHATELAINE_API_KEY: ROOT_KEY })
}

/** The codes of the projects in a table. */
function codesIn(stdout: string): string[] {
  const [heads = '', ...rows] = stdout.trimEnd().split('\n')
  const at = heads.split(/ {2,}/).indexOf('CODE')
  return rows.map((row) => row.split(/ {2,}/)[at] ?? '')
}

/** The codes from this number to that one. */
function codes(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, index) => `p-${String(from + index).padStart(3, '0')}`)
}

describe('a list that is longer than a page', () => {
  test('says on standard error how many of how many are shown, and the cursor of the answer leads to the next ones', async () => {
    const first = await run('projects')
    const { endCursor } = JSON.parse((await run('projects', '--json')).stdout).data.projects.pageInfo
    const second = await run('projects', '--after', endCursor)

    expect(codesIn(first.stdout)).toEqual(codes(1, 20))
    expect({ code: first.code, stderr: first.stderr }).toEqual({ code: 0, stderr: '20 of 205 · --all for the rest\n' })
    expect(codesIn(second.stdout)).toEqual(codes(21, 40))
  })

  test('says it with --json too, and counts what the filter finds', async () => {
    const { stdout, stderr } = await run('projects', '--filter', 'code.startsWith=p-1', '--first', '30', '--json')

    expect(JSON.parse(stdout).data.projects.nodes).toHaveLength(30)
    expect(stderr).toBe('30 of 100 · --all for the rest\n')
  })

  test('says it for the last page, where nothing comes after it', async () => {
    const { stdout, stderr } = await run('projects', '--last', '5')

    expect(codesIn(stdout)).toEqual(codes(201, 205))
    expect(stderr).toBe('5 of 205 · --all for the rest\n')
  })

  test('is shown as a whole with --all, with a filter and as JSON too', async () => {
    const all = await run('projects', '--all')
    const some = await run('projects', '--all', '--filter', 'code.startsWith=p-1', '--json')

    expect({ code: all.code, stderr: all.stderr }).toEqual({ code: 0, stderr: '' })
    expect(codesIn(all.stdout)).toEqual(codes(1, 205))
    const { nodes, pageInfo } = JSON.parse(some.stdout).data.projects
    expect(nodes.map(({ code }: { code: string }) => code)).toEqual(codes(100, 199))
    expect(pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: false })
    expect(some.stderr).toBe('')
  })

  test.each(['first', 'last', 'after', 'before'])('takes --all or --%s, and not both', async (flag) => {
    const { code, stdout, stderr } = await run('projects', '--all', `--${flag}`, '5')

    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain('--all')
    expect(stderr).toContain(`--${flag}`)
  })
})

describe('a list that fits', () => {
  test('says nothing', async () => {
    expect(await run('users')).toMatchObject({ code: 0, stderr: '' })
    expect(await run('projects', '--filter', 'code.startsWith=none')).toMatchObject({ code: 0, stderr: '' })
  })
})

describe('a list in an answer', () => {
  test('says how much of it is shown', async () => {
    await createUser(app, 'bob')
    for (let index = 0; index < 20; index++) await change(app.root, 'createApiKey', { user: 'bob', label: `${index}` })

    const { code, stdout, stderr } = await run('user', 'bob')

    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: 'apiKeys: the first 20 are shown. The API gives more, with `first` and `after`.\n',
    })
    expect(stdout).not.toContain('hasNextPage')
  })

  test('says how many changes of a dry run are shown', async () => {
    await createUser(app, 'bob')
    const roles = codes(1, 25).flatMap((code) => ['--roles', `PROJECT_MANAGER,project=${code}`])

    const { stderr } = await run('grant-roles', 'bob', ...roles, '--dry-run')

    expect(stderr).toBe('accessDiff: 100 of 125 changes are shown.\nNothing was changed: this was a dry run.\n')
  })
})
