/** Secrets that come from files, as Docker, Kubernetes and systemd give them. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { readConfig } from '../src/config.ts'
import { ConfigError } from '../src/variables.ts'
import { createStartedStore } from './support/database.ts'
import { ENCRYPTION_KEY } from './support/encryption-key.ts'
import { createFolder, runCommand, startProgram, usernameOf } from './support/program.ts'
import { ROOT_KEY } from './support/root-key.ts'

// Processes start slowly where many tests run beside this one.
vi.setConfig({ testTimeout: 120_000 })

const SMTP_URL = 'smtp://user:hidden-password@mail.example.test:587'
const SECRETS = [
  ['DATABASE_URL', 'databaseUrl', 'postgres://user:hidden-password@db.test:5432/chatelaine'],
  ['ENCRYPTION_KEY', 'encryptionKey', ENCRYPTION_KEY],
  ['ROOT_API_KEY', 'rootApiKey', ROOT_KEY],
  ['SMTP_URL', 'smtpUrl', SMTP_URL],
] as const

/** A file with this text, which is removed when the test is finished. */
function createFile(text: string): string {
  const path = join(createFolder(), 'a-secret')
  writeFileSync(path, text)
  return path
}

describe.each(SECRETS)('%s', (name, key, value) => {
  const variable = `${name}_FILE`
  const read = (environment: Record<string, string>) =>
    readConfig({ MAIL_FROM: 'chatelaine@example.test', ...environment })

  test.each(['', '\n', '\r\n'])('is read from the file that is named, without one newline at its end: %j', (end) => {
    const path = createFile(value + end)

    expect(read({ [variable]: path })).toEqual(read({ [name]: value }))
    expect(read({ [variable]: path })).toMatchObject({ [key]: value })
  })

  test('is used as it is where the variable of the file is empty', () => {
    expect(read({ [variable]: '', [name]: value })).toEqual(read({ [name]: value }))
  })

  test('beside the variable of its file is refused in one sentence', () => {
    const path = createFile(value)

    expect(() => read({ [variable]: path, [name]: value })).toThrow(
      new ConfigError(`${name} and ${variable} are both set: set one of them.`),
    )
  })

  test.each([
    ['a missing file', () => join(createFolder(), 'none'), 'can’t be read (ENOENT)'],
    ['a folder', () => createFolder(), 'can’t be read (EISDIR)'],
    ['an empty file', () => createFile(''), 'is empty'],
    ['a file of one newline', () => createFile('\n'), 'is empty'],
  ])('is refused from %s in one sentence with the variable and the file', (_what, createPath, problem) => {
    const path = createPath()

    expect(() => read({ [variable]: path })).toThrow(
      new ConfigError(
        `${variable}: the file "${path}" ${problem}: it must hold the value of ${name}, and nothing else.`,
      ),
    )
  })
})

describe('a wrong value in a file', () => {
  test.each(SECRETS.map(([name]) => name))('of %s is not repeated', async (name) => {
    const path = createFile('short-hidden-secret  \n')

    const { code, stdout, stderr } = await runCommand(['migrate'], { DATA_DIR: createFolder(), [`${name}_FILE`]: path })

    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(new RegExp(`^chatelaine: ${name} [^\\n]+\\n$`))
    expect(stderr).not.toContain('hidden')
  })
})

test.runIf(process.getuid?.() !== 0)('a file that this user may not read is refused with its name', () => {
  const path = createFile(ROOT_KEY)
  chmodSync(path, 0)

  expect(() => readConfig({ ROOT_API_KEY_FILE: path })).toThrow(`ROOT_API_KEY_FILE: the file "${path}" can’t be read`)
})

test('a server and a command work with secrets from files alone', async () => {
  const { environment, remove } = await createStartedStore()
  onTestFinished(remove)
  const folder = join(createFolder(), 'secrets')
  mkdirSync(folder)
  const files = Object.entries({ ...environment, ROOT_API_KEY: ROOT_KEY }).map(([name, value]) => {
    writeFileSync(join(folder, name), `${value}\n`)
    return [`${name}_FILE`, join(folder, name)]
  })
  const fromFiles: Record<string, string> = Object.fromEntries(files)

  const program = await startProgram(fromFiles)
  const { code, stdout } = await runCommand(['users'], fromFiles)

  expect(await usernameOf(program, ROOT_KEY)).toBe('root')
  expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('root') })
  const said = await program.stop()
  for (const secret of [...Object.values(environment), ROOT_KEY]) {
    expect(said.stdout + said.stderr).not.toContain(secret)
  }
})
