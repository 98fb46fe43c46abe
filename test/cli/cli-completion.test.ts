/** What shells offer for the word that is being typed. */
import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { change } from '../support/change.ts'
import { createFolder, runCommand } from '../support/program.ts'
import { ROOT_KEY } from '../support/root-key.ts'
import { createProject, createRole, createUser } from '../support/seed.ts'

const app = startApp()

app.world(async () => {
  for (const name of ['bob', 'bobby', 'carol']) await createUser(app, name)
  await change(app.root, 'updateUser', { user: 'bob', displayName: 'Bob\u001b[2J B.' })
  for (const code of ['apollo', 'apex', 'zeus']) await createProject(app, code)
  await createRole(app, 'EDITOR', ['doc.edit'])
  await change(app.root, 'createController', { name: 'gce1', type: 'gce' })
})

/** What is offered for the last of these words, by root unless other variables are given. */
async function offered(
  words: string[],
  variables: Record<string, string> = { CHATELAINE_URL: app.url, CHATELAINE_API_KEY: ROOT_KEY },
): Promise<string[]> {
  const { code, stdout, stderr } = await runCommand(['complete', '--', ...words], variables)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return stdout.split('\n').slice(0, -1)
}

/** The same without what is said about each. */
async function values(...words: string[]): Promise<string[]> {
  return (await offered(words)).map((line) => line.split('\t')[0] ?? '')
}

describe('completion offers', () => {
  test('commands, each with what it does, and flags', async () => {
    expect(await offered(['grant-'])).toEqual([
      'grant-roles\tGrants roles to a user.',
      'grant-controller-access\tRaises a user to a level on a controller.',
      'grant-model-access\tRaises a user to a level on a model.',
    ])
    expect(await values('grant-model-access', 'bob', '--a')).toEqual(['--access'])
    expect(await values('--url', 'http://127.0.0.1:1/graphql', 'users', '--fil')).toEqual(['--filter'])
    expect(await values('comp')).toEqual(['completion'])
  })

  test('names of users, roles, projects, controllers and permissions from the server', async () => {
    expect(await values('grant-roles', 'bo')).toEqual(['bob', 'bobby'])
    expect(await values('user', 'c')).toEqual(['carol'])
    expect(await values('project', 'ap')).toEqual(['apex', 'apollo'])
    expect(await values('update-role', 'ED')).toEqual(['EDITOR'])
    expect(await values('grant-controller-access', 'bob', '--controller', '')).toEqual(['gce1'])
    expect(await values('create-role', 'X', '--permissions', 'users.read', 'doc')).toEqual(['doc.edit'])
    expect(await values('why', 'bobb')).toEqual(['bobby'])
    expect(await values('can-i', 'wr')).toEqual(['write'])
    expect(await values('can-i', 'doc.edit', 'z')).toEqual(['zeus'])
    expect(await values('ensure', 'grant', 'bob', 'ED')).toEqual(['EDITOR'])
  })

  test('the parts of a value, and what fits them', async () => {
    expect(await values('grant-roles', 'bob', '--roles', 'ED')).toEqual(['EDITOR'])
    expect(await values('grant-roles', 'bob', '--roles', 'role=EDITOR,pro')).toEqual(['role=EDITOR,project='])
    expect(await values('grant-roles', 'bob', '--roles', 'role=EDITOR,project=z')).toEqual(['role=EDITOR,project=zeus'])
    expect(await values('users', '--filter', 'kind=')).toEqual(['kind=human', 'kind=service'])
  })

  test('the values of enums, of topics, shells and things to ensure', async () => {
    const levels = ['add_model', 'login', 'superuser']
    expect(await values('grant-controller-access', 'bob', '--access', '')).toEqual(levels)
    expect(await values('help', 'cred')).toEqual(['credentials'])
    expect(await values('completion', '')).toEqual(['bash', 'zsh', 'fish', 'powershell'])
    expect(await values('ensure', 'p')).toEqual(['project'])
    expect(await values('users', '-o', '')).toEqual(['table', 'wide', 'json', 'csv'])
  })

  test('no names for what is new, and no control characters', async () => {
    expect(await values('create-user', 'bo')).toEqual([])
    expect(await offered(['grant-roles', 'bob'])).toEqual(['bob\tBob�[2J B.', 'bobby'])
  })

  test('no names, and no error, where no server answers or the key is not valid', async () => {
    expect(await offered(['user', 'b'], { CHATELAINE_URL: 'http://127.0.0.1:1/graphql' })).toEqual([])
    expect(await offered(['user', 'b'], { CHATELAINE_URL: app.url, CHATELAINE_API_KEY: 'x' })).toEqual([])
    expect(await offered(['user', 'b'], {})).toEqual([])
  })

  test('profiles', async () => {
    const variables = { XDG_CONFIG_HOME: createFolder(), CHATELAINE_API_KEY: ROOT_KEY }
    await runCommand(['login', app.url, '--with-key', '--name', 'prod'], variables)

    expect(await offered(['use', ''], variables)).toEqual(['prod'])
    expect(await offered(['users', '--profile', 'p'], variables)).toEqual(['prod'])
  })
})

test('bash puts the values in place of what it takes for the word, after an equals sign', async () => {
  const { stdout } = await runCommand(['completion', 'bash'])
  const offer = (line: string, ...lines: string[]) => {
    const program = `chatelaine() { printf '%s\\n' ${lines.map((one) => `'${one}'`).join(' ')}; }`
    const asked = `COMP_LINE='${line}'; COMP_POINT=\${#COMP_LINE}; _chatelaine; printf '%s\\n' "\${COMPREPLY[@]}"`
    return execFileSync('bash', ['-c', `${program}\n${stdout}\n${asked}`], { encoding: 'utf8' })
      .trim()
      .split('\n')
  }

  expect(offer('chatelaine user b', 'bob\tBob B.', 'bobby')).toEqual(['bob', 'bobby'])
  expect(offer('chatelaine grant-roles bob --roles role=E', 'role=EDITOR\tEdits')).toEqual(['EDITOR'])
})

test('there is a script for each shell, and another shell is wrong usage', async () => {
  for (const [shell, word] of [
    ['bash', 'complete -o default'],
    ['zsh', '#compdef chatelaine'],
    ['fish', 'complete -c chatelaine'],
    ['powershell', 'Register-ArgumentCompleter'],
  ] as const) {
    expect((await runCommand(['completion', shell])).stdout).toContain(word)
  }
  const { code, stderr } = await runCommand(['completion', 'tcsh'])

  expect(code).toBe(2)
  expect(stderr).toBe('chatelaine: There is a completion for bash, zsh, fish, powershell, not for "tcsh".\n')
})
