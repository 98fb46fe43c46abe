/** The commands that the schema defines: their help, their documents, and how they read values. */
import { readFileSync } from 'node:fs'
import { isObjectType, parse, validate } from 'graphql'
import { describe, expect, test } from 'vitest'
import { type CommandSpec, deriveCommands } from '../../src/cli/commands.ts'
import { documentOf } from '../../src/cli/document.ts'
import { TOPICS } from '../../src/cli/topics.ts'
import { schema } from '../../src/graphql/schema.ts'
import { startApp } from '../support/app.ts'
import { runCommand } from '../support/program.ts'
import { ROOT_KEY } from '../support/root-key.ts'
import { createUser } from '../support/seed.ts'

const app = startApp()
const commands = deriveCommands(schema)

/** Runs a command line; gives its exit code and what it wrote. */
function run(...args: string[]) {
  return runCommand(args, { CHATELAINE_API_KEY: ROOT_KEY })
}

/** Does one after the other. */
async function inTurn<T>(acts: (() => Promise<T>)[]): Promise<T[]> {
  const results: T[] = []
  for (const act of acts) results.push(await act())
  return results
}

/** Text without the line breaks and spaces that a help page puts in. */
function plain(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}

/** What help says of a flag with this description in the schema. */
function helpOf(flag: string, description: string): string {
  if (flag === 'if-exists') return 'FAIL or UPDATE: what happens where it exists already; UPDATE by default.'
  return description.replace('null removes', `--clear ${flag} removes`)
}

function rootFields(): string[] {
  return [schema.getQueryType(), schema.getMutationType()].flatMap((type) =>
    isObjectType(type) ? Object.keys(type.getFields()) : [],
  )
}

/** The arguments of a command's field: all of them, or the required ones. */
function argumentsOf({ field }: CommandSpec, which: 'all' | 'required'): Record<string, unknown> {
  const args = field.args.filter(({ type }) => which === 'all' || String(type).endsWith('!'))
  const needed = args.filter(({ name }) => which === 'all' || name !== 'dryRun')
  return Object.fromEntries(needed.map(({ name }) => [name, null]))
}

