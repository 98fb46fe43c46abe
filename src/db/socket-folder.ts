/** The folders of sockets, which only this operating system user can open. */

import { chmodSync, lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The name that PostgreSQL gives to the socket of port 5432, by which clients find it. */
export const DATABASE_SOCKET = '.s.PGSQL.5432'

/** A folder without a socket may belong to a server that is just starting. */
const LONGEST_START_MS = 60 * 60 * 1000

/** Makes a folder for sockets, which is removed when the process ends by itself. It is in the temporary folder, because the path of a socket must be short. */
export function makeSocketFolder(): { folder: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'chatelaine-'))
  chmodSync(folder, 0o700)
  const removeNow = () => rmSync(folder, { recursive: true, force: true })
  process.once('exit', removeNow)
  return {
    folder,
    remove() {
      removeNow()
      process.off('exit', removeNow)
    },
  }
}

/** Removes the folders of servers that were killed: nothing listens at their sockets any more. */
export async function removeLeftFolders() {
  const folders = readdirSync(tmpdir())
    .filter((name) => /^chatelaine-[A-Za-z0-9]{6}$/.test(name))
    .map((name) => join(tmpdir(), name))
  await Promise.all(
    folders.map(async (folder) => {
      if (await isLeft(folder).catch(() => false)) rmSync(folder, { recursive: true, force: true })
    }),
  )
}

async function isLeft(folder: string): Promise<boolean> {
  const stats = lstatSync(folder)
  // Everybody can make files in the temporary folder: only what belongs to this user is touched.
  if (!stats.isDirectory() || stats.uid !== process.getuid?.()) return false
  const names = readdirSync(folder)
  if (names.length === 0) return Date.now() - stats.mtimeMs > LONGEST_START_MS
  return names.includes(DATABASE_SOCKET) && !(await isAnswered(join(folder, DATABASE_SOCKET)))
}

/** Whether a process listens at the socket. */
function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'ECONNREFUSED'))
  })
}
