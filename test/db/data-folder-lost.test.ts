// Runs on the embedded database.
// Runs with whole servers.
/** A data folder that lost its database, or can't be opened: the start is refused, and says what to do. */
import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { createStartedStore } from '../support/database.ts'
import { FIRST_COUNTS, readCounts } from '../support/first-start.ts'
import { createFolder, lookInto, runCommand, startProgram, usernameOf } from '../support/program.ts'
import { ROOT_KEY } from '../support/root-key.ts'

// Processes start slowly where many tests run beside this one.
vi.setConfig({ testTimeout: 120_000 })

type Environment = Record<string, string>

/** A data folder after the first start, and the paths in it. */
async function createStarted() {
  const { environment: store, remove } = await createStartedStore()
  onTestFinished(remove)
  const at = (path: string) => join(store.DATA_DIR ?? '', path)
  return { store, at }
}

/** A start that must be refused with one sentence; gives the sentence. */
async function refuseStart(store: Environment): Promise<string> {
  const { code, stdout, stderr } = await runCommand(['serve'], store)
  expect({ code, stdout }, stderr).toEqual({ code: 1, stdout: '' })
  expect(stderr).toMatch(/^chatelaine: DATA_DIR "[^\n]+\n$/)
  return stderr
}

/** Whether a start makes root, as the first one does. */
async function beginAgain(store: Environment): Promise<boolean> {
  const { code, stdout } = await runCommand(['migrate'], store)
  return code === 0 && stdout.includes('The key of root, shown this once')
}

describe('a data folder that lost its database', () => {
  test.each([
    ['PG_VERSION', (files: string) => rmSync(join(files, 'PG_VERSION'))],
    [
      'all files',
      (files: string) => {
        for (const name of readdirSync(files)) rmSync(join(files, name), { recursive: true })
      },
    ],
    ['the folder of the files', (files: string) => rmSync(files, { recursive: true })],
  ])('is not made again: without %s the start is refused, and nothing is written', async (_name, lose) => {
    const { store, at } = await createStarted()
    const id = readFileSync(at('database.id'), 'utf8').trim()
    lose(at('pglite'))

    const said = await refuseStart(store)

    expect(said).toContain(`the database ${id} that was kept in it is gone: restore a backup`)
    expect(existsSync(at('pglite/PG_VERSION'))).toBe(false)
  })

  test('begins with an empty database after its marker and its files were removed', async () => {
    const { store, at } = await createStarted()
    rmSync(at('pglite'), { recursive: true })
    await refuseStart(store)
    rmSync(at('database.id'))

    expect(await beginAgain(store)).toBe(true)
    expect(readFileSync(at('database.id'), 'utf8')).toMatch(/^\d+\n$/)
  })

  test('is refused without a marker too, if files are left', async () => {
    const { store, at } = await createStarted()
    rmSync(at('database.id'))
    rmSync(at('pglite/PG_VERSION'))

    expect(await refuseStart(store)).toContain('holds files, but no database')
  })
})

describe('the marker of a data folder', () => {
  test('is written by the next start where it is missing, and names the database that is there', async () => {
    const { store, at } = await createStarted()
    const id = readFileSync(at('database.id'), 'utf8')
    rmSync(at('database.id'))

    await lookInto(store, readCounts)

    expect(readFileSync(at('database.id'), 'utf8')).toBe(id)
  })

  test('refuses the files of another database, which stay as they are', async () => {
    const { store, at } = await createStarted()
    writeFileSync(at('database.id'), '7713106979632381994\n')

    expect(await refuseStart(store)).toMatch(/holds the database \d+, and database.id names 7713106979632381994:/)
    rmSync(at('database.id'))
    expect(await lookInto(store, readCounts)).toEqual(FIRST_COUNTS)
  })

  test('of a first start that was interrupted lets the next start begin again', async () => {
    const { store, at } = await createStarted()
    writeFileSync(at('database.id'), 'unfinished\n')
    rmSync(at('pglite/global/pg_control'))

    expect(await beginAgain(store)).toBe(true)
  })
})

describe('a data folder that can’t be opened', () => {
  test.each([
    ['damaged files', (files: string) => writeFileSync(join(files, 'global/pg_control'), ''), /files are damaged/],
    [
      'files of another version',
      (files: string) => writeFileSync(join(files, 'PG_VERSION'), '9\n'),
      /files are damaged/,
    ],
    [
      'a file in the place of its files',
      (files: string) => {
        renameSync(files, `${files}.old`)
        writeFileSync(files, '')
      },
      /pglite in it is not a folder/,
    ],
    [
      'a folder in the place of its lock',
      (files: string) => {
        rmSync(join(files, '../lock.sqlite'))
        mkdirSync(join(files, '../lock.sqlite'))
      },
      /lock.sqlite in it can’t be locked/,
    ],
  ])('because of %s is refused with one sentence and no stack trace', async (_name, damage, sentence) => {
    const { store, at } = await createStarted()
    damage(at('pglite'))

    expect(await refuseStart(store)).toMatch(sentence)
  })
})

/** A file system of this size, where this user may mount one. */
function mountSmall(megabytes: number): string | null {
  const folder = createFolder()
  try {
    execFileSync('/bin/mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder], { stdio: 'ignore' })
  } catch {
    return null
  }
  onTestFinished(() => {
    execFileSync('/bin/umount', [folder])
  })
  return folder
}

describe('a full disk', () => {
  test('stops the first start with a sentence that says so, and it succeeds when there is room', async ({ skip }) => {
    const folder = mountSmall(90)
    if (folder === null) return skip('This user may not mount a file system.')
    const store = { DATA_DIR: join(folder, 'data'), ROOT_API_KEY: ROOT_KEY }

    for (const leave of [0, 10]) {
      const free = fillUp(folder, leave)
      expect(await refuseStart(store)).toMatch(/: the disk is full \(\d+ MB are left\): free 100 MB or more, and start/)
      free()
    }

    expect(await beginAgain({ DATA_DIR: store.DATA_DIR })).toBe(true)
  })
})

/** Fills the file system but for so many megabytes; gives what frees it. */
function fillUp(folder: string, leave: number): () => void {
  const room = join(folder, 'room')
  const { bavail, bsize } = statfsSync(folder)
  writeFileSync(room, Buffer.alloc(bavail * bsize - leave * 1024 * 1024))
  return () => rmSync(room)
}

describe('the folders of sockets', () => {
  test('of servers that were killed are removed by the next start, and those of others are kept', async () => {
    const temporary = createFolder()
    const others = ['chatelaine-backup', 'chatelaine-abcdef', 'other-abcdef']
    for (const name of others) mkdirSync(join(temporary, name))
    writeFileSync(join(temporary, 'chatelaine-abcdef/notes.txt'), 'mine')
    const [first, second] = [await createStarted(), await createStarted()]
    const left = await startProgram({ ...first.store, TMPDIR: temporary })
    const [socketFolder = ''] = readdirSync(temporary).filter((name) => !others.includes(name))
    const running = await startProgram({ ...second.store, TMPDIR: temporary })
    expect(readdirSync(temporary)).toHaveLength(5)

    await left.stop('SIGKILL')
    const again = await startProgram({ ...first.store, TMPDIR: temporary, ROOT_API_KEY: ROOT_KEY })

    expect(socketFolder).toMatch(/^chatelaine-\w{6}$/)
    expect(readdirSync(temporary)).toHaveLength(5)
    expect(readdirSync(temporary)).not.toContain(socketFolder)
    expect(await usernameOf(again, ROOT_KEY)).toBe('root')
    await Promise.all([again.stop(), running.stop()])
    expect(readdirSync(temporary).sort()).toEqual(others.sort())
  })
})
