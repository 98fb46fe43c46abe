/**
 * A copy of the embedded database while a process has it. The process stops writing for as long as the files are copied: it
 * listens at a socket that only the same operating system user can open.
 */

import { once } from 'node:events'
import { constants, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { DataFolderError, filesIn, lockFolder } from './data-folder.ts'

/** Names the socket of the process that has the folder. */
const ADDRESS = 'copy.socket'
const PAUSED = 'paused'
const COPIED = 'copied'
const WHOLE = 'whole'

/** Requests wait meanwhile. */
const LONGEST_PAUSE_MS = 60_000

/** Runs a function while nothing is written to the database. */
export type Pause = (during: () => Promise<void>) => Promise<void>

/** Lets other processes copy the folder. Returns what ends that, after copies that are under way. */
export async function offerCopies(dataDir: string, socketFolder: string, pause: Pause): Promise<() => Promise<void>> {
  const path = join(socketFolder, 'copy')
  const running = new Set<Promise<void>>()
  const server = createServer((socket) => {
    socket.on('error', () => {})
    const copying = pause(() => holdFor(socket)).catch(() => {})
    running.add(copying)
    copying.finally(() => {
      running.delete(copying)
      socket.destroy()
    })
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve))
  server.unref()
  writeFileSync(join(dataDir, ADDRESS), path, { mode: 0o600 })
  return async () => {
    server.close()
    rmSync(join(dataDir, ADDRESS), { force: true })
    await Promise.all(running)
  }
}

/** Says that the copy can begin, and waits for its end. What the other process learns last is whether the pause lasted as long. */
function holdFor(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, LONGEST_PAUSE_MS)
    const end = () => {
      clearTimeout(timer)
      resolve()
    }
    socket.once('close', end)
    socket.once('data', () => socket.end(WHOLE, end))
    socket.write(PAUSED)
  })
}

/** A folder like DATA_DIR with a copy of the database. */
export interface FolderCopy {
  dataDir: string
  remove(): void
}

/**
 * Copies the database of a folder that another process has; null where that process does not let it be copied. The copy is
 * what a crash at that moment would leave: opened, it has every change that was saved.
 * @throws DataFolderError
 */
export async function copyFolder(dataDir: string): Promise<FolderCopy | null> {
  const socket = await reachOwner(dataDir)
  if (!socket) return null
  const copies = join(dataDir, 'copies')
  removeLeftCopies(copies)
  mkdirSync(copies, { recursive: true, mode: 0o700 })
  const copy = mkdtempSync(join(copies, 'copy-'))
  const remove = () => rmSync(copy, { recursive: true, force: true })
  try {
    const answers = createAnswers(socket)
    await answers.expect(PAUSED)
    // Where the file system can, the copy shares the blocks of the files and takes no time.
    await cp(filesIn(dataDir), filesIn(copy), { recursive: true, mode: constants.COPYFILE_FICLONE })
    socket.write(COPIED)
    await answers.expect(WHOLE)
    return { dataDir: copy, remove }
  } catch (error) {
    remove()
    throw explainCopy(dataDir, error)
  } finally {
    socket.destroy()
  }
}

function explainCopy(dataDir: string, error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ENOSPC') return new DataFolderError(dataDir, 'there is no room to copy the database.')
  return new DataFolderError(
    dataDir,
    `the database could not be copied while a process has it (${code ?? message}): repeat it.`,
  )
}

/** Connects to the process that has the folder; null where there is none that listens. */
function reachOwner(dataDir: string): Promise<Socket | null> {
  return new Promise((resolve) => {
    const path = readOrEmpty(join(dataDir, ADDRESS))
    if (path === '') return resolve(null)
    const socket = connect(path)
    socket.once('connect', () => resolve(socket))
    socket.on('error', () => resolve(null))
  })
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** Reads what the other process says, one word after the other. */
function createAnswers(socket: Socket) {
  let said = ''
  let isOver = false
  socket.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  socket.once('close', () => {
    isOver = true
  })
  return {
    /** @throws Error where the process ended, or waited no longer */
    async expect(word: string) {
      while (!said.startsWith(word)) {
        if (isOver) throw new Error('it went on')
        await Promise.race([once(socket, 'data'), once(socket, 'close')])
      }
      said = said.slice(word.length)
    },
  }
}

const LEFT_AFTER_MS = 60 * 60 * 1000

/** Removes the copies that killed commands left. */
function removeLeftCopies(copies: string) {
  for (const name of listOrNone(copies)) {
    const copy = join(copies, name)
    if (Date.now() - statSync(copy).mtimeMs < LEFT_AFTER_MS || isInUse(copy)) continue
    rmSync(copy, { recursive: true, force: true })
  }
}

function listOrNone(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function isInUse(copy: string): boolean {
  try {
    lockFolder(copy)()
    return false
  } catch {
    return true
  }
}
