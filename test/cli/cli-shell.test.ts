/** `man` and `open`: what else the program makes of its commands. */
import { parse, validate } from 'graphql'
import { describe, expect, test } from 'vitest'
import { deriveCommands } from '../../src/cli/commands.ts'
import { schema } from '../../src/graphql/schema.ts'
import { runCommand } from '../support/program.ts'

/** A dash that is a minus. */
function inRoff(name: string): string {
  return name.replaceAll('-', '\\-')
}

test('the manual page has every command with its options, and no line that is taken for a request', async () => {
  const { code, stdout } = await runCommand(['man'])

  expect(code).toBe(0)
  for (const { name, parameters } of deriveCommands(schema)) {
    const [, section = ''] = stdout.split(`\n.SS ${inRoff(name)} `)
    for (const { flag } of parameters) expect(section, name).toContain(`.B \\-\\-${inRoff(flag)}`)
  }
  const requests = new Set([...stdout.matchAll(/^[.'](\S*)/gm)].map(([, name = '']) => name))
  expect([...requests].sort()).toEqual(['B', 'EE', 'EX', 'I', 'PP', 'SH', 'SS', 'TH', 'TP'])
})

describe('open', () => {
  const open = (...args: string[]) => runCommand(['open', ...args, '--url', 'http://127.0.0.1:1/graphql'])

  test('prints the address of GraphiQL with the query of the command, and sends nothing', async () => {
    const { code, stdout } = await open('users', '--filter', 'username.startsWith=b', '--fields', 'username')

    const { origin, pathname, searchParams } = new URL(stdout)
    expect({ code, at: `${origin}${pathname}` }).toEqual({ code: 0, at: 'http://127.0.0.1:1/graphql' })
    expect(validate(schema, parse(searchParams.get('query') ?? ''))).toEqual([])
    expect(searchParams.get('query')).toContain('users(filter: $filter)')
    expect(JSON.parse(searchParams.get('variables') ?? '')).toEqual({ filter: { username: { startsWith: 'b' } } })
  })

  test('leaves out secrets, and asks for none', async () => {
    const { code, stdout } = await open('sign-in', 'bob')

    expect(code).toBe(0)
    expect(JSON.parse(new URL(stdout).searchParams.get('variables') ?? '')).toEqual({ input: { username: 'bob' } })
  })

  test.each([
    ['of the server, which it does not run', ['open', 'serve'], /unknown command 'serve'/],
    ['that is missing', ['open'], /missing required argument/],
    ['behind other options', ['--json', 'open', 'users'], /Write "open" first/],
    ['without a server', ['open', 'users'], /GraphiQL is a page of a server/],
  ])('of a command %s is wrong usage', async (_name, args, message) => {
    const { code, stdout, stderr } = await runCommand(args)

    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(message)
  })
})