test('every field of Query and Mutation has one command', () => {
  const names = rootFields().map((name) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`))

  expect(commands.map(({ name }) => name).sort()).toEqual(names.sort())
  expect(names).toContain('create-service-user')
})

describe('help', () => {
  test('lists the topics, each in a line', async () => {
    const { code, stdout, stderr } = await run('--help')

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    for (const { name, summary } of TOPICS) expect(stdout).toMatch(new RegExp(`^  ${name} +${summary}$`, 'm'))
  })

  test('of a topic lists its commands, each with a sentence in its line', async () => {
    const { code, stdout, stderr } = await run('help', 'roles')

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout.split('\n').slice(0, 5)).toEqual([
      'roles: Roles, the permissions in them, and the users who hold them.',
      '',
      '  roles         The roles that the caller may see.',
      '  role          Returns a role by its name or id.',
      '  permissions   The permissions that a role can hold and the caller may see.',
    ])
  })

  test('of everything has each command once, in a topic, with a sentence', async () => {
    const { stdout } = await run('help', 'all')

    const listed = [...stdout.matchAll(/^ {2}(\S+) +(\S.*)$/gm)].map(([, name = '', text = '']) => ({ name, text }))
    const own = [
      ...['serve', 'migrate', 'backup', 'restore', 'move', 'rotate-signing-key', 'rotate-encryption-key'],
      ...[
        'export-audit',
        'import',
        'export',
        'can-i',
        'why',
        'who-can',
        'login',
        'use',
        'whoami',
        'logout',
        'ensure',
        'man',
        'open',
        'completion',
        'help',
      ],
    ]
    const expected = [...commands.map(({ name }) => name), ...own]
    expect(listed.map(({ name }) => name).sort()).toEqual(expected.sort())
    for (const { name, text } of listed) expect(text, name).toMatch(/^[A-Z].*[^.,;:]\.$/)
  })

  test('of a command is also what "help" prints of it, and what is unknown is wrong usage', async () => {
    const unknown = await run('help', 'shoes')

    expect((await run('help', 'grant-roles')).stdout).toBe((await run('grant-roles', '--help')).stdout)
    expect({ code: unknown.code, stdout: unknown.stdout }).toEqual({ code: 2, stdout: '' })
    expect(unknown.stderr).toMatch(
      /^chatelaine: There is no topic and no command "shoes"\. The topics are users, keys, /,
    )
  })

  test('has no line over 100 columns, and an example for each command', async () => {
    const { stdout } = await run('help', 'all')
    const names = [...stdout.matchAll(/^ {2}(\S+) /gm)].map(([, name = '']) => name)
    const pages = await inTurn(names.map((name) => async () => (await run(name, '--help')).stdout))

    const lines = [stdout, (await run('--help')).stdout, ...pages].flatMap((page) => page.split('\n'))
    expect(lines.filter((line) => line.length > 100)).toEqual([])
    for (const [index, name] of names.entries()) expect(pages[index]).toContain(`\nExample:\n  chatelaine ${name}`)
  })

  test('of a command shows its required values, and the values that an option takes', async () => {
    const { stdout } = await run('grant-controller-access', '--help')
    const users = await run('users', '--help')

    expect(plain(stdout)).toMatch(
      /^Usage: chatelaine grant-controller-access <user> --controller <value> --access <value>/,
    )
    expect(plain(stdout)).toContain('One of ADD_MODEL, LOGIN, SUPERUSER.')
    expect(plain(users.stdout)).toContain('email.startsWith=…, kind=HUMAN|SERVICE, createdAt.from=…')
  })

  test.each(commands.map((spec) => [spec.name, spec] as const))(
    'of %s describes the command and every flag',
    async (name, spec) => {
      const { code, stdout, stderr } = await run(name, '--help')

      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      const text = plain(stdout)
      expect(text).toMatch(new RegExp(`^Usage: chatelaine ${name} `))
      expect(spec.description).not.toBe('')
      expect(text).toContain(plain(spec.description))
      const { positional } = spec
      if (positional) expect(text).toMatch(new RegExp(`<${positional.name}(\\.\\.\\.)?>`))
      for (const { flag, description } of spec.parameters) {
        expect(stdout).toMatch(new RegExp(`^ +--${flag} `, 'm'))
        expect(description, flag).not.toBe('')
        expect(text, flag).toContain(plain(helpOf(flag, description)))
      }
    },
  )

  test.each(commands.filter(({ parameters }) => parameters.some(({ isSecret }) => isSecret)))(
    'of $name shows no value for a secret, and names its variable',
    async ({ name, parameters }) => {
      const { stdout } = await run(name, '--help')

      for (const { flag } of parameters.filter(({ isSecret }) => isSecret)) {
        // CHATELAINE_API_KEY is the key that asks.
        const asked = flag === 'api-key' ? 'asked-api-key' : flag
        const variable = `CHATELAINE_${asked.replaceAll('-', '_').toUpperCase()}`
        expect(stdout).toMatch(new RegExp(`^ +--${flag} +\\w`, 'm'))
        expect(plain(stdout)).toContain(`Asked for, or from ${variable}.`)
      }
      expect(stdout).not.toMatch(/--\S*(password|secret|token) </)
    },
  )

  test.each(commands.filter(({ operation }) => operation === 'mutation').map(({ name }) => name))(
    'of %s never says that the word null removes a value',
    async (name) => {
      const { stdout } = await run(name, '--help')

      const [, options = ''] = stdout.split('\nOptions:\n')
      expect(options).toContain('--help')
      expect(plain(options)).not.toMatch(/\bnull\b/i)
    },
  )

  test.each([
    ['update-user', 'display-name, email'],
    ['update-organization', 'title, max-key-ttl'],
    ['update-project', 'title'],
    ['update-role', 'title'],
    ['update-model', 'credential'],
  ])('of %s lists the values that --clear removes', async (name, values) => {
    const { stdout } = await run(name, '--help')

    expect(plain(stdout)).toContain(`--clear <names...> remove these values: ${values} -h`)
    for (const flag of values.split(', ')) expect(plain(stdout)).toContain(`--clear ${flag} removes`)
  })

  test('of create-service-user says what happens by default: UPDATE', async () => {
    const { stdout } = await run('create-service-user', '--help')

    expect(plain(stdout)).toContain(
      '--if-exists <value> FAIL or UPDATE: what happens where it exists already; UPDATE by default.',
    )
    expect(stdout).not.toContain('FAIL by default')
  })

  test('of create-service-user lists the flags of the command that it replaces', async () => {
    const { stdout } = await run('create-service-user', '--help')

    for (const flag of ['email', 'first-name', 'last-name', 'role']) {
      expect(stdout).toMatch(new RegExp(`^ +--${flag} <value(\\.\\.\\.)?> +\\S`, 'm'))
    }
  })
})

describe('--version', () => {
  test('prints the version of package.json', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))

    expect(await run('--version')).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: '' })
  })
})

describe('the document', () => {
  test.each(commands.map((spec) => [spec.name, spec] as const))(
    'of %s is valid with all arguments and with only the required ones',
    async (_name, spec) => {
      for (const which of ['all', 'required'] as const) {
        const source = documentOf(spec, argumentsOf(spec, which))

        expect(validate(schema, parse(source)), source).toEqual([])
        // No variables are given: that those needed are missing is all that is wrong with it.
        const needed = source.match(/\$\w+: \S+!(?=[,)])/g) ?? []
        const { errors } = await app.root.send(source)
        expect(
          errors.map(({ extensions }) => extensions.code),
          source,
        ).toEqual(needed.map(() => 'BAD_USER_INPUT'))
      }
    },
  )

  test('of every mutation asks for all fields of its errors', () => {
    for (const spec of commands.filter(({ operation }) => operation === 'mutation')) {
      const source = documentOf(spec, { input: {} })
      expect(source).toContain('__typename')
      expect(source).toContain('... on MutationError { code message }')
      expect(source).toContain('... on InvalidInputError { issues { path message } }')
    }
  })
})

describe('a value', () => {
  const grant = ['grant-roles', 'bob', '--roles']

  test.each([
    ['of an unknown key', [...grant, 'role=A,projekt=b'], /--roles knows no "projekt", but .*project/],
    ['of a key of every object', [...grant, 'A,constructor=x'], /--roles knows no "constructor"/],
    ['of a nested key that is unknown', ['users', '--filter', 'username.endsWith=b'], /--filter knows no "endsWith"/],
    ['that goes deeper than its type', ['users', '--filter', 'organization.name=b'], /--filter knows no "name"/],
    ['without an equals sign', [...grant, 'A,everywhere'], /"everywhere" is not key=value/],
    ['that is no number', ['users', '--first', 'ten'], /--first takes a whole number, not "ten"/],
    ['that is no whole number', ['users', '--first', '1.5'], /--first takes a whole number/],
    ['that is neither true nor false', [...grant, 'A,everywhere=yes'], /everywhere takes true or false, not "yes"/],
    ['that is neither, of a flag', ['create-user', 'x', '--is-admin', 'maybe'], /--is-admin takes true or false/],
    ['that no enum has', ['users', '--order-by', 'shoe-size'], /field takes CREATED_AT, USERNAME, not "shoe-size"/],
    ['to clear that does not exist', ['update-user', 'x', '--clear', 'shoeSize'], /shoeSize/],
  ])('%s is wrong usage, without a request to a server', async (_name, args, message) => {
    const { code, stdout, stderr } = await run('--url', 'http://127.0.0.1:1/graphql', ...args)

    expect({ code, stdout }, stderr).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(message)
  })

  test.each(['add-model', 'ADD_MODEL', 'Add_Model'])('of an enum can be written in any case: %s', async (access) => {
    const terms = ['--url', app.url, 'create-controller', 'gce1', '--type', 'gce']
    await run(...terms)
    await createUser(app, 'bob')

    const granted = await run(
      '--url',
      app.url,
      'grant-controller-access',
      'bob',
      '--controller=gce1',
      '--access',
      access,
    )

    expect({ code: granted.code, stderr: granted.stderr }).toEqual({ code: 0, stderr: '' })
    const { controller } = await app.root.ok('{ controller(name: "gce1") { holders(last: 1) { edges { level } } } }')
    expect(controller.holders.edges).toEqual([{ level: 'ADD_MODEL' }])
  })

  test('can contain equals signs, commas, and words that look like flags', async () => {
    const title = 'a=b, c --json'

    const { code, stdout } = await run('--url', app.url, '--json', 'create-project', 'apollo', `--title=${title}`)

    expect(code).toBe(0)
    expect(JSON.parse(stdout).data.createProject.project).toMatchObject({ code: 'apollo', title })
  })

  test('that is given several times is a list of all values', async () => {
    const made = await run(
      ...['--url', app.url, '--json', 'create-role', 'EDITOR', '--permissions', 'doc.read', 'doc.edit'],
      ...['--permissions', 'doc.write'],
    )

    const { permissions } = JSON.parse(made.stdout).data.createRole.role
    expect(permissions).toEqual(['doc.edit', 'doc.read', 'doc.write'].map((name) => ({ name })))
  })
})
