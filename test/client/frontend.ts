import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

const PACKAGES = fileURLToPath(new URL('../../node_modules', import.meta.url))

/** A frontend's folder with these files, for one test; it has the packages that this repository has. */
export function createFrontend(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'chatelaine-client-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  symlinkSync(PACKAGES, join(folder, 'node_modules'))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return folder
}

/** What an installed program says when it runs in this folder, and the status it ends with. */
export function runIn(folder: string, command: string, args: string[]): { status: number | null; output: string } {
  const { status, stdout, stderr, error } = spawnSync(join(PACKAGES, '.bin', command), args, {
    cwd: folder,
    encoding: 'utf8',
  })
  if (error) throw error
  return { status, output: stdout + stderr }
}
